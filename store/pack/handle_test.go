package pack

import (
	"errors"
	"io"
	"sync"
	"testing"

	"cairn/store/meta"
	"cairn/store/object"
)

// pooled makes a set with packs of one record each, whose pool keeps max files.
func pooled(t *testing.T, packs, max int) (*bench, *Set, *countFS) {
	fs := &countFS{FS: object.OS()}
	b := newBench(t, func(o *Options) { o.FS = fs })
	for id := meta.PackID(1); id <= meta.PackID(packs); id++ {
		b.put(id, forge(b.header(id), []uint32{0}))
	}
	s, _ := b.open()
	s.handles.max = max
	fs.opens.Store(0)
	fs.closes.Store(0)
	return b, s, fs
}

func borrow(t *testing.T, s *Set, id meta.PackID) *Handle {
	t.Helper()
	h, err := s.BorrowPack(id)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func wantOpen(t *testing.T, what string, fs *countFS, open int64) {
	t.Helper()
	if got := fs.opens.Load() - fs.closes.Load(); got != open {
		t.Errorf("%s: %d files are open, want %d", what, got, open)
	}
}

func TestBorrow(t *testing.T) {
	_, s, fs := pooled(t, 5, 3)
	a, c := borrow(t, s, 1), borrow(t, s, 1)
	wantOpen(t, "two of one pack", fs, 2)
	var sections [2]io.Reader // each has a position of its own
	for i, h := range []*Handle{a, c} {
		r, err := h.Section(HeaderBytes+RecordBytes, 8)
		if err != nil {
			t.Fatal(err)
		}
		sections[i] = r
	}
	for i, r := range sections {
		if text, err := io.ReadAll(r); string(text) != "record 0" || err != nil {
			t.Errorf("section %d: %q, %v", i, text, err)
		}
	}
	x := borrow(t, s, 2)
	x.Return()
	y := borrow(t, s, 2)
	if n := fs.opens.Load(); n != 3 {
		t.Errorf("%d opens: an idle file was not used again", n)
	}
	y.Return()
	borrow(t, s, 3).Return() // takes the place of the idle one of pack 2
	wantOpen(t, "full", fs, 3)
	z, w := borrow(t, s, 4), borrow(t, s, 5)
	wantOpen(t, "more lent than the pool holds", fs, 4)
	z.Return()
	wantOpen(t, "one too many came back", fs, 3)
	w.Return()
	wantOpen(t, "kept", fs, 3)
	for _, h := range []*Handle{a, c} {
		h.Return()
		h.Return()
		wantOpen(t, "returned", fs, 3)
	}
	if _, err := s.BorrowPack(77); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestHandleErrors(t *testing.T) {
	b, f := withFaults(t)
	b.put(1, forge(b.header(1), []uint32{0}))
	s, _ := b.open()
	f.Add(object.Rule{Op: object.OpOpen, Nth: 1})
	if _, err := s.BorrowPack(1); !errors.Is(err, object.ErrInjected) {
		t.Error(err)
	}
	h := borrow(t, s, 1)
	f.Add(object.Rule{Op: object.OpRead, Nth: 1})
	if _, err := h.ReadAt(make([]byte, 1), 0); !errors.Is(err, object.ErrInjected) {
		t.Error(err)
	}
	h.Return()
	if n := s.handles.open; n != 0 {
		t.Errorf("%d open: the file that failed was kept", n)
	}
	h = borrow(t, s, 1)
	if _, err := h.ReadAt(make([]byte, 10), 1<<20); err != io.EOF {
		t.Error(err)
	}
	h.Return()
	if n := s.handles.open; n != 1 {
		t.Errorf("%d open: the end of a file is no failure", n)
	}
	f.Add(object.Rule{Op: object.OpRead, Nth: 1})
	if _, err := s.Read(ctx, 1, 0, nil); !errors.Is(err, object.ErrInjected) {
		t.Error(err)
	}
	b.wantRead(s, 1, 0, []byte("record 0"))
	if s.Packs()[0].Damaged {
		t.Error("a read that failed once is no damage")
	}
}

func TestForgottenAndClosed(t *testing.T) {
	b, s, fs := pooled(t, 3, 10)
	lent := borrow(t, s, 1)
	borrow(t, s, 1).Return()
	b.wantRead(s, 1, 0, []byte("record 0"))
	p := s.packs[1]
	delete(s.packs, 1)
	if err := s.forget(p); err != nil {
		t.Error(err)
	}
	wantOpen(t, "dropped, one lent", fs, 1)
	if n, err := lent.ReadAt(make([]byte, 8), HeaderBytes); n != 8 || err != nil {
		t.Error(n, err)
	}
	lent.Return()
	wantOpen(t, "dropped", fs, 0)
	lent = borrow(t, s, 2)
	borrow(t, s, 3).Return()
	b.close(s)
	wantOpen(t, "closed, one lent", fs, 1)
	lent.Return()
	wantOpen(t, "closed", fs, 0)
	if _, err := s.BorrowPack(2); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestPoolUnderLoad(t *testing.T) {
	_, s, fs := pooled(t, 12, 4)
	var wait sync.WaitGroup
	for w := range 16 {
		wait.Go(func() {
			for i := range 200 {
				id := meta.PackID(1 + (w*7+i)%12)
				h, err := s.BorrowPack(id)
				if err != nil {
					t.Error(err)
					return
				}
				b := make([]byte, HeaderBytes)
				_, err = h.ReadAt(b, 0)
				if got, err2 := parseHeader(b); err != nil || err2 != nil || got.id != id {
					t.Errorf("pack %d: %v %v %d", id, err, err2, got.id)
				}
				h.Return()
			}
		})
	}
	wait.Wait()
	if n := s.handles.open; n > 4 || n != s.handles.order.Len() {
		t.Errorf("%d open, %d idle", n, s.handles.order.Len())
	}
	wantOpen(t, "idle", fs, int64(s.handles.open))
}
