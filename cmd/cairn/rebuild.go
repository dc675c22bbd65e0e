package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"cairn/store"
)

type rebuildCmd struct{}

// Run makes the database of a store that is not being served from its packs. There is no
// stopping it half-way: a folder without a database gets one at the next start.
func (*rebuildCmd) Run(c *cli, std streams) error {
	if state, err := lookAt(c.Data); err != nil {
		return err
	} else if state != folderStore {
		return noStore(c.Data)
	}
	begin := time.Now()
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	line := newProgress(std.err, "rebuild")
	done, err := store.Rebuild(context.Background(), store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS, Log: log, Progress: line.bytes})
	line.clear()
	if err != nil {
		return err
	}
	from := "all"
	if done.After > 0 {
		from = fmt.Sprintf("a checkpoint of the first %d and", done.After)
	}
	fmt.Fprintf(std.out, "The database is made again, from %s %d commits, in %.1f s.\n", from, done.Commits, time.Since(begin).Seconds())
	if done.Old != "" {
		fmt.Fprintf(std.out, "The old one is %s in %s; delete it when all is well.\n", done.Old, c.Data)
	}
	return nil
}
