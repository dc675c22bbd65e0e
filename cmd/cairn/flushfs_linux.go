package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// flushFS writes what its file system still holds in memory to the disk, and reports
// what failed to be written since the folder was opened.
func flushFS(dir *os.Root) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return os.NewSyscallError("syncfs", unix.Syncfs(int(f.Fd())))
}
