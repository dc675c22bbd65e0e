package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"cairn/server/admin"
	"cairn/server/mount"
	"cairn/store"
)

// How long the kernel may go on with names, sizes and times: a server may change them at
// any moment; without one nobody does.
const (
	keepServed = time.Second
	keepAlone  = time.Minute
)

// Run mounts until SIGINT, SIGTERM or an unmount.
func (k *mountCmd) Run(c *cli, std streams) (err error) {
	if err := k.check(c.Data); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(stop)
	go governMemory(ctx)
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o := mount.Options{User: k.User, AllowOther: k.AllowOther, Keep: keepAlone, Source: "cairn",
		Warn: func(err error) { log.Warn("a read failed", "error", err) }}
	from := "the store in " + c.Data
	var shown mount.Store
	st, _, err := openStore(ctx, store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS, VerifyReads: k.VerifyReads, Log: log}, false)
	switch {
	case err == nil:
		defer func() { err = errors.Join(err, st.Close()) }()
		local := mount.NewLocal(st)
		defer local.Close()
		shown = local
	case errors.Is(err, store.ErrInUse):
		b := admin.NewBrowser(c.Data)
		defer b.Close()
		if _, herr := b.Homes(ctx); herr != nil {
			return errors.Join(err, herr) // whoever has it is no server
		}
		shown, o.Keep, o.Waits, from = b, keepServed, true, "the server that has "+c.Data
	default:
		return err
	}
	m, err := mount.Start(ctx, k.Dir, shown, o)
	if errors.Is(err, store.ErrNotExist) && k.User != "" {
		return accountError(k.User, err)
	}
	if err != nil {
		return mountError(err)
	}
	fmt.Fprintf(std.out, "mounted at %s, from %s; 'umount %s' or Ctrl-C ends it\n", k.Dir, from, k.Dir)
	select {
	case <-stop:
	case <-m.Done():
	}
	go func() {
		<-stop
		os.Exit(1)
	}()
	return m.End()
}

// check refuses places where nothing can be mounted.
func (k *mountCmd) check(data string) error {
	info, err := os.Stat(k.Dir)
	switch {
	case errors.Is(err, syscall.ENOTCONN):
		return fmt.Errorf("%s is still mounted by a process that is gone\n  hint: umount %s, or fusermount3 -u %s", k.Dir, k.Dir, k.Dir)
	case err != nil:
		return fmt.Errorf("%w\n  hint: name a folder to mount at", err)
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder\n  hint: name a folder to mount at", k.Dir)
	}
	at, err := filepath.EvalSymlinks(k.Dir)
	if err != nil {
		return err
	}
	if data, err := filepath.EvalSymlinks(data); err == nil && strings.HasPrefix(data+"/", at+"/") {
		return fmt.Errorf("the data folder %s lies in %s\n  hint: name another folder to mount at", data, k.Dir)
	}
	return nil
}

// mountError tells what is missing.
func mountError(err error) error {
	hint := ""
	if _, serr := os.Stat("/dev/fuse"); serr != nil {
		hint = "this machine has no /dev/fuse: modprobe fuse"
	} else if os.Getuid() != 0 {
		hint = "who is not root needs fusermount3: apt-get install fuse3; --allow-other needs user_allow_other in /etc/fuse.conf"
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w\n  hint: %s", err, hint)
}
