package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"cairn/server/admin"
	"cairn/store"
)

type appPasswordCmd struct {
	Add  appPasswordAddCmd  `cmd:"" help:"Make one and print it; it cannot be shown again."`
	List appPasswordListCmd `cmd:"" help:"List them."`
	Rm   appPasswordRmCmd   `cmd:"" help:"Take one back."`
}

type appPasswordAddCmd struct {
	Name  string `arg:"" help:"The account."`
	Label string `arg:"" optional:"" help:"What it is for: a device or a program."`
}

// Run prints the secret as the only line on standard output.
func (k *appPasswordAddCmd) Run(c *cli, std streams) error {
	return withAccounts(c, func(ctx context.Context, a admin.Accounts) error {
		secret, err := a.AddAppPassword(ctx, k.Name, k.Label)
		if err != nil {
			return accountError(k.Name, err)
		}
		std.tell(secret, true)
		return nil
	})
}

type appPasswordListCmd struct {
	Name string `arg:"" help:"The account."`
}

// Run prints a table.
func (k *appPasswordListCmd) Run(c *cli, std streams) error {
	return withAccounts(c, func(ctx context.Context, a admin.Accounts) error {
		list, err := a.AppPasswords(ctx, k.Name)
		if err != nil {
			return accountError(k.Name, err)
		}
		w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tMADE\tLABEL")
		for _, p := range list {
			fmt.Fprintf(w, "%d\t%s\t%s\n", p.ID, p.Created.Local().Format("2006-01-02"), p.Label)
		}
		return w.Flush()
	})
}

type appPasswordRmCmd struct {
	Name string `arg:"" help:"The account."`
	ID   int64  `arg:"" help:"As 'list' shows it."`
}

// Run removes one.
func (k *appPasswordRmCmd) Run(c *cli, std streams) error {
	return withAccounts(c, func(ctx context.Context, a admin.Accounts) error {
		if _, err := a.AppPasswords(ctx, k.Name); err != nil {
			return accountError(k.Name, err)
		}
		if err := a.RemoveAppPassword(ctx, k.Name, k.ID); err != nil {
			if errors.Is(err, store.ErrNotExist) {
				return &said{fmt.Sprintf("%s has no app password %d\n  hint: 'cairn user app-password list %s' shows their ids", k.Name, k.ID, k.Name), nil}
			}
			return fmt.Errorf("app password %d of %s: %w", k.ID, k.Name, err)
		}
		fmt.Fprintf(std.err, "app password %d of %s removed\n", k.ID, k.Name)
		return nil
	})
}
