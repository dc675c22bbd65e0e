//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
)

// keepPrivate makes what this process creates readable for nobody else, whatever the
// folder around it allows: SQLite makes its files 0644.
func keepPrivate() { syscall.Umask(0o077) }

// tighten closes the database files that an earlier version left open to others.
func tighten(dir string) error {
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			if err := os.Chmod(path, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}
