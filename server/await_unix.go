//go:build unix

package server

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// awaitBytes waits until a read of the connection would not: there are bytes, or its
// end, an error or its deadline has come. False if that cannot be told.
func awaitBytes(c syscall.Conn) bool {
	rc, err := c.SyscallConn()
	if err != nil {
		return false
	}
	var one [1]byte
	rc.Read(func(fd uintptr) bool { // an error is told by the read that follows, too
		for {
			_, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
			if !errors.Is(err, unix.EINTR) {
				return !errors.Is(err, unix.EAGAIN)
			}
		}
	})
	return true
}
