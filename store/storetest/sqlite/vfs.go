// Package sqlite runs the database of the store on an object.FS, so that a test can
// crash or fail its calls together with those of the packs. The product's driver takes
// no file system of ours; this one does, and is linked into tests only.
package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"cairn/store/object"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Process is one process that has databases open on a file system. The database, its
// journal and its write-ahead log are files there; the index of the log, which no crash
// survives, is a file of this machine below tmp, since that is what the driver maps.
type Process struct {
	fs   object.FS
	name string
	tmp  string

	mu    sync.Mutex
	files map[string]*shared
}

var processes atomic.Int64

// NewProcess begins one. tmp is a folder for the index, best on a file system in
// memory. Close it when all connections are closed.
func NewProcess(fsys object.FS, tmp string) *Process {
	p := &Process{fs: fsys, name: fmt.Sprintf("twin%d", processes.Add(1)), tmp: tmp, files: map[string]*shared{}}
	vfs.Register(p.name, p)
	return p
}

// Close ends the process.
func (p *Process) Close() { vfs.Unregister(p.name) }

// shared is what the connections of the process know of one file together: the locks.
type shared struct {
	mu       sync.Mutex
	readers  int
	reserved bool
	pending  bool
}

// Open implements vfs.VFS.
func (p *Process) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if name == "" {
		return nil, flags, sqlite3.CANTOPEN // temp_store is memory
	}
	how := os.O_RDWR
	if flags&vfs.OPEN_READONLY != 0 {
		how = os.O_RDONLY
	}
	fresh := false
	if flags&vfs.OPEN_CREATE != 0 {
		_, err := p.stat(name)
		fresh = errors.Is(err, fs.ErrNotExist)
		how |= os.O_CREATE
	}
	f, err := p.fs.Open(name, how)
	if err != nil {
		return nil, flags, vfs.SystemError(err, sqlite3.CANTOPEN)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files[name] == nil {
		p.files[name] = &shared{}
	}
	out := &file{File: f, p: p, path: name, shared: p.files[name]}
	// As SQLite does on Unix: the first flush of a new journal or log flushes its name.
	out.named = !fresh || flags&(vfs.OPEN_WAL|vfs.OPEN_MAIN_JOURNAL|vfs.OPEN_SUPER_JOURNAL) == 0
	if flags&vfs.OPEN_MAIN_DB != 0 {
		out.index = vfs.NewSharedMemory(filepath.Join(p.tmp, p.name+"-shm"), flags)
	}
	return out, flags, nil
}

func (p *Process) stat(name string) (object.Entry, error) {
	list, err := p.fs.ReadDir(filepath.Dir(name))
	for _, e := range list {
		if e.Name == filepath.Base(name) {
			return e, nil
		}
	}
	if err == nil {
		err = fs.ErrNotExist
	}
	return object.Entry{}, err
}

// Delete implements vfs.VFS.
func (p *Process) Delete(name string, syncDir bool) error {
	err := p.fs.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return sqlite3.IOERR_DELETE_NOENT
	}
	if err == nil && syncDir {
		err = p.fs.SyncDir(filepath.Dir(name))
	}
	return coded(err, sqlite3.IOERR_DELETE)
}

// Access implements vfs.VFS.
func (p *Process) Access(name string, _ vfs.AccessFlag) (bool, error) {
	e, err := p.stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && e.Size > 0, coded(err, sqlite3.IOERR_ACCESS)
}

// FullPathname implements vfs.VFS.
func (p *Process) FullPathname(name string) (string, error) { return name, nil }

// coded is an error as SQLite takes it.
func coded(err error, code sqlite3.ExtendedErrorCode) error {
	if errors.Is(err, object.ErrNoSpace) {
		return vfs.SystemError(err, sqlite3.FULL)
	}
	return vfs.SystemError(err, code)
}
