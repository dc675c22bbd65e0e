package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"cairn/server/auth"
	"cairn/store"
)

// errReported means that everything has been said; only the exit code is left.
var errReported = errors.New("already reported")

// failure is an error with an exit code of its own, fully explained.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// explain adds a hint that an operator can act on to the errors that are theirs to
// solve. data is the data folder.
func explain(err error, data string) error {
	hint := ""
	switch {
	case errors.As(err, new(*failure)):
	case errors.Is(err, store.ErrInUse):
		hint = fmt.Sprintf("another cairn is using %s; stop it, or name another folder with --data", data)
	case errors.Is(err, store.ErrCorrupt):
		hint = "'cairn verify' says what is damaged, and what to do"
	case errors.Is(err, store.ErrTooNew):
		hint = "install the newer version again; this one does not touch what it cannot read"
	case errors.Is(err, store.ErrUnsafeFS):
		hint = "put the data folder on a local disk (ext4, xfs, btrfs, zfs); --unsafe-fs serves from here at your own risk"
	case errors.Is(err, store.ErrReadOnlyFS):
		hint = fmt.Sprintf("make %s writable for this user, or name another folder with --data", data)
	case errors.Is(err, store.ErrNoSpace), errors.Is(err, syscall.ENOSPC):
		hint = "free some space on the disk of " + data
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "another program has this port; choose one with --listen"
	case errors.Is(err, syscall.EACCES) && errors.As(err, new(*listenError)):
		hint = "ports below 1024 are for root; choose another with --listen"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = "this machine does not have that address; choose one with --listen"
	case errors.Is(err, auth.ErrPassword):
	case errors.Is(err, store.ErrName):
		hint = "a name has 1 to 64 of a-z, 0-9, '.', '_', '@' and '-'"
	case errors.Is(err, fs.ErrPermission):
		hint = "run cairn as the user who owns " + data
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w\n  hint: %s", err, hint)
}

// listenError is a failure to listen.
type listenError struct {
	address string
	err     error
}

func (e *listenError) Error() string { return fmt.Sprintf("listen on %s: %v", e.address, cause(e.err)) }
func (e *listenError) Unwrap() error { return e.err }

// cause is the system's own word, without the operation that it is wrapped in.
func cause(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
