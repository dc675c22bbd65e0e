// Package storetest is for the tests of the store: a disk in memory that loses power
// (Disk), and below sqlite a database on such a disk.
package storetest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"cairn/store/object"
)

// ErrCrashed is what every call returns once the machine is off.
var ErrCrashed = errors.New("the machine is off")

// ErrFlush is the error of a flush that was told to fail.
var ErrFlush = errors.New("input/output error")

// Disk is a file system in memory, and the machine that runs on it. It keeps apart
// what processes see and what is on the medium: a write is on the medium after the Sync
// of its file, a name after the SyncDir of its folder, a name's change of folder after
// the SyncDir of either. Everything else may be lost, kept or torn when the power goes.
// Paths are absolute. Safe for concurrent use; calls take effect one at a time.
type Disk struct {
	mu     sync.Mutex
	root   *inode
	moves  []move // changes of names that are not durable yet
	locked map[string]bool
	off    bool
	calls  int
	at     int     // the call that crashes; 0: none
	atSync int     // the flush of a file, from now on, in which the power goes; 0: none
	part   float64 // of that call that is still made; negative: nothing
	limit  int64   // bytes that files may have together; 0: no limit
	used   int64
	flush  int // of the flushes of files from now on, the one that fails; 0: none
	keeps  bool
	rng    *rand.Rand
}

// move is a change of names: n appears as name in to, and disappears from from.
type move struct {
	n        *inode
	from, to *inode
	old, new string
}

// NewDisk makes an empty disk. seed decides what failing flushes leave.
func NewDisk(seed uint64) *Disk {
	return &Disk{root: newFolder(), locked: map[string]bool{}, rng: rand.New(rand.NewPCG(seed, 1))}
}

// Calls counts the calls so far that changed something, or would have.
func (d *Disk) Calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

// Limit leaves room for free more bytes; negative: any number.
func (d *Disk) Limit(free int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit = d.used + free; free < 0 {
		d.limit = 0
	}
}

// step begins a call that changes something. With an error it must not be made, but
// for part of it where that is not negative.
func (d *Disk) step() (part float64, err error) {
	if d.off {
		return -1, ErrCrashed
	}
	d.calls++
	if d.at > 0 && d.calls >= d.at {
		d.off = true
		return d.part, ErrCrashed
	}
	return 1, nil
}

// keep makes a change of names durable.
func (m *move) keep() {
	if m.from != nil && m.from.keptNames[m.old] == m.n {
		delete(m.from.keptNames, m.old)
	}
	if m.to != nil {
		m.to.keptNames[m.new] = m.n
	}
}

func sorted(m map[string]*inode) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func weigh(n *inode) int64 {
	sum := n.live.size
	for _, kid := range n.names {
		sum += weigh(kid)
	}
	return sum
}

// find walks to path; parent is nil for the root.
func (d *Disk) find(op, path string) (parent *inode, name string, n *inode, err error) {
	n = d.root
	path = filepath.Clean(path)
	for name = range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if name == "" || name == "." {
			return nil, "", d.root, nil
		}
		if n == nil || !n.folder {
			return nil, "", nil, &fs.PathError{Op: op, Path: path, Err: fs.ErrNotExist}
		}
		parent, n = n, n.names[name]
	}
	return parent, name, n, nil
}

func missing(op, path string) error { return &fs.PathError{Op: op, Path: path, Err: fs.ErrNotExist} }

// Mkdir implements object.FS.
func (d *Disk) Mkdir(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	parent, name, n, err := d.find("mkdir", path)
	if err == nil && n != nil {
		err = &fs.PathError{Op: "mkdir", Path: path, Err: fs.ErrExist}
	}
	if err != nil {
		if d.off {
			return ErrCrashed
		}
		return err
	}
	part, err := d.step()
	if part >= 0 {
		d.change(move{n: newFolder(), to: parent, new: name})
	}
	return err
}

// change makes a change of names, which processes see at once.
func (d *Disk) change(m move) {
	if m.from != nil {
		delete(m.from.names, m.old)
	}
	if m.to != nil {
		m.to.names[m.new] = m.n
	}
	d.moves = append(d.moves, m)
}

