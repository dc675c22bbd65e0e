package object

import (
	"errors"
	"fmt"
	"io"
	"os"
)

const createFlags = os.O_RDWR | os.O_CREATE | os.O_TRUNC

// OS is the file system of the operating system.
func OS() FS { return osFS{} }

type osFS struct{}

func (osFS) Mkdir(path string) error      { return wrap(os.Mkdir(path, 0o700)) }
func (f osFS) MkdirAll(path string) error { return mkdirAll(f, path) }
func (osFS) Rename(from, to string) error { return wrap(os.Rename(from, to)) }
func (osFS) Remove(path string) error     { return wrap(os.Remove(path)) }

// Link implements linker.
func (osFS) Link(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrExist) || isNoSpace(err) || isReadOnly(err) {
		return wrap(err)
	}
	return fmt.Errorf("%w: %w", errors.ErrUnsupported, err) // another file system, too many links, or none at all
}

func (osFS) Open(path string, flag int) (File, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, wrap(err)
	}
	return osFile{f}, nil
}

func (osFS) ReadFile(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	return b, wrap(err)
}

func (osFS) ReadDir(path string) ([]Entry, error) {
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, wrap(err)
	}
	out := make([]Entry, 0, len(list))
	for _, d := range list {
		e := Entry{Name: d.Name(), Dir: d.IsDir()}
		if !e.Dir {
			info, err := d.Info()
			if errors.Is(err, os.ErrNotExist) {
				continue // removed since it was listed
			}
			if err != nil {
				return nil, wrap(err)
			}
			e.Size = info.Size()
		}
		out = append(out, e)
	}
	return out, nil
}

func (osFS) Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, wrap(err)
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// osFile is an *os.File with the calls that package os lacks.
type osFile struct{ *os.File }

func (f osFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	return n, wrap(err)
}

func (f osFile) WritevAt(bufs [][]byte, off int64) (int, error) {
	n, err := writevAt(f.File, bufs, off)
	return n, wrap(err)
}

func (f osFile) Sync() error               { return wrap(datasync(f.File)) }
func (f osFile) Truncate(size int64) error { return wrap(f.File.Truncate(size)) }

func (f osFile) Allocate(off, n int64) error  { return wrap(allocate(f.File, off, n)) }
func (f osFile) WriteBack(off, n int64) error { return wrap(writeBack(f.File, off, n)) }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, wrap(err)
	}
	return info.Size(), nil
}

func (f osFile) Section(off, n int64) (io.Reader, error) {
	if _, err := f.Seek(off, io.SeekStart); err != nil {
		return nil, wrap(err)
	}
	return &io.LimitedReader{R: f.File, N: n}, nil
}

// writeEach is WritevAt without a system call for it.
func writeEach(f *os.File, bufs [][]byte, off int64) (int, error) {
	done := 0
	for _, b := range bufs {
		n, err := f.WriteAt(b, off+int64(done))
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case isNoSpace(err):
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	case isReadOnly(err):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}
