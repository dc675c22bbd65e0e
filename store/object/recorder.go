package object

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Recorder writes one line for each call that changes the file system it wraps, when
// the call returns:
//
//	write packs/01/0000000000000001.pack 72+4096 @4096	pack.(*Lane).write
//
// the operation, the paths, the details, a tab and the function that asked for it; a
// call that failed ends with " !" and the error. Operations: mkdir, create, write
// (bytes of each buffer, offset), truncate (size), allocate (bytes, offset), sync,
// rename, remove, syncdir.
// Calls that only read leave no line. Safe for concurrent use.
type Recorder struct {
	FS
	root string
	opt  RecorderOptions

	mu  sync.Mutex
	out io.Writer
}

// RecorderOptions say what the lines hold.
type RecorderOptions struct {
	// NoSizes leaves out byte counts and offsets.
	NoSizes bool
	// Begin adds a line "begin sync …" before each sync and syncdir, so that what was
	// written while it ran can be told from what it covers.
	Begin bool
}

// NewRecorder records the calls to fsys on out. Paths below root are shown relative
// to it, with forward slashes.
func NewRecorder(fsys FS, root string, out io.Writer, opt RecorderOptions) *Recorder {
	return &Recorder{FS: fsys, root: root, opt: opt, out: out}
}

// Event adds a line of the caller's own: a COMMIT, a reply.
func (r *Recorder) Event(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	io.WriteString(r.out, line+"\n")
}

func (r *Recorder) line(err error, words ...string) {
	s := strings.Join(words, " ") + "\t" + site()
	if err != nil {
		s += " !" + err.Error()
	}
	r.Event(s)
}

func (r *Recorder) rel(path string) string {
	if p, err := filepath.Rel(r.root, path); err == nil && !strings.HasPrefix(p, "..") {
		path = p
	}
	return filepath.ToSlash(path)
}

// Mkdir implements FS.
func (r *Recorder) Mkdir(path string) error {
	err := r.FS.Mkdir(path)
	if err == nil {
		r.line(nil, "mkdir", r.rel(path))
	}
	return err
}

// MkdirAll implements FS.
func (r *Recorder) MkdirAll(path string) error { return mkdirAll(r, path) }

// Rename implements FS.
func (r *Recorder) Rename(from, to string) error {
	err := r.FS.Rename(from, to)
	r.line(err, "rename", r.rel(from), r.rel(to))
	return err
}

// Remove implements FS.
func (r *Recorder) Remove(path string) error {
	err := r.FS.Remove(path)
	r.line(err, "remove", r.rel(path))
	return err
}

// SyncDir implements FS.
func (r *Recorder) SyncDir(path string) error {
	if r.opt.Begin {
		r.line(nil, "begin", "syncdir", r.rel(path))
	}
	err := r.FS.SyncDir(path)
	r.line(err, "syncdir", r.rel(path))
	return err
}

// Open implements FS.
func (r *Recorder) Open(path string, flag int) (File, error) {
	f, err := r.FS.Open(path, flag)
	if flag&(os.O_CREATE|os.O_TRUNC) != 0 {
		r.line(err, "create", r.rel(path))
	}
	if err != nil {
		return nil, err
	}
	return &recordedFile{f, r, r.rel(path)}, nil
}

type recordedFile struct {
	File
	r    *Recorder
	path string
}

func (f *recordedFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	f.wrote(err, off, p)
	return n, err
}

func (f *recordedFile) WritevAt(bufs [][]byte, off int64) (int, error) {
	n, err := f.File.WritevAt(bufs, off)
	f.wrote(err, off, bufs...)
	return n, err
}

func (f *recordedFile) wrote(err error, off int64, bufs ...[]byte) {
	if f.r.opt.NoSizes {
		f.r.line(err, "write", f.path)
		return
	}
	var sizes []string
	for _, b := range bufs {
		if len(b) > 0 {
			sizes = append(sizes, strconv.Itoa(len(b)))
		}
	}
	f.r.line(err, "write", f.path, strings.Join(sizes, "+"), fmt.Sprintf("@%d", off))
}

func (f *recordedFile) Sync() error {
	if f.r.opt.Begin {
		f.r.line(nil, "begin", "sync", f.path)
	}
	err := f.File.Sync()
	f.r.line(err, "sync", f.path)
	return err
}

func (f *recordedFile) Truncate(size int64) error {
	err := f.File.Truncate(size)
	if f.r.opt.NoSizes {
		f.r.line(err, "truncate", f.path)
	} else {
		f.r.line(err, "truncate", f.path, strconv.FormatInt(size, 10))
	}
	return err
}

func (f *recordedFile) Allocate(off, n int64) error {
	err := f.File.Allocate(off, n)
	if f.r.opt.NoSizes {
		f.r.line(err, "allocate", f.path)
	} else {
		f.r.line(err, "allocate", f.path, strconv.FormatInt(n, 10), fmt.Sprintf("@%d", off))
	}
	return err
}
