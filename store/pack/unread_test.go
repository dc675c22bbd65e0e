package pack

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"cairn/store/meta"
	"cairn/store/object"
)

// blind is a file system on which one byte of packs cannot be read: the end can, which is
// looked at first.
type blind struct {
	object.FS
	from int64
}

var errBlind = errors.New("cannot be read")

type blindFile struct {
	object.File
	from int64
}

func (b *blind) Open(path string, flag int) (object.File, error) {
	f, err := b.FS.Open(path, flag)
	if err != nil || !strings.HasSuffix(path, ".pack") {
		return f, err
	}
	return &blindFile{f, b.from}, nil
}

func (f *blindFile) ReadAt(p []byte, off int64) (int, error) {
	if off <= f.from && f.from < off+int64(len(p)) {
		n, err := f.File.ReadAt(p[:f.from-off], off)
		return n, errors.Join(errBlind, err)
	}
	return f.File.ReadAt(p, off)
}

var _ io.ReaderAt = (*blindFile)(nil)

// A pack that cannot be read ends Recover, whatever of it can be read, and is not changed: it may
// hold commits, whose numbers would be given again.
func TestUnreadablePackEndsRecover(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		b := newBench(t)
		whole, starts := torn(b)
		if sealed {
			s, _ := b.open()
			eventually(t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
			b.close(s)
			whole = b.file(1)
		}
		for _, from := range []int{0, HeaderBytes, starts[1], starts[3] + 100_000, len(whole) - 1} {
			o := b.opt
			o.FS = &blind{object.OS(), int64(from)}
			s, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Recover(t.Context(), func(meta.PackID) bool { return false }, Visitor{})
			if !errors.Is(err, errBlind) {
				t.Errorf("sealed %v, from %d: %v", sealed, from, err)
			}
			s.Close()
			if now, err := os.ReadFile((&Set{opt: b.opt}).path(1)); err != nil || !bytes.Equal(now, whole) {
				t.Errorf("sealed %v, from %d: the pack was changed (%v)", sealed, from, err)
			}
		}
	}
}
