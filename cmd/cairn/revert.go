package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"cairn/server/admin"
	"cairn/store"
)

type revertCmd struct {
	Account  string `arg:"" help:"Whose files."`
	Snapshot string `arg:"" help:"As 'cairn snapshot ACCOUNT --list' shows it."`
	Path     string `arg:"" optional:"" help:"Only this folder or file of it."`
	Yes      bool   `help:"Do not ask."`
}

// Help implements kong.HelpProvider.
func (*revertCmd) Help() string {
	return `Names, places, contents and times become again what they were. What was not there then
goes to the trash, and what a file held becomes an older version of it: so nothing is lost,
and nothing is copied. Exits with 1 if something had to be left as it is.`
}

// Run asks, and reverts. The store is let go of while it asks.
func (k *revertCmd) Run(c *cli, std streams) error {
	path, err := store.ParsePath(k.Path)
	if err != nil {
		return &said{fmt.Sprintf("%q is not a path", k.Path), nil}
	}
	var sn admin.Snapshot
	find := func(ctx context.Context, p admin.Past) error {
		list, err := p.Snapshots(ctx, k.Account)
		if err != nil {
			return accountError(k.Account, err)
		}
		sn, err = pickSnapshot(list, k.Account, k.Snapshot)
		return err
	}
	if err := withPast(c, find); err != nil {
		return err
	}
	if !k.Yes {
		what := "all files of " + k.Account
		if !path.IsRoot() {
			what = fmt.Sprintf("%s of %s", path, k.Account)
		}
		if err := std.confirm(fmt.Sprintf("Make %s what they were in %s, made %s?", what, sn.Name, sn.Created.Local().Format("2006-01-02 15:04:05"))); err != nil {
			return err
		}
	}
	return undoing(c, std, k.Account, func(ctx context.Context, p admin.Past) (admin.Undone, error) {
		did, err := p.Revert(ctx, k.Account, sn.ID, path)
		if errors.Is(err, store.ErrNotExist) {
			err = &said{fmt.Sprintf("the snapshot %s does not show %s, or is gone", sn.Name, shellQuote(k.Path)), nil}
		}
		return did, err
	})
}

type undoCmd struct {
	Account string `arg:"" help:"Whose files."`
	After   int64  `required:"" help:"The last change that is to stay: 'cairn snapshot ACCOUNT --list' shows that of each snapshot, the names in versions/ and trash/ of a mount end with the change that made them." placeholder:"CHANGE"`
	Upto    int64  `help:"The last change that is to be taken back; without it the newest." placeholder:"CHANGE"`
	Yes     bool   `help:"Do not ask."`
}

// Help implements kong.HelpProvider.
func (*undoCmd) Help() string {
	return `What was made by these changes goes to the trash; what was moved, deleted or overwritten is
as it was. What has been changed again after them is left as it is, and said: then it exits
with 1.`
}

// Run asks, and takes changes back.
func (k *undoCmd) Run(c *cli, std streams) error {
	if k.After < 0 || k.Upto < 0 || k.Upto > 0 && k.Upto <= k.After {
		return fmt.Errorf("no change is after %d and not after %d\n  hint: changes are numbered from 1 on", k.After, k.Upto)
	}
	if err := mustHave(c, k.Account); err != nil {
		return err
	}
	if !k.Yes {
		last := "the newest"
		if k.Upto > 0 {
			last = fmt.Sprint(k.Upto)
		}
		if err := std.confirm(fmt.Sprintf("Take the changes of %s from %d up to %s back?", k.Account, k.After+1, last)); err != nil {
			return err
		}
	}
	return undoing(c, std, k.Account, func(ctx context.Context, p admin.Past) (admin.Undone, error) {
		did, err := p.Undo(ctx, k.Account, k.After, k.Upto)
		if errors.Is(err, store.ErrHistory) {
			err = &said{fmt.Sprintf("nobody knows any more what the changes of %s from %d on were\n  hint: a later --after, or 'cairn revert' to a snapshot", k.Account, k.After+1), nil}
		} else if errors.Is(err, store.ErrNotExist) {
			err = accountError(k.Account, err)
		}
		return did, err
	})
}

// undoing does what brings the past back, tells what was done, and is an error if something
// was left as it is.
func undoing(c *cli, std streams, account string, do func(ctx context.Context, p admin.Past) (admin.Undone, error)) error {
	return withPast(c, func(ctx context.Context, p admin.Past) error {
		did, err := do(ctx, p)
		switch {
		case err != nil && ctx.Err() != nil:
			return &failure{130, errors.New("interrupted; what is put right stays so, and the same command goes on")}
		case errors.Is(err, store.ErrLocked):
			return &said{fmt.Sprintf("somebody has locked what would change: %v\n  hint: try again when they are done", err), nil}
		case errors.Is(err, store.ErrQuota):
			return &said{fmt.Sprintf("the quota does not allow it: %v\n  hint: 'cairn user quota' raises it", err), nil}
		case errors.Is(err, store.ErrUndoLimit):
			return &said{fmt.Sprintf("more than %d files and folders would change\n  hint: bring one folder back after the other", store.MaxUndo), nil}
		case err != nil:
			return err
		}
		tellUndone(std.out, account, did)
		if did.LeftOut > 0 {
			return errReported
		}
		return nil
	})
}

func tellUndone(w io.Writer, account string, did admin.Undone) {
	fmt.Fprintf(w, "%d put back where they were, %d written again, %d moved to the trash.\n", did.Placed, did.Written, did.Trashed)
	if did.To > did.From {
		defer fmt.Fprintf(w, "'cairn undo %s --after %d --upto %d' takes that back.\n", account, did.From, did.To)
	}
	if did.LeftOut == 0 {
		return
	}
	fmt.Fprintf(w, "%d left as it is:\n", did.LeftOut)
	for _, x := range did.Left {
		fmt.Fprintf(w, "  %s: %s\n", x.Name, x.Why)
	}
	if more := did.LeftOut - len(did.Left); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}
