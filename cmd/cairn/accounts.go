package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cairn/server/admin"
	"cairn/store"
)

// openAccounts reaches the accounts of the data folder: directly, or through the
// server that has it.
func openAccounts(ctx context.Context, c *cli, mayMake bool) (a admin.Accounts, made bool, end func() error, err error) {
	st, made, err := openStore(ctx, store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS}, mayMake)
	if errors.Is(err, store.ErrInUse) {
		return admin.NewClient(c.Data), false, func() error { return nil }, nil
	}
	if err != nil {
		return nil, false, nil, err
	}
	return admin.Local{Store: st}, made, st.Close, nil
}

// withAccounts runs f on the accounts of the data folder.
func withAccounts(c *cli, f func(ctx context.Context, a admin.Accounts) error) (err error) {
	ctx := context.Background()
	a, _, end, err := openAccounts(ctx, c, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	return f(ctx, a)
}

// hasAccount looks for an account, and lets go of the store again: whoever is asked a
// question next may take their time.
func hasAccount(c *cli, name string) (found bool, err error) {
	err = withAccounts(c, func(ctx context.Context, a admin.Accounts) error {
		list, err := a.List(ctx)
		for _, u := range list {
			found = found || strings.EqualFold(u.Name, name)
		}
		return err
	})
	return found, err
}

// mustHave is an error unless there is the account.
func mustHave(c *cli, name string) error {
	found, err := hasAccount(c, name)
	if err == nil && !found {
		err = accountError(name, store.ErrNotExist)
	}
	return err
}

// said is an error in words for people, that still is what it was.
type said struct {
	text string
	err  error
}

func (e *said) Error() string { return e.text }
func (e *said) Unwrap() error { return e.err }

// accountError says what is wrong with the account that somebody named.
func accountError(name string, err error) error {
	switch {
	case errors.Is(err, store.ErrNotExist):
		return &said{"no account named " + name, err}
	case errors.Is(err, store.ErrExist):
		return &said{fmt.Sprintf("account %s: the name is taken", name), err}
	case errors.Is(err, store.ErrName):
		return &said{fmt.Sprintf("%q cannot be the name of an account", name), err}
	}
	return fmt.Errorf("account %s: %w", name, err)
}
