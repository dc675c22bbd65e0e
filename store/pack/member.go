package pack

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"cairn/store/meta"
	"cairn/store/object"
)

// member is a place in a merged object: that of one pack.
type member struct {
	object     *merged
	id         meta.PackID
	generation uint32
	at, stored int64 // of its block
	size       int64 // of the pack
}

// run is bytes of a pack that are in its block; those between two runs are zero.
type run struct{ off, n int64 }

// memberFile is a pack in a merged object, as the file that it would be alone. It cannot be
// written to.
type memberFile struct {
	object.File // the whole object
	read        io.ReaderAt
	at          int64 // where its runs begin
	size        int64
	runs        []run
}

// openMember opens a pack in a merged object: see pack.open.
func openMember(m *member, open func(path string) (object.File, error), bounce []byte) (object.File, error) {
	f, err := open(m.object.path)
	if err != nil {
		return nil, err
	}
	var read io.ReaderAt = f
	if bounce != nil {
		read = &aligned{f: f, buf: bounce, pace: func(int64) error { return nil }}
	}
	of, runs, err := readBlockHead(read, m.object.marker, m.at, m.object.size)
	if err == nil && (of.id != m.id || of.generation != m.generation || of.stored != m.stored || of.size != m.size) {
		err = fmt.Errorf("%w: directory and block of a merged object differ", ErrCorrupt)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &memberFile{f, read, m.at + blockHeadBytes + 8*int64(len(runs)) + 8, m.size, runs}, nil
}

// find is the run that holds off, or the first behind it, and where its bytes lie.
func (f *memberFile) find(off int64) (r run, at int64) {
	at = f.at
	for _, r := range f.runs {
		if off < r.off+r.n {
			return r, at
		}
		at += r.n
	}
	return run{f.size, 0}, at
}

func (f *memberFile) ReadAt(p []byte, off int64) (done int, err error) {
	if off < 0 {
		return 0, os.ErrInvalid
	}
	for done < len(p) && off < f.size {
		r, at := f.find(off)
		part := p[done:]
		if off < r.off {
			part = part[:min(int64(len(part)), r.off-off)]
			clear(part)
		} else {
			part = part[:min(int64(len(part)), r.off+r.n-off)]
			if n, err := f.read.ReadAt(part, at+off-r.off); n < len(part) {
				return done + n, cmp.Or(err, io.ErrUnexpectedEOF)
			}
		}
		done += len(part)
		off += int64(len(part))
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

func (f *memberFile) Section(off, n int64) (io.Reader, error) {
	if r, at := f.find(off); off >= r.off && off+n <= r.off+r.n {
		return f.File.Section(at+off-r.off, n)
	}
	return io.NewSectionReader(f, off, n), nil
}

func (f *memberFile) Size() (int64, error)                  { return f.size, nil }
func (f *memberFile) WriteAt([]byte, int64) (int, error)    { return 0, object.ErrReadOnly }
func (f *memberFile) Truncate(int64) error                  { return object.ErrReadOnly }
func (f *memberFile) Allocate(int64, int64) error           { return object.ErrReadOnly }
func (f *memberFile) WriteBack(int64, int64) error          { return nil }
func (f *memberFile) Sync() error                           { return nil } // it was flushed before it had its name
func (f *memberFile) WritevAt([][]byte, int64) (int, error) { return 0, object.ErrReadOnly }

// open opens the file of p for reading. ErrReplaced if it is, or may be, another by now.
func (s *Set) open(p *pack) (object.File, error) {
	return p.open(s.openFile, nil)
}

func (s *Set) openFile(path string) (object.File, error) { return s.opt.FS.Open(path, os.O_RDONLY) }

// open is that of Set, by some way to open files for reading. If only aligned reads are
// allowed of those, they go through bounce.
func (p *pack) open(open func(path string) (object.File, error), bounce []byte) (f object.File, err error) {
	if p.in == nil {
		f, err = open(p.path)
	} else {
		f, err = openMember(p.in, open, bounce)
	}
	if !p.isReplaced() { // else what was opened may be the file that took its place
		return f, err
	}
	if err == nil {
		f.Close()
	}
	return nil, ErrReplaced
}
