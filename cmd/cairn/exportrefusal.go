package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// refusal is why the target does not take one file or folder.
type refusal struct{ why string }

func (r *refusal) Error() string { return r.why }

func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// dirError is a failure of the target as a whole.
type dirError struct {
	op  string
	err error
}

func (e *dirError) Error() string { return e.op + ": " + e.err.Error() }
func (e *dirError) Unwrap() error { return e.err }

func onDir(op string, err error) error {
	if err == nil {
		return nil
	}
	return &dirError{op, err}
}

// refusal tells what concerns one name only from what the target as a whole fails with.
func (t *target) refusal(err error) error {
	if errors.As(err, new(*refusal)) {
		return err
	}
	for _, whole := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.ENODEV, syscall.ENXIO,
		syscall.ESTALE, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, whole) {
			return &dirError{"write to", err}
		}
	}
	return refuse("this file system refuses it (%v)", cause(err))
}

// badName is refusal of what was tried with a name of the account's.
func (t *target) badName(err error) error {
	if err == nil || errors.As(err, new(*refusal)) {
		return err
	}
	if err := t.refusal(err); !errors.As(err, new(*refusal)) {
		return err
	}
	return refuse("this file system does not take the name (%v)", cause(err))
}

// kindOf is what a file that is no file is called.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return fmt.Sprintf("something of type %v", m.Type())
}
