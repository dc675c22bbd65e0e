package store

import (
	"context"
	"fmt"
	"regexp"

	"cairn/store/meta"
)

var accountName = regexp.MustCompile(`^[a-zA-Z0-9._@-]{1,64}$`)

// AddUser implements API. The account gets a space of its own.
func (s *Store) AddUser(ctx context.Context, name, password string, quota int64, admin bool) (User, error) {
	return s.addUser(ctx, name, password, quota, admin, false)
}

// AddFirstUser implements API.
func (s *Store) AddFirstUser(ctx context.Context, name, password string) (User, error) {
	return s.addUser(ctx, name, password, 0, true, true)
}

func (s *Store) addUser(ctx context.Context, name, password string, quota int64, admin, first bool) (u User, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		if first {
			if us, err := tx.Accounts(); err != nil || len(us) > 0 {
				return orExist(len(us) > 0, err)
			}
		}
		if !accountName.MatchString(name) || name == "." || name == ".." || quota < 0 {
			return ErrName
		}
		if _, ok, err := tx.AccountByName(name); err != nil || ok {
			return orExist(ok, err)
		}
		lastUser, lastSpace, _, err := tx.MaxIDs()
		if err != nil {
			return err
		}
		now := tx.Now().UTC()
		sp := meta.Space{ID: lastSpace + 1, Owner: lastUser + 1, Name: name, Quota: quota, Created: now}
		root := Node{ID: tx.NewNodeID(), Space: sp.ID, Kind: Folder, ModTime: now, Created: now, Author: sp.Owner}
		trash := root
		trash.ID = tx.NewNodeID()
		root.Name, trash.Name = root.ID.String(), trash.ID.String()
		sp.Root, sp.Trash = root.ID, trash.ID
		u = User{ID: sp.Owner, Name: name, Password: password, Admin: admin, Created: now, Epoch: 1, Space: sp.ID, Quota: quota}
		return tx.Apply(&meta.PutSpace{Space: sp},
			&meta.PutNode{Node: root, Key: root.Name, Fresh: true}, &meta.PutNode{Node: trash, Key: trash.Name, Fresh: true},
			&meta.PutAccount{User: u})
	})
	return u, fail("add user", Path(name), err)
}

func orExist(ok bool, err error) error {
	if err == nil && ok {
		return ErrExist
	}
	return err
}

// withUser commits a change to an account that exists.
func (s *Store) withUser(ctx context.Context, op string, id UserID, f func(tx *meta.Tx, u User) error) error {
	err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		u, ok, err := tx.Account(id)
		if err != nil {
			return err
		}
		if !ok {
			return ErrNotExist
		}
		return f(tx, u)
	})
	return fail(op, Path(fmt.Sprint(id)), err)
}

// SetPassword implements API. It ends what was signed in with the old one.
func (s *Store) SetPassword(ctx context.Context, id UserID, password string) error {
	return s.withUser(ctx, "set password", id, func(tx *meta.Tx, u User) error {
		u.Password = password
		u.Epoch++
		return tx.Apply(&meta.PutAccount{User: u})
	})
}

// SetQuota implements API.
func (s *Store) SetQuota(ctx context.Context, id UserID, quota int64) error {
	return s.withUser(ctx, "set quota", id, func(tx *meta.Tx, u User) error {
		sp, ok, err := tx.Space(u.Space)
		if err != nil {
			return err
		}
		if !ok || quota < 0 {
			return ErrName
		}
		sp.Quota = quota
		return tx.Apply(&meta.PutSpace{Space: sp})
	})
}

// RemoveUser implements API. Nothing shows the account's files any more; its number
// and theirs are not used again.
func (s *Store) RemoveUser(ctx context.Context, id UserID) error {
	return s.withUser(ctx, "remove user", id, func(tx *meta.Tx, u User) error {
		apps, err := tx.AppPasswords(id)
		if err != nil {
			return err
		}
		for _, a := range apps {
			if err := tx.Apply(&meta.DropAppPassword{ID: a.ID}); err != nil {
				return err
			}
		}
		sp, ok, err := tx.Space(u.Space)
		if err != nil {
			return err
		}
		if ok {
			sp.Removed = true
			if err := tx.Apply(&meta.PutSpace{Space: sp}); err != nil {
				return err
			}
			if err := tellRemoved(tx, sp); err != nil {
				return err
			}
		}
		u.Password = ""
		u.Epoch++
		return tx.Apply(&meta.PutAccount{User: u, Removed: true})
	})
}

// Users implements API.
func (s *Store) Users(ctx context.Context) (us []User, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		us, err = r.Accounts()
		return err
	})
	return us, fail("users", "", err)
}

// UserByName implements API.
func (s *Store) UserByName(ctx context.Context, name string) (u User, err error) {
	err = s.db.Look(ctx, func(r *meta.Reader) error { return found(&u)(r.AccountByName(name)) })
	return u, fail("user", Path(name), err)
}

// UserByID implements API.
func (s *Store) UserByID(ctx context.Context, id UserID) (u User, err error) {
	err = s.db.Look(ctx, func(r *meta.Reader) error { return found(&u)(r.Account(id)) })
	return u, fail("user", "", err)
}

// AppPasswordUser implements API.
func (s *Store) AppPasswordUser(ctx context.Context, hash [32]byte) (u User, err error) {
	err = s.db.Look(ctx, func(r *meta.Reader) error { return found(&u)(r.AccountByAppPassword(hash)) })
	return u, fail("app password", "", err)
}

func found[T any](dst *T) func(T, bool, error) error {
	return func(v T, ok bool, err error) error {
		if err == nil && !ok {
			err = ErrNotExist
		}
		*dst = v
		return err
	}
}

// AddAppPassword implements API.
func (s *Store) AddAppPassword(ctx context.Context, id UserID, label string, hash [32]byte) (a AppPassword, err error) {
	err = s.withUser(ctx, "add app password", id, func(tx *meta.Tx, u User) error {
		if len(label) > MaxNameBytes {
			return ErrName
		}
		_, _, last, err := tx.MaxIDs()
		if err != nil {
			return err
		}
		a = AppPassword{ID: last + 1, User: id, Label: label, Hash: hash, Created: tx.Now().UTC()}
		return tx.Apply(&meta.PutAppPassword{AppPassword: a})
	})
	return a, err
}

// AppPasswords implements API.
func (s *Store) AppPasswords(ctx context.Context, id UserID) (as []AppPassword, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		as, err = r.AppPasswords(id)
		return err
	})
	return as, fail("app passwords", "", err)
}

// RemoveAppPassword implements API.
func (s *Store) RemoveAppPassword(ctx context.Context, u UserID, id int64) error {
	return s.withUser(ctx, "remove app password", u, func(tx *meta.Tx, _ User) error {
		as, err := tx.AppPasswords(u)
		if err != nil {
			return err
		}
		for _, a := range as {
			if a.ID == id {
				return tx.Apply(&meta.DropAppPassword{ID: id})
			}
		}
		return ErrNotExist
	})
}
