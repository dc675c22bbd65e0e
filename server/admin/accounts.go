// Package admin manages accounts and their snapshots: on the store itself, or, while a server holds it,
// through the socket that the server keeps in the data folder.
package admin

import (
	"context"
	"fmt"
	"time"

	"cairn/server/auth"
	"cairn/store"
)

// Account is what an administrator sees of an account.
type Account struct {
	Name    string    `json:"name"`
	Admin   bool      `json:"admin"`
	Quota   int64     `json:"quota"` // bytes; 0 is unlimited
	Used    int64     `json:"used"`  // bytes of current content
	Created time.Time `json:"created"`
}

// AppPassword is a machine-made password, without its secret.
type AppPassword struct {
	ID      int64     `json:"id"`
	Label   string    `json:"label"`
	Created time.Time `json:"created"`
}

// Accounts are the operations on accounts, by name. Errors: store.ErrNotExist,
// store.ErrExist, store.ErrName, auth.ErrPassword. Safe for concurrent use; what
// returned without an error is on stable storage.
type Accounts interface {
	// Add makes an account with a quota in bytes (0: unlimited).
	Add(ctx context.Context, name, password string, quota int64, admin bool) (Account, error)
	// SetPassword also ends the account's sessions, at once. App passwords stay.
	SetPassword(ctx context.Context, name, password string) error
	SetQuota(ctx context.Context, name string, quota int64) error
	// Remove ends the account and its access to its files.
	Remove(ctx context.Context, name string) error
	List(ctx context.Context) ([]Account, error)
	// AddAppPassword makes a secret, which cannot be had again.
	AddAppPassword(ctx context.Context, name, label string) (secret string, err error)
	AppPasswords(ctx context.Context, name string) ([]AppPassword, error)
	RemoveAppPassword(ctx context.Context, name string, id int64) error
	Past
}

// Store is what Local needs of the store.
type Store interface {
	AddUser(ctx context.Context, name, password string, quota int64, admin bool) (store.User, error)
	SetPassword(ctx context.Context, u store.UserID, password string) error
	SetQuota(ctx context.Context, u store.UserID, quota int64) error
	RemoveUser(ctx context.Context, u store.UserID) error
	Users(ctx context.Context) ([]store.User, error)
	UserByName(ctx context.Context, name string) (store.User, error)
	AddAppPassword(ctx context.Context, u store.UserID, label string, hash [32]byte) (store.AppPassword, error)
	AppPasswords(ctx context.Context, u store.UserID) ([]store.AppPassword, error)
	RemoveAppPassword(ctx context.Context, u store.UserID, id int64) error

	Home(ctx context.Context, u store.UserID) (store.Scope, error)
	MakeSnapshot(ctx context.Context, sc store.Scope, name string) (store.Snapshot, error)
	Snapshots(ctx context.Context, sc store.Scope) ([]store.Snapshot, error)
	DropSnapshot(ctx context.Context, sc store.Scope, id store.SnapshotID) error
	Revert(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path, c store.Conditions) (store.Undone, error)
	Undo(ctx context.Context, sc store.Scope, from, to int64, c store.Conditions) (store.Undone, error)
}

// Local is Accounts on a store that this process has open.
type Local struct{ Store Store }

var _ Accounts = Local{}

// Add implements Accounts.
func (l Local) Add(ctx context.Context, name, password string, quota int64, admin bool) (Account, error) {
	hash, err := auth.Hash(password)
	if err != nil {
		return Account{}, err
	}
	u, err := l.Store.AddUser(ctx, name, hash, quota, admin)
	if err != nil {
		return Account{}, err
	}
	return account(u), nil
}

func account(u store.User) Account {
	return Account{Name: u.Name, Admin: u.Admin, Quota: u.Quota, Used: u.Used, Created: u.Created}
}

// SetPassword implements Accounts.
func (l Local) SetPassword(ctx context.Context, name, password string) error {
	u, err := l.Store.UserByName(ctx, name)
	if err != nil {
		return err
	}
	hash, err := auth.Hash(password)
	if err != nil {
		return err
	}
	return l.Store.SetPassword(ctx, u.ID, hash)
}

// SetQuota implements Accounts.
func (l Local) SetQuota(ctx context.Context, name string, quota int64) error {
	u, err := l.Store.UserByName(ctx, name)
	if err != nil {
		return err
	}
	return l.Store.SetQuota(ctx, u.ID, quota)
}

// Remove implements Accounts.
func (l Local) Remove(ctx context.Context, name string) error {
	u, err := l.Store.UserByName(ctx, name)
	if err != nil {
		return err
	}
	return l.Store.RemoveUser(ctx, u.ID)
}

// List implements Accounts.
func (l Local) List(ctx context.Context) ([]Account, error) {
	users, err := l.Store.Users(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Account, 0, len(users))
	for _, u := range users {
		list = append(list, account(u))
	}
	return list, nil
}

// AddAppPassword implements Accounts.
func (l Local) AddAppPassword(ctx context.Context, name, label string) (string, error) {
	if len(label) > maxLabelBytes {
		return "", fmt.Errorf("a label has at most %d bytes: %w", maxLabelBytes, store.ErrName)
	}
	u, err := l.Store.UserByName(ctx, name)
	if err != nil {
		return "", err
	}
	secret, hash := auth.NewAppPassword()
	if _, err := l.Store.AddAppPassword(ctx, u.ID, label, hash); err != nil {
		return "", err
	}
	return secret, nil
}

const maxLabelBytes = 200

// AppPasswords implements Accounts.
func (l Local) AppPasswords(ctx context.Context, name string) ([]AppPassword, error) {
	u, err := l.Store.UserByName(ctx, name)
	if err != nil {
		return nil, err
	}
	stored, err := l.Store.AppPasswords(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	list := make([]AppPassword, 0, len(stored))
	for _, a := range stored {
		list = append(list, AppPassword{a.ID, a.Label, a.Created})
	}
	return list, nil
}

// RemoveAppPassword implements Accounts.
func (l Local) RemoveAppPassword(ctx context.Context, name string, id int64) error {
	u, err := l.Store.UserByName(ctx, name)
	if err != nil {
		return err
	}
	return l.Store.RemoveAppPassword(ctx, u.ID, id)
}
