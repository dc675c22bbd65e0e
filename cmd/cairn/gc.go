package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"cairn/server/admin"
	"cairn/store"
)

type gcCmd struct {
	Full   bool `help:"Also write packs anew of which only a twentieth is not needed."`
	DryRun bool `help:"Only say what would be given back."`
}

// Run collects in the data folder, or has the server do so that has it. SIGINT ends it
// where it is: what was given back until then stays so.
func (k *gcCmd) Run(c *cli, std streams) error {
	begin := time.Now()
	return keeping(c, std, "gc", func(ctx context.Context, keeper admin.Keeper, progress func(done, total int64)) error {
		got, err := keeper.GC(ctx, store.GCOptions{Full: k.Full, DryRun: k.DryRun, Progress: progress})
		if err == nil {
			k.report(std.out, got, time.Since(begin))
		}
		return err
	}, "what was given back stays so, and the next gc goes on")
}

func (k *gcCmd) report(w io.Writer, c store.Collected, took time.Duration) {
	b := c.Before
	fmt.Fprintf(w, "%v in %d packs, of which %v are needed.\n", size(b.Stored), b.Packs, size(b.Live))
	if k.DryRun {
		how := "gc"
		if k.Full {
			how = "gc --full"
		}
		fmt.Fprintf(w, "%s would give back %v.\n", how, size(b.Reclaimable))
		return
	}
	fmt.Fprintf(w, "%v given back: %d packs deleted, %d written anew", size(b.Stored-c.After.Stored), c.Dropped, c.Compacted)
	if c.Merged > 0 {
		fmt.Fprintf(w, ", %d put together", c.Merged)
	}
	if c.Left > 0 {
		fmt.Fprintf(w, ", %d left for the next time (in use, damaged, or no room)", c.Left)
	}
	fmt.Fprintf(w, "; %.1f s.\n", took.Seconds())
}
