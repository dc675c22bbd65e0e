package storetest

import (
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"cairn/store/object"
)

// file is an open file of a Disk.
type file struct {
	d        *Disk
	n        *inode
	path     string
	writable bool
	closed   atomic.Bool
}

func (f *file) fail(op string) error {
	if f.closed.Load() {
		return &fs.PathError{Op: op, Path: f.path, Err: fs.ErrClosed}
	}
	if f.d.off {
		return ErrCrashed
	}
	return nil
}

// ReadAt implements object.File.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.fail("read"); err != nil {
		return 0, err
	}
	n := int(max(0, min(int64(len(p)), f.n.live.size-off)))
	f.n.live.readAt(p[:n], off)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements object.File.
func (f *file) WriteAt(p []byte, off int64) (int, error) { return f.WritevAt([][]byte{p}, off) }

// WritevAt implements object.File.
func (f *file) WritevAt(bufs [][]byte, off int64) (int, error) {
	var all []byte
	if len(bufs) == 1 {
		all = bufs[0]
	} else {
		for _, b := range bufs {
			all = append(all, b...)
		}
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.fail("write"); err != nil {
		return 0, err
	}
	if !f.writable {
		return 0, &fs.PathError{Op: "write", Path: f.path, Err: fs.ErrPermission}
	}
	part, err := f.d.step()
	if err != nil {
		if part >= 0 {
			f.grow(all[:int(part*float64(len(all)))], off)
		}
		return 0, err
	}
	room := int64(len(all))
	if f.d.limit > 0 {
		room = max(0, min(room, f.n.live.size+max(0, f.d.limit-f.d.used)-off))
	}
	f.grow(all[:room], off)
	if room < int64(len(all)) {
		return int(room), &fs.PathError{Op: "write", Path: f.path, Err: fmt.Errorf("%w (twin)", object.ErrNoSpace)}
	}
	return len(all), nil
}

func (f *file) grow(p []byte, off int64) {
	before := f.n.live.size
	f.n.write(p, off)
	f.d.used += f.n.live.size - before
}

// Sync implements object.File.
func (f *file) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.fail("sync"); err != nil {
		return err
	}
	if f.d.atSync > 0 {
		if f.d.atSync--; f.d.atSync == 0 {
			f.d.at, f.d.part = f.d.calls+1, -1
		}
	}
	if _, err := f.d.step(); err != nil {
		return err
	}
	if f.d.flush > 0 {
		if f.d.flush--; f.d.flush == 0 {
			f.n.drop(f.d.rng, f.d.keeps)
			return &fs.PathError{Op: "fdatasync", Path: f.path, Err: ErrFlush}
		}
	}
	f.n.sync()
	return nil
}

// Truncate implements object.File.
func (f *file) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.fail("truncate"); err != nil {
		return err
	}
	part, err := f.d.step()
	if part >= 0 {
		f.d.used += size - f.n.live.size
		f.n.truncate(size)
	}
	return err
}

// Size implements object.File.
func (f *file) Size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return f.n.live.size, f.fail("stat")
}

// Section implements object.File.
func (f *file) Section(off, n int64) (io.Reader, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return &io.LimitedReader{R: &reader{f, off}, N: n}, f.fail("seek")
}

// Close implements object.File. Closing flushes nothing.
func (f *file) Close() error {
	if f.closed.Swap(true) {
		return &fs.PathError{Op: "close", Path: f.path, Err: fs.ErrClosed}
	}
	return nil
}

// reader reads a file from an offset on.
type reader struct {
	f  *file
	at int64
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.f.ReadAt(p, r.at)
	r.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// Allocate implements object.File by writing zeros.
func (f *file) Allocate(off, n int64) error {
	_, err := f.WriteAt(make([]byte, n), off)
	return err
}

// WriteBack implements object.File: any write may be on the disk before its Sync.
func (f *file) WriteBack(off, n int64) error { return nil }
