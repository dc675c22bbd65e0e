//go:build linux || darwin

package object

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func isNoSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

func isReadOnly(err error) bool { return errors.Is(err, unix.EROFS) }

func lock(f *os.File) error {
	err := control(f, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

func (osFS) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return wrap(err)
	}
	defer d.Close()
	return wrap(d.Sync())
}

func (osFS) Space(path string) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, 0, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil
}

// control runs call with f's descriptor, again for as long as a signal interrupts it.
func control(f *os.File, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var got error
	err = conn.Control(func(fd uintptr) {
		for {
			if got = call(int(fd)); !errors.Is(got, unix.EINTR) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return got
}
