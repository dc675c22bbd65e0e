package main

import (
	"context"
	"errors"

	"cairn/server/admin"
	"cairn/store"
)

// openAccounts reaches the accounts of the data folder: directly, or through the
// server that has it.
func openAccounts(ctx context.Context, c *cli) (a admin.Accounts, end func() error, err error) {
	st, err := store.Open(ctx, store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS})
	if errors.Is(err, store.ErrInUse) {
		return admin.NewClient(c.Data), func() error { return nil }, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return admin.Local{Store: st}, st.Close, nil
}

// withAccounts runs f on the accounts of the data folder.
func withAccounts(c *cli, f func(ctx context.Context, a admin.Accounts) error) (err error) {
	ctx := context.Background()
	a, end, err := openAccounts(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	return f(ctx, a)
}
