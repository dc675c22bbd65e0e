package mount

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"cairn/store"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hanwen/go-fuse/v2/splice"
)

// scattered is a Store of one file, whose bytes lie here and there.
type scattered struct {
	Store
	data   []byte
	file   *os.File     // holds data from 777 on
	pieces []int        // how long each is
	inline func() bool  // whether the next lies in no file
	spoil  func() error // at each piece
}

func (s *scattered) Read(_ context.Context, _ store.Scope, _ store.VersionID, p []byte, off int64) error {
	copy(p, s.data[off:])
	return nil
}

func (s *scattered) Lend(_ context.Context, _ store.Scope, _ store.VersionID, p []byte, off int64, each func(f *os.File, at int64, piece []byte) error) error {
	for i := 0; len(p) > 0; i++ {
		n := len(p)
		if i < len(s.pieces) {
			n = min(n, s.pieces[i])
		}
		f, at := s.file, off+777
		if s.inline() {
			f, at = nil, 0
			copy(p[:n], s.data[off:])
		}
		if err := errors.Join(s.spoil(), each(f, at, p[:n])); err != nil {
			return err
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

func newScattered(t *testing.T, seed uint64) *scattered {
	t.Helper()
	s := &scattered{data: make([]byte, 2<<20), inline: func() bool { return false }, spoil: func() error { return nil }}
	rand.NewChaCha8([32]byte{byte(seed)}).Read(s.data)
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, append(make([]byte, 777), s.data...), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	s.file = f
	return s
}

// answered is what the kernel would get: go-fuse hands the answer on through a second pipe,
// which must take all of it.
func answered(t *testing.T, r fuse.ReadResult, size int) []byte {
	t.Helper()
	p, ok := r.(*piped)
	if !ok {
		got, status := r.Bytes(make([]byte, size))
		if status != fuse.OK {
			t.Fatal(status)
		}
		return got
	}
	second, err := splice.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer splice.Done(second)
	head := make([]byte, 16)
	if err := second.Grow(len(head) + size + os.Getpagesize()); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Writev([][]byte{head}); err != nil {
		t.Fatal(err)
	}
	fd, n := p.Stateful()
	if moved, err := second.LoadFrom(fd, n); err != nil || moved != size {
		t.Fatalf("%d of %d bytes are handed on: %v", moved, size, err)
	}
	got := make([]byte, len(head)+size)
	if n, err := second.Read(got); err != nil || n != len(got) {
		t.Fatalf("%d of %d bytes: %v", n, len(got), err)
	}
	return got[len(head):]
}

// TestPiped answers reads of bytes that lie in pieces.
func TestPiped(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	s := newScattered(t, seed)
	f := &fileSystem{tree: &tree{st: s}, closing: t.Context()}
	n := &inode{ident: ident{kind: file, node: 5}, size: int64(len(s.data))}
	piping, not := 0, 0
	for i := range 400 {
		splice.ClearSplicePool() // so that no pipe is larger than was asked for
		size := leastPiped + r.IntN(maxRead-leastPiped+1)
		if i%3 == 0 {
			size = maxRead
		}
		off := r.IntN(len(s.data) - size)
		least := 1 + r.IntN([]int{10, 5000, 400_000}[i%3])
		s.pieces = nil
		for range r.IntN(100) {
			s.pieces = append(s.pieces, least+r.IntN(least))
		}
		odds := r.IntN(4)
		s.inline = func() bool { return r.IntN(4) < odds }
		buf := make([]byte, size)
		res := f.lend(t.Context(), n, buf, int64(off))
		if res == nil {
			not++
			continue
		}
		piping++
		if res.Size() != size {
			t.Errorf("the answer has %d bytes, want %d", res.Size(), size)
		}
		if got := answered(t, res, size); !bytes.Equal(got, s.data[off:off+size]) {
			t.Errorf("%d bytes from %d on are others", size, off)
		}
		// When the pipe was of no use, the bytes are read again.
		if got, status := res.Bytes(make([]byte, size)); status != fuse.OK || !bytes.Equal(got, s.data[off:off+size]) {
			t.Errorf("read again: %v", status)
		}
		res.Done()
	}
	if piping < 100 || not < 20 || f.pipes.off.Load() {
		t.Errorf("%d reads went through pipes, %d did not", piping, not)
	}
	if splice.Used() > 0 {
		t.Errorf("%d pipes are in use", splice.Used())
	}
}

// What cannot be lent is read.
func TestPiped_failed(t *testing.T) {
	s := newScattered(t, 1)
	f := &fileSystem{tree: &tree{st: s}, closing: t.Context()}
	n := &inode{ident: ident{kind: file, node: 5}, size: int64(len(s.data))}
	s.pieces = []int{50_000, 50_000, 50_000}
	k := 0
	s.spoil = func() error {
		if k++; k == 3 {
			return errors.New("a bad sector")
		}
		return nil
	}
	if res := f.lend(t.Context(), n, make([]byte, maxRead), 0); res != nil || k != 3 {
		t.Errorf("%d pieces, %v", k, res)
	}
	s.spoil = func() error { return nil }
	if err := s.file.Truncate(0); err == nil {
		t.Error("a file that is open for reading was cut off")
	}
	if err := os.Truncate(s.file.Name(), 1000); err != nil {
		t.Fatal(err)
	}
	if res := f.lend(t.Context(), n, make([]byte, maxRead), 0); res != nil {
		t.Error("a file that ends early is lent")
	}
	if splice.Used() > 0 {
		t.Errorf("%d pipes are in use", splice.Used())
	}
}
