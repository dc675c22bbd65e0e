package main

import (
	"context"
	"fmt"
	"log/slog"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"cairn/server/admin"
	"cairn/store"
)

type backupCmd struct {
	To string `arg:"" help:"Folder that holds the backups of this store, each in a folder of its own." type:"path" placeholder:"DIR"`
}

// Run makes a backup, or has the server make it that has the data folder.
func (k *backupCmd) Run(c *cli, std streams) error {
	to, err := filepath.Abs(k.To)
	if err != nil {
		return err
	}
	begin := time.Now()
	return keeping(c, std, "backup", func(ctx context.Context, keeper admin.Keeper, progress func(done, total int64)) error {
		got, err := keeper.Backup(ctx, store.BackupOptions{Dir: to, Progress: progress})
		if err == nil {
			fmt.Fprintf(std.out, "%s: %v in %d packs; %v in %d of them are new; %.1f s.\n", got.Path, size(got.Bytes), got.Packs,
				size(got.Copied), got.New, time.Since(begin).Seconds())
		}
		for _, name := range got.Damaged {
			fmt.Fprintf(std.out, "%s: it could not be read to its end, and is in the backup as far as it could; 'cairn verify' tells which files that concerns\n", name)
		}
		if err == nil && len(got.Damaged) > 0 {
			return errReported
		}
		return err
	}, "the backups that were there are as they were")
}

type restoreCmd struct {
	From string `arg:"" help:"A backup, or the folder of several: then the newest." type:"path" placeholder:"DIR"`
}

// Run makes a data folder of a backup.
func (k *restoreCmd) Run(c *cli, std streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	begin := time.Now()
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	line := newProgress(std.err, "restore")
	_, err := store.RestoreBackup(ctx, k.From, store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS, Log: log, Progress: line.bytes}, line.bytes)
	line.clear()
	if ctx.Err() != nil && err != nil {
		return &failure{130, fmt.Errorf("stopped; there is no store in %s yet", c.Data)}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "The store is in %s now, made from %s in %.1f s. 'cairn verify --deep' reads all of it.\n", c.Data, k.From, time.Since(begin).Seconds())
	return nil
}