// MkdirAll implements object.FS, by Mkdir and SyncDir.
func (d *Disk) MkdirAll(path string) error {
	err := d.Mkdir(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = d.MkdirAll(filepath.Dir(path)); err == nil {
			err = d.Mkdir(path)
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	if err := d.SyncDir(filepath.Dir(path)); err != nil {
		d.Remove(path)
		return err
	}
	return nil
}

// Open implements object.FS.
func (d *Disk) Open(path string, flag int) (object.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return nil, ErrCrashed
	}
	parent, name, n, err := d.find("open", path)
	switch {
	case err != nil:
		return nil, err
	case n != nil && n.folder:
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	case n != nil && flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrExist}
	case n == nil && flag&os.O_CREATE == 0:
		return nil, missing("open", path)
	case n == nil:
		part, err := d.step()
		if part >= 0 {
			n = &inode{}
			d.change(move{n: n, to: parent, new: name})
		}
		if err != nil {
			return nil, err
		}
	case flag&os.O_TRUNC != 0 && n.live.size > 0:
		part, err := d.step()
		if part >= 0 {
			d.used -= n.live.size
			n.truncate(0)
		}
		if err != nil {
			return nil, err
		}
	}
	return &file{d: d, n: n, path: path, writable: flag&(os.O_WRONLY|os.O_RDWR) != 0}, nil
}

// Rename implements object.FS.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	p1, old, n, err := d.find("rename", from)
	if err == nil && n == nil {
		err = missing("rename", from)
	}
	p2, name, over, err2 := d.find("rename", to)
	if err = errors.Join(err, err2); err == nil && (p1 == nil || p2 == nil || over != nil && over.folder) {
		err = &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	if err != nil {
		if d.off {
			return ErrCrashed
		}
		return err
	}
	part, err := d.step()
	if part >= 0 {
		if over != nil {
			d.used -= over.live.size
		}
		d.change(move{n, p1, p2, old, name})
	}
	return err
}

// Remove implements object.FS.
func (d *Disk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	parent, name, n, err := d.find("remove", path)
	switch {
	case d.off:
		return ErrCrashed
	case err != nil:
		return err
	case n == nil:
		return missing("remove", path)
	case parent == nil || len(n.names) > 0:
		return &fs.PathError{Op: "remove", Path: path, Err: errors.New("directory not empty")}
	}
	part, err := d.step()
	if part >= 0 {
		d.used -= n.live.size
		d.change(move{n: n, from: parent, old: name})
	}
	return err
}

// ReadDir implements object.FS.
func (d *Disk) ReadDir(path string) ([]object.Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return nil, ErrCrashed
	}
	_, _, n, err := d.find("readdir", path)
	if err == nil && (n == nil || !n.folder) {
		err = missing("readdir", path)
	}
	if err != nil {
		return nil, err
	}
	var out []object.Entry
	for _, name := range sorted(n.names) {
		kid := n.names[name]
		out = append(out, object.Entry{Name: name, Size: kid.live.size, Dir: kid.folder})
	}
	return out, nil
}

// ReadFile implements object.FS.
func (d *Disk) ReadFile(path string) ([]byte, error) {
	f, err := d.Open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

// SyncDir implements object.FS.
func (d *Disk) SyncDir(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _, n, err := d.find("syncdir", path)
	if err == nil && (n == nil || !n.folder) {
		err = missing("syncdir", path)
	}
	if _, err := d.step(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	d.moves = slices.DeleteFunc(d.moves, func(m move) bool {
		if m.from != n && m.to != n {
			return false
		}
		m.keep()
		return true
	})
	return nil
}

// Lock implements object.FS.
func (d *Disk) Lock(path string) (io.Closer, error) {
	f, err := d.Open(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked[path] {
		return nil, fmt.Errorf("lock %s: %w", path, object.ErrLocked)
	}
	d.locked[path] = true
	return &held{d, path, f}, nil
}

type held struct {
	d    *Disk
	path string
	f    object.File
}

func (h *held) Close() error {
	h.d.mu.Lock()
	delete(h.d.locked, h.path)
	h.d.mu.Unlock()
	return h.f.Close()
}

// Space implements object.FS.
func (d *Disk) Space(string) (free, total int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return 0, 0, ErrCrashed
	}
	total = 1 << 40
	if d.limit > 0 {
		total = d.limit
	}
	return max(0, total-d.used), total, nil
}

// Kind implements object.FS.
func (d *Disk) Kind(string) (string, bool, error) { return "twin", true, nil }
