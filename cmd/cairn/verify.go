package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"cairn/store"
)

type verifyCmd struct {
	Deep bool `help:"Also read, decode and hash every stored byte."`
}

// The exit codes of verify: 0 is clean, 1 problems were found, and this one.
const couldNotLook = 2

// interruptPatience is how long what was interrupted may take to end by itself.
const interruptPatience = time.Second

// Run verifies the store of a server that is not running. SIGINT ends it at once, or, if
// it waits for a disk, after a second; nothing stays behind.
func (k *verifyCmd) Run(c *cli, std streams) error {
	scratch, err := os.MkdirTemp("", "cairn-verify-")
	if err != nil {
		return &failure{couldNotLook, fmt.Errorf("%w\n  hint: name a folder for temporary files in TMPDIR", err)}
	}
	defer os.RemoveAll(scratch)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- k.verify(ctx, c, std, scratch, newProgress(std.err, "verify")) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop() // a second one ends the process
	select {
	case <-done:
	case <-time.After(interruptPatience):
	}
	return &failure{130, errReported}
}

func (k *verifyCmd) verify(ctx context.Context, c *cli, std streams, scratch string, line *progress) error {
	if state, err := lookAt(c.Data); err != nil {
		return &failure{couldNotLook, err}
	} else if state != folderStore {
		return &failure{couldNotLook, noStore(c.Data)}
	}
	begin := time.Now()
	o := store.VerifyOptions{Deep: k.Deep, Scratch: scratch,
		Progress: line.bytes}
	stats, err := store.Verify(ctx, store.Options{Dir: c.Data}, o, func(f store.Finding) {
		line.clear()
		fmt.Fprintln(std.out, f)
	})
	line.clear()
	switch {
	case errors.Is(err, store.ErrInUse):
		who := "a server"
		if pid := holder(c.Data); pid > 0 {
			who += fmt.Sprintf(" (process %d)", pid)
		}
		return &failure{couldNotLook, fmt.Errorf("%s is using %s\n  hint: stop the server first, then verify", who, c.Data)}
	case errors.Is(err, store.ErrNotExist):
		return &failure{couldNotLook, noStore(c.Data)}
	case errors.Is(err, store.ErrScratch):
		return &failure{couldNotLook, fmt.Errorf("%w\n  hint: verify needs twice the size of meta.db for a while; name a folder with more room in TMPDIR", err)}
	case err != nil:
		return &failure{couldNotLook, explain(err, c.Data)}
	}
	summary(std.out, stats, time.Since(begin), k.Deep)
	if stats.Problems > 0 {
		return errReported
	}
	return nil
}

// summary is the last line.
func summary(w io.Writer, s store.VerifyStats, took time.Duration, deep bool) {
	result := "no problem found"
	switch {
	case s.Problems == 1:
		result = "1 problem found"
	case s.Problems > 1:
		result = fmt.Sprintf("%d problems found", s.Problems)
	case !deep:
		result += " (contents not read: --deep does)"
	}
	fmt.Fprintf(w, "%s: %d files (%v), %d in the trash, %d folders, %d old versions, %d uploads, %d spaces; %d packs (%v), %d records; %d commits against %d rows in %.1f s; %.1f s in all\n",
		result, s.Files-s.Trashed, size(s.Bytes), s.Trashed, s.Folders, s.Versions, s.Uploads, s.Spaces,
		s.Packs, size(s.Stored), s.Records, s.Commits, s.Rows, s.Replay.Seconds(), took.Seconds())
}
