package store

import (
	"context"
	"time"

	"cairn/store/meta"
)

// MaxSessions is how many browsers one account may be signed in from.
const MaxSessions = 100

// AddSession implements API.
func (s *Store) AddSession(ctx context.Context, ses Session) error {
	return s.withUser(ctx, "add session", ses.User, func(tx *meta.Tx, u User) error {
		if u.Epoch != ses.Epoch { // the password was changed meanwhile
			return ErrNotExist
		}
		old, err := tx.Sessions(ses.User)
		if err != nil {
			return err
		}
		for len(old) >= MaxSessions {
			if err := tx.Apply(&meta.DropSession{Hash: old[0].Hash}); err != nil {
				return err
			}
			old = old[1:]
		}
		return tx.Apply(&meta.PutSession{Session: ses})
	})
}

// SessionUser implements API.
func (s *Store) SessionUser(ctx context.Context, hash [32]byte) (ses Session, u User, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		ses, u, err = liveSession(r, hash, s.o.Clock())
		return err
	})
	return ses, u, fail("session", "", err)
}

func liveSession(r *meta.Reader, hash [32]byte, now time.Time) (Session, User, error) {
	ses, ok, err := r.Session(hash)
	if err != nil {
		return ses, User{}, err
	}
	if !ok || !ses.Expires.After(now) {
		return ses, User{}, ErrNotExist
	}
	u, ok, err := r.Account(ses.User)
	if err == nil && (!ok || u.Epoch != ses.Epoch) {
		err = ErrNotExist
	}
	return ses, u, err
}

// RenewSession implements API.
func (s *Store) RenewSession(ctx context.Context, hash [32]byte, expires time.Time) error {
	err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		ses, _, err := liveSession(&tx.Reader, hash, tx.Now())
		if err != nil {
			return err
		}
		ses.Expires = expires.UTC()
		return tx.Apply(&meta.PutSession{Session: ses})
	})
	return fail("renew session", "", err)
}

// DropSession implements API.
func (s *Store) DropSession(ctx context.Context, hash [32]byte) error {
	err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		return tx.Apply(&meta.DropSession{Hash: hash})
	})
	return fail("drop session", "", err)
}

// DropSessions implements API.
func (s *Store) DropSessions(ctx context.Context, u UserID) error {
	return s.withUser(ctx, "drop sessions", u, func(tx *meta.Tx, _ User) error {
		all, err := tx.Sessions(u)
		if err != nil {
			return err
		}
		return dropAll(tx, all)
	})
}

func dropAll(tx *meta.Tx, all []Session) error {
	for _, ses := range all {
		if err := tx.Apply(&meta.DropSession{Hash: ses.Hash}); err != nil {
			return err
		}
	}
	return nil
}

// sweepSessions forgets sessions whose time is over.
func (s *Store) sweepSessions(ctx context.Context) error {
	for {
		var old []Session
		err := s.db.View(ctx, func(r *meta.Reader) (err error) {
			old, err = r.ExpiredSessions(s.o.Clock(), 100)
			return err
		})
		if err != nil || len(old) == 0 {
			return err
		}
		if err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error { return dropAll(tx, old) }); err != nil {
			return err
		}
	}
}
