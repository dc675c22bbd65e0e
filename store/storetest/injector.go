package storetest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"cairn/store/object"
)

// Fault is a way in which a call fails.
type Fault int

// The faults. A call that cannot fail in one way fails as Broken.
const (
	Broken Fault = iota // it is not made
	Short               // of a write the first half is made
	Full                // no space: of a write the first half is made
	Faults              // how many there are
)

func (f Fault) String() string { return [...]string{"error", "short write", "disk full"}[f] }

// ErrInjected is the error of a Broken or Short call.
var ErrInjected = errors.New("injected input/output error")

// Injector makes the n-th call to a Disk fail, counted over those that change something
// or over those that only look. A flush that
// fails loses what it should have written, as Disk.FailSync says. Safe for
// concurrent use.
type Injector struct {
	*Disk

	mu    sync.Mutex
	calls int
	at    int
	looks bool
	fault Fault
	what  string // the call that failed, "" if none has
	apt   bool   // that call can fail as it was told to
}

// NewInjector wraps d.
func NewInjector(d *Disk) *Injector { return &Injector{Disk: d} }

// Fail makes the n-th call from now on that changes something, or, if looks is set, that
// only looks, fail; 0: none.
func (i *Injector) Fail(n int, looks bool, f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls, i.at, i.looks, i.fault, i.what, i.apt = 0, n, looks, f, "", false
}

// Failed names the call that was made to fail, "" if there was none yet. apt is false
// if it could only fail as Broken.
func (i *Injector) Failed() (what string, apt bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.what, i.apt
}

// call counts a call. can lists the faults besides Broken that it knows.
func (i *Injector) call(what string, can ...Fault) (f Fault, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	kind, _, _ := strings.Cut(what, " ")
	switch kind {
	case "read", "readdir", "size", "space", "open", "lock":
		if !i.looks {
			return 0, nil
		}
	default:
		if i.looks {
			return 0, nil
		}
	}
	if i.calls++; i.calls != i.at {
		return 0, nil
	}
	i.what, i.apt = what, i.fault == Broken
	for _, c := range can {
		if c == i.fault {
			i.apt, f = true, c
		}
	}
	if f == Full {
		return f, fmt.Errorf("%s: %w (injected)", what, object.ErrNoSpace)
	}
	return f, fmt.Errorf("%s: %w", what, ErrInjected)
}

// Mkdir implements object.FS.
func (i *Injector) Mkdir(path string) error {
	if _, err := i.call("mkdir "+path, Full); err != nil {
		return err
	}
	return i.Disk.Mkdir(path)
}

// Rename implements object.FS.
func (i *Injector) Rename(from, to string) error {
	if _, err := i.call("rename "+to, Full); err != nil {
		return err
	}
	return i.Disk.Rename(from, to)
}

// Remove implements object.FS.
func (i *Injector) Remove(path string) error {
	if _, err := i.call("remove " + path); err != nil {
		return err
	}
	return i.Disk.Remove(path)
}

// ReadDir implements object.FS.
func (i *Injector) ReadDir(path string) ([]object.Entry, error) {
	if _, err := i.call("readdir " + path); err != nil {
		return nil, err
	}
	return i.Disk.ReadDir(path)
}

// ReadFile implements object.FS.
func (i *Injector) ReadFile(path string) ([]byte, error) {
	if _, err := i.call("read " + path); err != nil {
		return nil, err
	}
	return i.Disk.ReadFile(path)
}

// SyncDir implements object.FS.
func (i *Injector) SyncDir(path string) error {
	if _, err := i.call("syncdir " + path); err != nil {
		return err
	}
	return i.Disk.SyncDir(path)
}

// Lock implements object.FS.
func (i *Injector) Lock(path string) (io.Closer, error) {
	if _, err := i.call("lock " + path); err != nil {
		return nil, err
	}
	return i.Disk.Lock(path)
}

// Space implements object.FS.
func (i *Injector) Space(path string) (free, total int64, err error) {
	if _, err := i.call("space " + path); err != nil {
		return 0, 0, err
	}
	return i.Disk.Space(path)
}

// Open implements object.FS.
func (i *Injector) Open(path string, flag int) (object.File, error) {
	what, can := "open ", []Fault{}
	if flag&os.O_CREATE != 0 {
		what, can = "create ", append(can, Full)
	}
	if _, err := i.call(what+path, can...); err != nil {
		return nil, err
	}
	f, err := i.Disk.Open(path, flag)
	if err != nil {
		return nil, err
	}
	return &injected{f, i, path}, nil
}

// injected is a file opened through an Injector.
type injected struct {
	object.File
	i    *Injector
	path string
}

func (f *injected) ReadAt(p []byte, off int64) (int, error) {
	if _, err := f.i.call("read " + f.path); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *injected) Section(off, n int64) (io.Reader, error) {
	if _, err := f.i.call("read " + f.path); err != nil {
		return nil, err
	}
	return f.File.Section(off, n)
}

func (f *injected) WriteAt(p []byte, off int64) (int, error) { return f.WritevAt([][]byte{p}, off) }

func (f *injected) WritevAt(bufs [][]byte, off int64) (int, error) {
	fault, err := f.i.call("write "+f.path, Short, Full)
	if err == nil {
		return f.File.WritevAt(bufs, off)
	}
	if fault == Broken {
		return 0, err
	}
	var all []byte
	for _, b := range bufs {
		all = append(all, b...)
	}
	n, _ := f.File.WriteAt(all[:len(all)/2], off)
	return n, err
}

func (f *injected) Truncate(size int64) error {
	if _, err := f.i.call("truncate " + f.path); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *injected) Size() (int64, error) {
	if _, err := f.i.call("size " + f.path); err != nil {
		return 0, err
	}
	return f.File.Size()
}

func (f *injected) Sync() error {
	_, err := f.i.call("sync "+f.path, Full)
	if err != nil {
		f.i.Disk.FailSync(1, len(f.path)%2 == 0)
		f.File.Sync()
	}
	if err != nil {
		return err
	}
	return f.File.Sync()
}
