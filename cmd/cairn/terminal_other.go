//go:build !linux

package main

import (
	"errors"
	"os"
)

// Elsewhere a password is made, or comes by --password-stdin.
func isTerminal(*os.File) bool { return false }

func hideInput(*os.File) (show func(), err error) {
	return nil, errors.New("use --password-stdin")
}
