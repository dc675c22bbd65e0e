package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"syscall"

	"cairn/store"
)

type pruneCmd struct {
	Keep       keepFlags `embed:""`
	DryRun     bool      `help:"Only tell what would go."`
	TrustClock bool      `help:"Take the clock for right, though it has jumped, or nobody looked at it for a week."`
}

// Run prunes the store of a server that is not running. SIGINT ends it between two
// transactions; what went until then is gone.
func (k *pruneCmd) Run(c *cli, std streams) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelError}))
	// Without a retention of its own, the store prunes nothing by itself.
	st, _, err := openStore(ctx, store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS, Log: log}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	keep := k.Keep.retention()
	did, err := st.Prune(ctx, store.PruneOptions{Retention: &keep, DryRun: k.DryRun, TrustClock: k.TrustClock})
	if ctx.Err() != nil && err != nil {
		err = &failure{130, errors.New("interrupted; what was dropped until then is gone")}
	}
	tellPruned(std.out, did, k.DryRun)
	return err
}

func tellPruned(w io.Writer, did store.Pruned, dry bool) {
	words := "Dropped"
	if dry {
		words = "Would drop"
	}
	fmt.Fprintf(w, "%s %s and %s, %v in all.\n", words, several(did.Versions, "older version", "older versions"),
		several(did.Trashed, "entry of the trash", "entries of the trash"), size(did.Bytes))
	if did.Spaces > 0 {
		fmt.Fprintf(w, "With them all of %s.\n", several(did.Spaces, "account that was removed", "accounts that were removed"))
	}
	if did.Jumped {
		fmt.Fprint(w, "The clock has jumped, or nobody looked at it for a week: what there is counts as old from now on.\n  hint: if the clock is right, --trust-clock prunes what it makes old\n")
	}
}

func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
