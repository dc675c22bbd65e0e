package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"cairn/server/admin"
	"cairn/store"
)

type userCmd struct {
	Add         userAddCmd     `cmd:"" help:"Add an account. Its password is asked for; without a terminal one is made and printed."`
	Passwd      userPasswdCmd  `cmd:"" help:"Set an account's password, and end its sessions."`
	List        userListCmd    `cmd:"" help:"List the accounts."`
	Rm          userRmCmd      `cmd:"" help:"Remove an account and its access to its files."`
	Quota       userQuotaCmd   `cmd:"" help:"Set how much an account may store; 0 is without limit."`
	AppPassword appPasswordCmd `cmd:"" help:"Passwords for one device or program each, which can be taken back one by one."`
}

type userAddCmd struct {
	Name          string `arg:"" help:"1 to 64 of a-z, 0-9, '.', '_', '@', '-'; case does not count."`
	Quota         size   `help:"How much it may store: 10GiB, 500M; 0 is without limit." placeholder:"SIZE"`
	Admin         bool   `help:"May manage other accounts."`
	PasswordStdin bool   `help:"Read the password from standard input: one line."`
}

// Run adds an account. A password that was made is the only line on standard output.
func (k *userAddCmd) Run(c *cli, std streams) (err error) {
	if k.Quota < 0 {
		return fmt.Errorf("--quota %d: less than nothing\n  hint: write it as 10GiB or 500M; 0 is without limit", int64(k.Quota))
	}
	switch state, err := lookAt(c.Data); {
	case err != nil:
		return err
	case state == folderStore: // before asking for a password
		if found, err := hasAccount(c, k.Name); err != nil {
			return err
		} else if found {
			return accountError(k.Name, store.ErrExist)
		}
	}
	password, generated, err := std.newPassword(k.PasswordStdin)
	if err != nil {
		return err
	}
	ctx := context.Background()
	a, made, end, err := openAccounts(ctx, c, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if made {
		fmt.Fprintf(std.err, "made a new data folder at %s\n", c.Data)
	}
	account, err := a.Add(ctx, k.Name, password, int64(k.Quota), k.Admin)
	if err != nil {
		return accountError(k.Name, err)
	}
	fmt.Fprintf(std.err, "account %s added\n", account.Name)
	std.tell(password, generated)
	return nil
}

type userPasswdCmd struct {
	Name          string `arg:""`
	PasswordStdin bool   `help:"Read the password from standard input: one line."`
}

// Run sets a password; its source is the same as in add.
func (k *userPasswdCmd) Run(c *cli, std streams) error {
	if err := mustHave(c, k.Name); err != nil {
		return err
	}
	password, made, err := std.newPassword(k.PasswordStdin)
	if err != nil {
		return err
	}
	return withAccounts(c, func(ctx context.Context, a admin.Accounts) error {
		if err := a.SetPassword(ctx, k.Name, password); err != nil {
			return accountError(k.Name, err)
		}
		fmt.Fprintf(std.err, "password of %s set\n", k.Name)
		std.tell(password, made)
		return nil
	})
}

type userListCmd struct{}

// Run prints a table.
func (*userListCmd) Run(c *cli, std streams) error {
	return withAccounts(c, func(ctx context.Context, a admin.Accounts) error {
		list, err := a.List(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tUSED\tQUOTA\tADMIN\tSINCE")
		for _, u := range list {
			quota, admin := "-", "-"
			if u.Quota > 0 {
				quota = formatSize(u.Quota)
			}
			if u.Admin {
				admin = "yes"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.Name, formatSize(u.Used), quota, admin, u.Created.Local().Format("2006-01-02"))
		}
		return w.Flush()
	})
}

type userRmCmd struct {
	Name string `arg:""`
	Yes  bool   `help:"Do not ask."`
}

// Run removes an account.
func (k *userRmCmd) Run(c *cli, std streams) error {
	if err := mustHave(c, k.Name); err != nil {
		return err
	}
	if !k.Yes {
		if err := std.confirm(fmt.Sprintf("Remove the account %s and its access to its files?", k.Name)); err != nil {
			return err
		}
	}
	return withAccounts(c, func(ctx context.Context, a admin.Accounts) error {
		if err := a.Remove(ctx, k.Name); err != nil {
			return accountError(k.Name, err)
		}
		fmt.Fprintf(std.err, "account %s removed\n", k.Name)
		return nil
	})
}

type userQuotaCmd struct {
	Name string `arg:""`
	Size size   `arg:"" help:"10GiB, 500M; 0 is without limit."`
}

// Run sets a quota.
func (k *userQuotaCmd) Run(c *cli, std streams) error {
	return withAccounts(c, func(ctx context.Context, a admin.Accounts) error {
		if err := a.SetQuota(ctx, k.Name, int64(k.Size)); err != nil {
			return accountError(k.Name, err)
		}
		fmt.Fprintf(std.err, "quota of %s set to %s\n", k.Name, k.Size)
		return nil
	})
}
