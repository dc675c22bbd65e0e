package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"cairn/server/admin"
	"cairn/store"
)

// ballast is what a command sets aside for deletions on a full disk, as a server does if
// nothing else is said.
const ballast = 64 << 20

// keeping does long work on the store in the data folder, or has the server do it that
// has the folder, with a line on the terminal that says how far it is. SIGINT ends it;
// stopped says what is left then.
func keeping(c *cli, std streams, what string, work func(ctx context.Context, k admin.Keeper, progress func(done, total int64)) error, stopped string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var k admin.Keeper
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, _, err := openStore(ctx, store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS, Ballast: ballast, Log: log}, false)
	switch {
	case errors.Is(err, store.ErrInUse):
		k = admin.NewClient(c.Data)
	case err != nil:
		return err
	default:
		defer func() { err = errors.Join(err, st.Close()) }()
		k = st
	}
	line := newProgress(std.err, what)
	err = work(ctx, k, line.bytes)
	line.clear()
	if ctx.Err() != nil && err != nil {
		return &failure{130, fmt.Errorf("stopped; %s", stopped)}
	}
	return err
}
