package object

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func datasync(f *os.File) error { return f.Sync() } // F_FULLFSYNC

func allocate(*os.File, int64, int64) error { return errors.ErrUnsupported }

func writeBack(*os.File, int64, int64) error { return nil }

func writevAt(f *os.File, bufs [][]byte, off int64) (int, error) { return writeEach(f, bufs, off) }

func (osFS) Kind(path string) (string, bool, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "", false, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	name := unix.ByteSliceToString(st.Fstypename[:])
	switch name {
	case "nfs", "smbfs", "webdav", "afpfs", "macfuse", "osxfuse", "tmpfs":
		return name, false, nil
	}
	return name, true, nil
}
