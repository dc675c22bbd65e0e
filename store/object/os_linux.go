package object

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const iovMax = 1024 // IOV_MAX of Linux

// pieceMax bounds the bytes of one write. The kernel makes folios of the page cache as large
// as a write is, and those of megabytes come from memory that a virtual machine has just
// given back to its host: on one, 1 GiB took 3.8 s of processor time by writes of 1 to 4 MiB
// and 2.1 s by these (kernel 6.18, ext4).
const pieceMax = 256 << 10

func datasync(f *os.File) error {
	if err := control(f, unix.Fdatasync); err != nil {
		return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}

func allocate(f *os.File, off, n int64) error {
	if err := control(f, func(fd int) error { return unix.Fallocate(fd, 0, off, n) }); err != nil {
		return &os.PathError{Op: "fallocate", Path: f.Name(), Err: err}
	}
	return nil
}

// writeBack waits for nothing, so it does not see errors of earlier writes either: they
// are left for fdatasync to report.
func writeBack(f *os.File, off, n int64) error {
	err := control(f, func(fd int) error { return unix.SyncFileRange(fd, off, n, unix.SYNC_FILE_RANGE_WRITE) })
	if err != nil {
		return &os.PathError{Op: "sync_file_range", Path: f.Name(), Err: err}
	}
	return nil
}

func writevAt(f *os.File, bufs [][]byte, off int64) (int, error) {
	done := 0
	for len(bufs) > 0 {
		var n int
		err := control(f, func(fd int) (err error) {
			n, err = unix.Pwritev(fd, head(bufs, pieceMax), off+int64(done))
			return err
		})
		if err != nil {
			return done, &os.PathError{Op: "pwritev", Path: f.Name(), Err: err}
		}
		rest := skip(bufs, n)
		if n == 0 && len(rest) > 0 {
			return done, io.ErrShortWrite
		}
		bufs, done = rest, done+n
	}
	return done, nil
}

// head is what one call takes of bufs: n bytes at most. It copies the list rather than change
// the caller's.
func head(bufs [][]byte, n int) [][]byte {
	for i, b := range bufs[:min(len(bufs), iovMax)] {
		if len(b) > n {
			return append(bufs[:i:i], b[:n])
		}
		n -= len(b)
	}
	return bufs[:min(len(bufs), iovMax)]
}

// skip is bufs without its first n bytes and without empty buffers in front. It copies
// the list rather than change the caller's.
func skip(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if n == 0 || len(bufs) == 0 {
		return bufs
	}
	rest := append([][]byte(nil), bufs...)
	rest[0] = rest[0][n:]
	return rest
}

// Magic numbers of statfs(2).
var kinds = map[uint32]struct {
	name string
	safe bool
}{
	unix.EXT4_SUPER_MAGIC:      {"ext4", true},
	unix.XFS_SUPER_MAGIC:       {"xfs", true},
	unix.BTRFS_SUPER_MAGIC:     {"btrfs", true},
	unix.F2FS_SUPER_MAGIC:      {"f2fs", true},
	unix.OVERLAYFS_SUPER_MAGIC: {"overlay", true},
	0x2fc12fc1:                 {"zfs", true},
	0xca451a4e:                 {"bcachefs", true},
	unix.TMPFS_MAGIC:           {"tmpfs", false},
	unix.RAMFS_MAGIC:           {"ramfs", false},
	unix.NFS_SUPER_MAGIC:       {"nfs", false},
	unix.SMB_SUPER_MAGIC:       {"smb", false},
	unix.CIFS_SUPER_MAGIC:      {"cifs", false},
	unix.SMB2_SUPER_MAGIC:      {"smb2", false},
	unix.V9FS_MAGIC:            {"9p", false},
	unix.FUSE_SUPER_MAGIC:      {"fuse", false},
	unix.CEPH_SUPER_MAGIC:      {"ceph", false},
	unix.AFS_SUPER_MAGIC:       {"afs", false},
	unix.CODA_SUPER_MAGIC:      {"coda", false},
}

func (osFS) Kind(path string) (string, bool, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "", false, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	if k, ok := kinds[uint32(st.Type)]; ok {
		return k.name, k.safe, nil
	}
	return fmt.Sprintf("%#x", uint32(st.Type)), true, nil
}
