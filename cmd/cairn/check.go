package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"cairn/store"
)

type checkCmd struct {
	Deep bool `help:"Read and hash every stored byte again."`
}

// Run checks the store of a server that is not running.
func (k *checkCmd) Run(c *cli, std streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	st, _, err := openStore(ctx, store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS}, false)
	if errors.Is(err, store.ErrInUse) {
		return &said{fmt.Sprintf("a server is using %s\n  hint: stop the server first", c.Data), nil}
	}
	if err != nil {
		return err
	}
	defer st.Close()
	wrong := 0
	stats, err := st.Check(ctx, store.CheckOptions{Deep: k.Deep}, func(path string, err error) {
		wrong++
		fmt.Fprintf(std.out, "%s: %v\n", path, err)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "looked at %d packs, %d files (%d bytes) in %d folders of %d spaces, %d old versions, %d uploads\n",
		stats.Packs, stats.Files, stats.Bytes, stats.Folders, stats.Spaces, stats.Versions, stats.Uploads)
	if wrong > 0 {
		fmt.Fprintf(std.out, "%d problems found\n", wrong)
		return errReported
	}
	fmt.Fprintln(std.out, "no problem found")
	return nil
}
