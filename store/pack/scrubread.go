package pack

import (
	"errors"
	"io"

	"cairn/store/object"
)

// scrubFooter is the window on entries, and that on block checksums.
const scrubFooter = 4 * object.DirectBytes

// aligned reads a file through a buffer, from offsets and in lengths that a direct read
// may have.
type aligned struct {
	f    object.File
	buf  []byte
	pace func(int64) error
	off  int64
	n    int
	one  bool // no more at once than is asked for: a call failed
}

// readError is an error of the medium.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }

// isDefect tells damage from what keeps a scrub from looking.
func isDefect(err error) bool {
	var r *readError
	return errors.Is(err, ErrCorrupt) || errors.As(err, &r)
}

// forget has the next bytes read from the file.
func (a *aligned) forget() { a.n = 0 }

// at returns n bytes at off, or those up to the end of the file; n is at most what the
// buffer has less object.DirectBytes. They hold until the next call.
func (a *aligned) at(off int64, n int) ([]byte, error) {
	if off < a.off || off+int64(n) > a.off+int64(a.n) {
		begin := off &^ (object.DirectBytes - 1)
		all := a.buf
		if a.one {
			all = all[:(off-begin+int64(n)+object.DirectBytes-1)&^(object.DirectBytes-1)]
		}
		a.n = 0
		if err := a.pace(int64(len(all))); err != nil {
			return nil, err
		}
		got, err := a.f.ReadAt(all, begin)
		if err != nil && !errors.Is(err, io.EOF) {
			if !a.one { // what lies further on may be the cause
				a.one = true
				return a.at(off, n)
			}
			return nil, &readError{err}
		}
		a.off, a.n = begin, got
	}
	b := a.buf[min(off-a.off, int64(a.n)):a.n]
	return b[:min(n, len(b))], nil
}

// ReadAt implements io.ReaderAt.
func (a *aligned) ReadAt(p []byte, off int64) (done int, err error) {
	for done < len(p) {
		b, err := a.at(off+int64(done), min(len(p)-done, object.DirectBytes))
		if err != nil {
			return done, err
		}
		if len(b) == 0 {
			return done, io.EOF
		}
		done += copy(p[done:], b)
	}
	return done, nil
}
