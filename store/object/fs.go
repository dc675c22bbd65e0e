// Package object is the seam between the store and the medium its packs lie on. Of
// all of store, only this package opens, writes or flushes files, so that a test can
// record, fail, delay or skip every such call (Recorder, Faults).
package object

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// The errors that callers tell apart. Those of an FS wrap one of them, or fs.ErrExist,
// fs.ErrNotExist or fs.ErrPermission where they mean that.
var (
	// ErrLocked: another process (or another Lock of this one) has the file.
	ErrLocked = errors.New("locked by another process")
	// ErrNoSpace: the disk, or the account's quota on it, is full.
	ErrNoSpace = errors.New("no space left on the device")
	// ErrReadOnly: the file system is mounted read-only.
	ErrReadOnly = errors.New("read-only file system")
)

// Entry is one name in a folder. Size is in bytes, 0 for a folder.
type Entry struct {
	Name string
	Size int64
	Dir  bool
}

// FS is a file system as the store uses one. Paths are in the form of path/filepath.
// All methods may be called concurrently. Nothing is durable before the Sync of the
// file and the SyncDir of the folder that holds its name have returned nil.
type FS interface {
	// Mkdir makes one folder, mode 0700. It is not durable: see MkdirAll.
	// fs.ErrExist, fs.ErrNotExist (the parent).
	Mkdir(path string) error
	// MkdirAll makes the missing folders of path, the outermost first, and syncs the
	// parent of each folder that it made. Folders that exist are left alone and not
	// synced.
	MkdirAll(path string) error
	// Open opens a file with os.O_* flags; a new one has mode 0600.
	Open(path string, flag int) (File, error)
	// Rename replaces what is at to. SyncDir makes it durable.
	Rename(from, to string) error
	// Remove deletes a file or an empty folder. SyncDir makes it durable.
	Remove(path string) error
	// ReadDir lists a folder by name.
	ReadDir(path string) ([]Entry, error)
	// ReadFile returns a whole file. For small ones.
	ReadFile(path string) ([]byte, error)
	// SyncDir returns when the names in a folder are on stable storage.
	SyncDir(path string) error
	// Lock takes the lock file at path for this process, making it if need be, until
	// the result is closed or the process ends. It never waits: ErrLocked.
	Lock(path string) (io.Closer, error)
	// Space is what this process may still write below path, and the size of the file
	// system, in bytes.
	Space(path string) (free, total int64, err error)
	// Kind names the file system that holds path ("ext4", "tmpfs", "nfs"; "0x…" if it
	// is not known). safe is false if it is volatile or reached over a network, where
	// a flush or a lock does not promise what the store needs.
	Kind(path string) (name string, safe bool, err error)
}

// File is an open file. ReadAt, WriteAt, WritevAt, Sync and Size may be called
// concurrently; Section moves the one position of the handle, so it belongs to one
// caller.
type File interface {
	io.ReaderAt
	io.WriterAt
	// WritevAt writes the buffers one behind the other from off on, by few system calls
	// where there is one, and returns the bytes written; less than all only with an
	// error.
	WritevAt(bufs [][]byte, off int64) (int, error)
	// Sync returns when the bytes and the size of the file are on stable storage
	// (fdatasync). After an error nothing is known of what was written since the last
	// Sync that returned nil, and another Sync does not tell.
	Sync() error
	Truncate(size int64) error
	// Allocate sets space aside for n bytes from off on, which is the end of the file, and
	// makes it so much longer. They read as zeros. Writing them later need not change
	// the size, which makes Sync cheaper. Nothing of it is durable before Sync. An error
	// that is errors.ErrUnsupported where there is no such call; ErrNoSpace. After an
	// error the file may have grown.
	Allocate(off, n int64) error
	// WriteBack begins to write out n bytes from off on, so that a later Sync has less
	// left to do. It promises nothing, takes no error from that Sync, and does nothing
	// but on Linux.
	WriteBack(off, n int64) error
	Size() (int64, error)
	// Section positions the handle at off and returns an *io.LimitedReader of n bytes
	// over the *os.File, which net.TCPConn.ReadFrom passes to sendfile. The next call
	// invalidates it: use one File for each transfer.
	Section(off, n int64) (io.Reader, error)
	Close() error
}

// WriteFileAtomic puts data at path so that a crash leaves the old content or the new
// one, and returns when the new one is durable. It uses path+".tmp": calls for one
// path must not overlap.
func WriteFileAtomic(fsys FS, path string, data []byte) error {
	tmp := path + ".tmp"
	if err := writeFile(fsys, tmp, data); err != nil {
		fsys.Remove(tmp)
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := fsys.Rename(tmp, path); err != nil {
		fsys.Remove(tmp)
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

func writeFile(fsys FS, path string, data []byte) error {
	f, err := fsys.Open(path, createFlags)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// mkdirAll is MkdirAll by the Mkdir and SyncDir of fsys, so that each layer of a
// wrapped FS sees every step.
func mkdirAll(fsys FS, path string) error {
	path = filepath.Clean(path)
	err := fsys.Mkdir(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
		if err = mkdirAll(fsys, filepath.Dir(path)); err != nil {
			return err
		}
		err = fsys.Mkdir(path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := fsys.SyncDir(filepath.Dir(path)); err != nil {
		fsys.Remove(path) // else the next call would take it for durable
		return err
	}
	return nil
}
