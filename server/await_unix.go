//go:build unix

package server

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// awaitBytes waits until a read of the connection would not: there are bytes, or its
// end or its deadline has come, or there is an error, which the system tells once. False
// if that cannot be told.
func awaitBytes(c syscall.Conn) (ok bool, err error) {
	rc, err := c.SyscallConn()
	if err != nil {
		return false, nil
	}
	var one [1]byte
	rc.Read(func(fd uintptr) bool { // its own error, as of a deadline, a later read has too
		_, err = receive(fd, one[:], unix.MSG_PEEK)
		return !errors.Is(err, unix.EAGAIN)
	})
	return true, lasting(err)
}

// readPresent reads what is there, which may be nothing, and does not wait for more.
func readPresent(rc syscall.RawConn, p []byte) (n int, err error) {
	rc.Read(func(fd uintptr) bool {
		n, err = receive(fd, p, 0)
		return true
	})
	return max(n, 0), lasting(err)
}

func receive(fd uintptr, p []byte, flags int) (int, error) {
	for {
		n, _, err := unix.Recvfrom(int(fd), p, flags|unix.MSG_DONTWAIT)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// lasting leaves out that there is nothing yet.
func lasting(err error) error {
	if errors.Is(err, unix.EAGAIN) {
		return nil
	}
	return err
}
