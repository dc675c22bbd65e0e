package store

import (
	"context"
	"slices"
	"time"

	"cairn/store/meta"

	"github.com/google/uuid"
)

// The bounds of locks.
const (
	MaxLockTime   = time.Hour
	MaxLocks      = 200 // of one user in one space
	MaxLockOwner  = 8 << 10
	minLockTime   = time.Second
	lockTokenHead = "urn:uuid:"
)

func lockTime(d time.Duration) time.Duration { return min(max(d, minLockTime), MaxLockTime) }

// Lock implements API.
func (s *Store) Lock(ctx context.Context, sc Scope, p Path, spec LockSpec) (lk Lock, created bool, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		lk, created, err = planLock(tx, sc, p, spec)
		return err
	})
	return lk, created, fail("lock", p, err)
}

func planLock(tx *meta.Tx, sc Scope, p Path, spec LockSpec) (lk Lock, created bool, err error) {
	if err := sc.need(MayWrite); err != nil {
		return lk, false, err
	}
	if len(spec.Owner) > MaxLockOwner {
		return lk, false, ErrPropsTooLarge
	}
	pl, err := target(&tx.Reader, sc, p)
	if err != nil {
		return lk, false, err
	}
	if err := spec.check(&tx.Reader, sc, tx.Now(), pl.nodeOrNil()); err != nil {
		return lk, false, err
	}
	ls, err := liveLocks(&tx.Reader, sc.Space, tx.Now())
	if err != nil {
		return lk, false, err
	}
	if err := ls.conflict(&tx.Reader, &pl, spec); err != nil {
		return lk, false, err
	}
	mine := 0
	for _, l := range ls {
		if l.User == sc.User {
			mine++
		}
	}
	if mine >= MaxLocks {
		return lk, false, ErrLockLimit
	}
	if !pl.exists {
		if err := ls.allowName(sc, spec.Tokens, &pl); err != nil {
			return lk, false, err
		}
	}
	if err := dropExpired(tx, sc.Space, ls); err != nil {
		return lk, false, err
	}
	made := !pl.exists
	if made { // an empty file, so that the name is held (RFC 4918, 7.3)
		if err := takeBack(tx, sc, &pl, 0); err != nil {
			return lk, false, err
		}
		w, err := writeFile(tx, sc, &pl, content{})
		if err != nil {
			return lk, false, err
		}
		pl.node = w.Node
	}
	now, d := tx.Now().UTC(), lockTime(spec.Timeout)
	lk = Lock{Token: lockTokenHead + uuid.NewString(), Space: sc.Space, Node: pl.node.ID, Infinite: spec.Infinite, Shared: spec.Shared,
		Owner: spec.Owner, User: sc.User, Created: now, Timeout: d, Expires: now.Add(d)}
	if u, ok, err := tx.Account(sc.User); err != nil {
		return lk, false, err
	} else if ok {
		lk.UserName = u.Name
	}
	return lk, made, tx.Apply(&meta.PutLock{Lock: lk})
}

// conflict finds the locks that a new one would contradict.
func (ls lockSet) conflict(r *meta.Reader, pl *place, spec LockSpec) error {
	against := func(locks []Lock, p Path) error {
		locks = slices.DeleteFunc(slices.Clone(locks), func(l Lock) bool { return l.Shared && spec.Shared })
		if len(locks) > 0 {
			return &LockedError{p, locks}
		}
		return nil
	}
	if err := against(ls.covering(pl.line(), pl.exists), pl.path); err != nil || !spec.Infinite || !pl.exists {
		return err
	}
	locks, err := ls.below(r, pl.node)
	if err != nil {
		return err
	}
	for _, l := range locks {
		if against([]Lock{l}, "") == nil {
			continue
		}
		p, _, err := pathFrom(r, pl.node, pl.path, l.Node)
		if err != nil {
			return err
		}
		return against([]Lock{l}, p)
	}
	return nil
}

// dropExpired forgets the locks of a space that are over.
func dropExpired(tx *meta.Tx, space SpaceID, live lockSet) error {
	all, err := tx.Locks(space)
	if err != nil {
		return err
	}
	for _, l := range all {
		if !slices.ContainsFunc(live, func(m Lock) bool { return m.Token == l.Token }) {
			if err := tx.Apply(&meta.DropLock{Token: l.Token}); err != nil {
				return err
			}
		}
	}
	return nil
}

// held finds the user's live lock with a token that covers p.
func held(tx *meta.Tx, sc Scope, p Path, token string) (Lock, bool, error) {
	pl, err := resolve(&tx.Reader, sc, p)
	if err != nil {
		return Lock{}, false, err
	}
	ls, err := liveLocks(&tx.Reader, sc.Space, tx.Now())
	if err != nil {
		return Lock{}, false, err
	}
	for _, l := range ls.covering(pl.line(), pl.exists) {
		if l.Token == token {
			if l.User != sc.User {
				return l, false, ErrPermission
			}
			return l, true, nil
		}
	}
	return Lock{}, false, nil
}

// Refresh implements API.
func (s *Store) Refresh(ctx context.Context, sc Scope, p Path, token string, timeout time.Duration) (lk Lock, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		var ok bool
		if lk, ok, err = held(tx, sc, p, token); err != nil {
			return err
		}
		if !ok {
			return ErrPrecondition
		}
		lk.Timeout = lockTime(timeout)
		lk.Expires = tx.Now().UTC().Add(lk.Timeout)
		return tx.Apply(&meta.PutLock{Lock: lk})
	})
	return lk, fail("refresh", p, err)
}

// Unlock implements API.
func (s *Store) Unlock(ctx context.Context, sc Scope, p Path, token string) error {
	err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		_, ok, err := held(tx, sc, p, token)
		if err != nil {
			return err
		}
		if !ok {
			return ErrNotExist
		}
		return tx.Apply(&meta.DropLock{Token: token})
	})
	return fail("unlock", p, err)
}

// Locks implements API.
func (s *Store) Locks(ctx context.Context, sc Scope, p Path) (locks []Lock, paths []Path, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		pl, err := find(r, sc, p)
		if err != nil {
			return err
		}
		ls, err := liveLocks(r, sc.Space, s.o.Clock())
		if err != nil {
			return err
		}
		locks = ls.covering(pl.line(), true)
		paths, err = lockRoots(r, pl.line(), p, locks)
		return err
	})
	return locks, paths, fail("locks", p, err)
}

// lockRoots are the paths of what locks are on that cover the last of a line, at p.
func lockRoots(r *meta.Reader, line []Node, p Path, locks []Lock) (paths []Path, err error) {
	for _, l := range locks {
		q, ok, err := pathFrom(r, line[0], Root, l.Node)
		if err != nil {
			return nil, err
		}
		if !ok {
			q = p
		}
		paths = append(paths, q)
	}
	return paths, nil
}

// ListLocks implements API.
func (s *Store) ListLocks(ctx context.Context, sc Scope, p Path) (out MemberLocks, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		pl, err := find(r, sc, p)
		if err != nil {
			return err
		}
		if !pl.node.IsFolder() {
			return ErrNotFolder
		}
		ls, err := liveLocks(r, sc.Space, s.o.Clock())
		if err != nil {
			return err
		}
		out = MemberLocks{All: ls.covering(pl.line(), false), On: map[NodeID][]Lock{}}
		for _, l := range ls {
			out.On[l.Node] = append(out.On[l.Node], l)
		}
		for _, n := range pl.line() {
			delete(out.On, n.ID)
		}
		out.Paths, err = lockRoots(r, pl.line(), p, out.All)
		return err
	})
	return out, fail("locks", p, err)
}
