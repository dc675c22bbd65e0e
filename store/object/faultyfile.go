package object

import "io"

// faultyFile is a file opened through Faults.
type faultyFile struct {
	File
	f    *Faults
	path string
}

func (x *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if _, err := x.f.check(OpRead, x.path); err != nil {
		return 0, err
	}
	return x.File.ReadAt(p, off)
}

func (x *faultyFile) Section(off, n int64) (io.Reader, error) {
	if _, err := x.f.check(OpRead, x.path); err != nil {
		return nil, err
	}
	return x.File.Section(off, n)
}

func (x *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	keep, err := x.f.check(OpWrite, x.path)
	if err == nil {
		return x.File.WriteAt(p, off)
	}
	n, _ := x.File.WriteAt(p[:min(keep, len(p))], off)
	return n, err
}

func (x *faultyFile) WritevAt(bufs [][]byte, off int64) (int, error) {
	keep, err := x.f.check(OpWrite, x.path)
	if err == nil {
		return x.File.WritevAt(bufs, off)
	}
	var part [][]byte
	for _, b := range bufs {
		if keep <= 0 {
			break
		}
		part = append(part, b[:min(keep, len(b))])
		keep -= len(b)
	}
	if len(part) == 0 {
		return 0, err
	}
	n, _ := x.File.WritevAt(part, off)
	return n, err
}

func (x *faultyFile) Truncate(size int64) error {
	if _, err := x.f.check(OpTruncate, x.path); err != nil {
		return err
	}
	return x.File.Truncate(size)
}

func (x *faultyFile) Allocate(off, n int64) error {
	if _, err := x.f.check(OpAllocate, x.path); err != nil {
		return err
	}
	return x.File.Allocate(off, n)
}

func (x *faultyFile) WriteBack(off, n int64) error {
	if _, err := x.f.check(OpWriteBack, x.path); err != nil {
		return err
	}
	return x.File.WriteBack(off, n)
}

func (x *faultyFile) Sync() error { return x.f.flush(OpSync, x.path, x.File.Sync) }
