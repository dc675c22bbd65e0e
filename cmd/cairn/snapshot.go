package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"cairn/server/admin"
	"cairn/store"

	"golang.org/x/text/unicode/norm"
)

type snapshotCmd struct {
	Account string `arg:"" help:"Whose files."`
	Name    string `arg:"" optional:"" help:"What to call it. Default: the time (UTC), as 2026-11-29T20-04-05Z, behind --prefix." placeholder:"NAME"`
	Prefix  string `help:"Put this before the time in its name." placeholder:"TEXT"`
	Keep    int    `help:"Then drop the oldest but N of those that are called --prefix and a time." placeholder:"N"`
	List    bool   `help:"List the snapshots of the account, newest first, and make none." xor:"what"`
	Drop    string `help:"Drop this snapshot, and make none." placeholder:"NAME" xor:"what"`
}

// Help implements kong.HelpProvider.
func (*snapshotCmd) Help() string {
	return `A snapshot keeps what an account has at one moment until it is dropped: it takes no time
and no space by itself, but what it shows stays on the disk whatever happens later.
'cairn mount' shows snapshots as folders, 'cairn revert' brings them back.

A line for cron that makes one each night and keeps the last 30:
 0 3 * * *  cairn --data /srv/cairn snapshot alice --prefix daily- --keep 30 >/dev/null`
}

// snapshotStamp is how the name of a snapshot tells when it was made: as names in a mount do.
const snapshotStamp = "2006-01-02T15-04-05Z"

// Run makes a snapshot, lists them, or drops one.
func (k *snapshotCmd) Run(c *cli, std streams) error {
	if err := k.check(); err != nil {
		return err
	}
	return withPast(c, func(ctx context.Context, p admin.Past) error {
		list, err := p.Snapshots(ctx, k.Account)
		if err != nil {
			return accountError(k.Account, err)
		}
		switch {
		case k.List:
			return tellSnapshots(std, list)
		case k.Drop != "":
			sn, err := pickSnapshot(list, k.Account, k.Drop)
			if err == nil {
				err = p.DropSnapshot(ctx, k.Account, sn.ID)
			}
			if err == nil {
				fmt.Fprintf(std.err, "snapshot %s of %s dropped\n", sn.Name, k.Account)
			}
			return err
		}
		return k.make(ctx, p, std)
	})
}

func (k *snapshotCmd) check() error {
	switch {
	case (k.List || k.Drop != "") && (k.Name != "" || k.Prefix != "" || k.Keep != 0):
		return errors.New("--list and --drop make no snapshot\n  hint: say nothing else with them")
	case k.Name != "" && (k.Prefix != "" || k.Keep != 0):
		return errors.New("--prefix and --keep are for snapshots that are called by their time\n  hint: leave the name out, or them")
	case k.Keep < 0 || k.Keep >= store.MaxSnapshots:
		return fmt.Errorf("--keep %d: out of range\n  hint: a number from 1 to %d", k.Keep, store.MaxSnapshots-1)
	}
	return nil
}

// make makes one, and drops those that are too many then. The first line of standard output
// is its name.
func (k *snapshotCmd) make(ctx context.Context, p admin.Past, std streams) error {
	name := k.Name
	if name == "" {
		name = k.Prefix + time.Now().UTC().Format(snapshotStamp)
	}
	sn, err := p.MakeSnapshot(ctx, k.Account, name)
	switch {
	case errors.Is(err, store.ErrExist):
		return &said{fmt.Sprintf("%s has a snapshot named %s already", k.Account, name), nil}
	case errors.Is(err, store.ErrName):
		return &said{fmt.Sprintf("%q cannot be the name of a snapshot\n  hint: what a folder may be called: at most %d bytes, no /", name, store.MaxNameBytes), nil}
	case errors.Is(err, store.ErrSnapshotLimit):
		return &said{fmt.Sprintf("%s has %d snapshots, and cannot have more\n  hint: 'cairn snapshot %s --list' shows them, --drop drops one, --keep keeps only the newest",
			k.Account, store.MaxSnapshots, k.Account), nil}
	case err != nil:
		return err
	}
	fmt.Fprintln(std.out, sn.Name)
	if k.Keep == 0 {
		return nil
	}
	list, err := p.Snapshots(ctx, k.Account)
	if err != nil {
		return err
	}
	for _, old := range tooMany(list, k.Prefix, k.Keep) {
		if err := p.DropSnapshot(ctx, k.Account, old.ID); err != nil && !errors.Is(err, store.ErrNotExist) {
			return fmt.Errorf("drop snapshot %s: %w", old.Name, err)
		}
		fmt.Fprintln(std.out, "dropped", old.Name)
	}
	return nil
}

// tooMany are those of a list, newest first, that are called prefix and a time, but the
// newest keep. What somebody has named is not among them.
func tooMany(list []admin.Snapshot, prefix string, keep int) (out []admin.Snapshot) {
	for _, sn := range list {
		at, ok := strings.CutPrefix(sn.Name, prefix)
		if _, err := time.Parse(snapshotStamp, at); !ok || err != nil {
			continue
		}
		if keep--; keep < 0 {
			out = append(out, sn)
		}
	}
	return out
}

func tellSnapshots(std streams, list []admin.Snapshot) error {
	w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tMADE\tCHANGE")
	for _, sn := range list {
		fmt.Fprintf(w, "%s\t%s\t%d\n", sn.Name, sn.Created.Local().Format("2006-01-02 15:04:05"), sn.Change)
	}
	return w.Flush()
}

// pickSnapshot finds one by its name, however the letters of that are written.
func pickSnapshot(list []admin.Snapshot, account, name string) (admin.Snapshot, error) {
	for _, sn := range list {
		if norm.NFC.String(sn.Name) == norm.NFC.String(name) {
			return sn, nil
		}
	}
	return admin.Snapshot{}, &said{fmt.Sprintf("%s has no snapshot named %s\n  hint: 'cairn snapshot %s --list' shows them", account, name, account), nil}
}

// withPast runs f on the snapshots of the data folder, or on those of the server that has it.
// SIGINT and SIGTERM end its context.
func withPast(c *cli, f func(ctx context.Context, p admin.Past) error) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	a, _, end, err := openAccounts(ctx, c, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	return f(ctx, a)
}
