package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"cairn/store"
)

func TestPutAndReadBack(t *testing.T) {
	r := newRig(t)
	for _, size := range []int{0, 1, 4095, 4096, 4097, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3<<20 + 17} {
		for name, body := range map[string]io.Reader{
			"fast":    bytes.NewReader(noise(uint64(size), size)),
			"slowly":  slowly{bytes.NewReader(noise(uint64(size), size)), 1000},
			"in 4096": slowly{bytes.NewReader(noise(uint64(size), size)), 4096},
		} {
			p := store.Path(fmt.Sprintf("%s %d", name, size))
			for _, declared := range []int64{int64(size), -1} {
				if s, ok := body.(io.Seeker); ok {
					s.Seek(0, io.SeekStart)
				} else {
					body.(slowly).r.(io.Seeker).Seek(0, io.SeekStart)
				}
				if _, err := r.s.Put(t.Context(), r.sc, p, body, store.PutOptions{Size: declared}); err != nil {
					t.Fatalf("%s declared %d: %v", p, declared, err)
				}
				if !bytes.Equal(r.read(p), noise(uint64(size), size)) {
					t.Fatalf("%s declared %d: other bytes come back", p, declared)
				}
			}
		}
	}
	r.clean()
	r.reopen()
	if !bytes.Equal(r.read("fast 3145745"), noise(3<<20+17, 3<<20+17)) {
		t.Fatal("other bytes come back after reopening")
	}
	r.clean()
}

func TestRanges(t *testing.T) {
	r := newRig(t)
	content := noise(1, 5<<20+123)
	r.put("f", content)
	c, err := r.s.Open(t.Context(), r.sc, "f")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, x := range [][2]int{{0, 0}, {0, 1}, {1<<20 - 1, 2}, {1 << 20, 1 << 20}, {5 << 20, 123}, {17, 4 << 20}, {5<<20 + 123, 0}} {
		var b bytes.Buffer
		if _, err := c.WriteRange(t.Context(), &b, int64(x[0]), int64(x[1])); err != nil || !bytes.Equal(b.Bytes(), content[x[0]:x[0]+x[1]]) {
			t.Errorf("range %v: %d bytes, %v", x, b.Len(), err)
		}
		p := make([]byte, x[1])
		if n, err := c.ReadAt(p, int64(x[0])); n != x[1] || err != nil || !bytes.Equal(p, content[x[0]:x[0]+x[1]]) {
			t.Errorf("ReadAt %v: %d bytes, %v", x, n, err)
		}
	}
	if _, err := c.WriteRange(t.Context(), io.Discard, 5<<20, 124); err == nil {
		t.Error("a range behind the end is taken")
	}
}

// failing is a body that breaks.
type failing struct {
	r   io.Reader
	err error
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

func TestPutRefusals(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("old"))
	r.mkdir("d")
	broken := errors.New("connection reset")
	tag := r.stat("f").ETag()
	cases := []struct {
		name string
		path store.Path
		body io.Reader
		opts store.PutOptions
		want error
	}{
		{"short", "f", bytes.NewReader(make([]byte, 99)), store.PutOptions{Size: 100}, store.ErrIncomplete},
		{"long", "f", bytes.NewReader(make([]byte, 101)), store.PutOptions{Size: 100}, store.ErrTooLong},
		{"broken", "f", failing{bytes.NewReader(make([]byte, 2<<20)), broken}, store.PutOptions{Size: -1}, store.ErrRead},
		{"broken, known length", "f", failing{bytes.NewReader(make([]byte, 50)), broken}, store.PutOptions{Size: 100}, store.ErrRead},
		{"folder", "d", bytes.NewReader(nil), store.PutOptions{}, store.ErrIsFolder},
		{"root", "", bytes.NewReader(nil), store.PutOptions{}, store.ErrIsFolder},
		{"no parent", "x/y", bytes.NewReader(nil), store.PutOptions{}, store.ErrNoParent},
		{"below a file", "f/y", bytes.NewReader(nil), store.PutOptions{}, store.ErrNotFolder},
		{"if-none-match", "f", bytes.NewReader(nil), store.PutOptions{Conditions: store.Conditions{IfNoneMatch: []string{"*"}}}, store.ErrPrecondition},
		{"if-match other", "f", bytes.NewReader(nil), store.PutOptions{Conditions: store.Conditions{IfMatch: []string{"x"}}}, store.ErrPrecondition},
		{"if-match missing", "g", bytes.NewReader(nil), store.PutOptions{Conditions: store.Conditions{IfMatch: []string{"*"}}}, store.ErrPrecondition},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := r.s.Put(t.Context(), r.sc, c.path, c.body, c.opts); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if got := r.read("f"); string(got) != "old" || r.stat("f").ETag() != tag {
				t.Errorf("the old version changed: %q", got)
			}
		})
	}
	r.clean()
}
