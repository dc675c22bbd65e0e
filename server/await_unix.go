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
		_, err := receive(fd, one[:], unix.MSG_PEEK)
		return !errors.Is(err, unix.EAGAIN)
	})
	return true
}

// readPresent reads what is there, which may be nothing, and does not wait for more.
func readPresent(rc syscall.RawConn, p []byte) (n int) {
	rc.Read(func(fd uintptr) bool {
		n, _ = receive(fd, p, 0)
		n = max(n, 0)
		return true
	})
	return n
}

func receive(fd uintptr, p []byte, flags int) (int, error) {
	for {
		n, _, err := unix.Recvfrom(int(fd), p, flags|unix.MSG_DONTWAIT)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
