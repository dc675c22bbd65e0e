package server

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// writeMore writes what will be followed by more at once, so that both leave together and
// wake their reader once. It returns how much was written; the rest is left to Write.
func writeMore(c syscall.Conn, p []byte) (n int, err error) {
	rc, err := c.SyscallConn()
	if err != nil {
		return 0, nil
	}
	err = rc.Write(func(fd uintptr) bool {
		for {
			var err error
			n, err = unix.SendmsgN(int(fd), p, nil, nil, unix.MSG_MORE|unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
			if !errors.Is(err, unix.EINTR) {
				n = max(n, 0)
				return true // an error, or that there is no room, is told by what follows, too
			}
		}
	})
	return n, err
}
