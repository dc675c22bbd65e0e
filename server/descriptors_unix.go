//go:build unix

package server

import "syscall"

// descriptors is how many files and sockets this process may have open. Package os
// has raised the soft limit to the hard one at the start.
func descriptors() uint64 {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) != nil {
		return 1024
	}
	return uint64(r.Cur)
}
