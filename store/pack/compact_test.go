package pack

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"cairn/store/meta"
	"cairn/store/object"
)

// compactable is a set with one sealed pack of n records, of different types and lengths.
func compactable(t *testing.T, n int, change ...func(*Options)) (*bench, *Set, [][]byte) {
	b := newBench(t, append(change, func(o *Options) { o.MaxBytes = 8 << 20 })...)
	s, _ := b.open()
	var data [][]byte
	l := s.Lease()
	for i := range n {
		d := content([]int{0, 5, 100, BlockBytes, BlockBytes + 1, 200_000}[i%6], byte(i))
		data = append(data, d)
		switch i % 7 {
		case 3:
			b.append(l, commitRecord(uint64(i)))
			data[i] = commitRecord(uint64(i)).Payload
		case 5:
			b.append(l, Record{Type: Tail, Payload: d})
		default:
			b.append(l, s.Chunk(d))
		}
	}
	s.Return(l)
	if ok, err := s.SealOpen(t.Context(), 1); !ok || err != nil {
		t.Fatalf("sealed: %v, %v", ok, err)
	}
	return b, s, data
}

func (b *bench) compact(s *Set, id meta.PackID, keep func(*Entry) bool) Info {
	b.t.Helper()
	if !s.Drain(id) {
		b.t.Fatal("it does not drain")
	}
	in, err := s.Compact(b.t.Context(), id, keep, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	s.Undrain(id)
	return in
}

// What is kept has the ordinals and the bytes that it had, before and after a restart, and
// again when it is compacted a second time.
func TestCompact(t *testing.T) {
	b, s, data := compactable(t, 100, withHints)
	rng := rand.New(rand.NewPCG(3, 4))
	kept := map[uint32]bool{}
	for i := range data {
		kept[uint32(i)] = rng.IntN(3) > 0
	}
	check := func(s *Set) {
		t.Helper()
		for i, d := range data {
			if kept[uint32(i)] {
				b.wantRead(s, 1, uint32(i), d)
			} else {
				b.wantErr(s, 1, uint32(i), ErrNotFound)
			}
			if i%7 == 3 || i%7 == 5 || len(d) == 0 {
				continue
			}
			if _, ok := b.find(s, s.Chunk(d).ID, len(d)); ok != kept[uint32(i)] {
				t.Errorf("record %d is found: %v", i, ok)
			}
		}
		b.wantClean(s)
	}
	for generation := uint32(1); generation <= 2; generation++ {
		if generation == 2 {
			for i := range data {
				kept[uint32(i)] = kept[uint32(i)] && rng.IntN(2) > 0
			}
		}
		var room Room
		in := b.compact(s, 1, func(e *Entry) bool {
			if kept[e.Ordinal] {
				room.Add(e)
			}
			return kept[e.Ordinal]
		})
		if info, err := s.Summary(t.Context(), 1); err != nil || info.Generation != generation || info.Bytes != in.Bytes || info.Records != in.Records {
			t.Errorf("its summary: %+v, %v; want %+v", info, err, in)
		}
		if in.Bytes != room.Bytes() || in.Records != room.Records() {
			t.Errorf("%d bytes, %d records, want %d and %d", in.Bytes, in.Records, room.Bytes(), room.Records())
		}
		if fi, err := os.Stat(s.path(1)); err != nil || fi.Size() != in.Bytes {
			t.Errorf("the file: %v, %v", fi, err)
		}
		check(s)
		b.close(s)
		s, _ = b.open()
		check(s)
	}
	// Without its footer it is read by its records.
	b.close(s)
	if err := os.Truncate(s.path(1), readFile(t, s.path(1))-10); err != nil {
		t.Fatal(err)
	}
	s, _ = b.open()
	for i, d := range data {
		if kept[uint32(i)] {
			b.wantRead(s, 1, uint32(i), d)
		}
	}
}

func readFile(t *testing.T, path string) int64 {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi.Size()
}

// A pack that somebody may still come to refer to is not compacted, nor one that is open.
func TestCompactRefused(t *testing.T) {
	b, s, _ := compactable(t, 10, withHints)
	all := func(e *Entry) bool { return e.Ordinal > 0 }
	refused := func(id meta.PackID, want error) {
		t.Helper()
		if _, err := s.Compact(t.Context(), id, all, nil); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	refused(1, ErrPinned)
	refused(9, ErrNotFound)
	if place, ok := s.Find(s.Chunk(content(5, 1)).ID, 5); !ok || place.Pack != 1 {
		t.Fatalf("found %v, %v", place, ok)
	}
	s.Drain(1)
	refused(1, ErrPinned) // by who found it
	s.Unpin(1)
	at := b.append(s.Small(), s.Chunk(content(5, 9)))
	s.Drain(at.Pack)
	refused(at.Pack, ErrPinned)
	for _, keep := range []func(*Entry) bool{func(*Entry) bool { return true }, func(*Entry) bool { return false }} {
		if _, err := s.Compact(t.Context(), 1, keep, nil); err == nil {
			t.Error("compacted with all, or nothing, kept")
		}
	}
	if _, err := os.Stat(s.path(1) + newTail); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it left a file: %v", err)
	}
	b.wantClean(s)
}

// A record that is not what it was is not copied, and the pack stays.
func TestCompactDamaged(t *testing.T) {
	_, s, _ := compactable(t, 10)
	es, err := s.Entries(t.Context(), 1, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(s.path(1), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{0xff, 0, 0xff}, es[0].Offset+70_000)
	f.Close()
	s.Drain(1)
	before, _ := os.ReadFile(s.path(1))
	if _, err := s.Compact(t.Context(), 1, func(e *Entry) bool { return e.Ordinal > 0 }, nil); es[0].Stored > 70_000 && !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if after, _ := os.ReadFile(s.path(1)); !bytes.Equal(before, after) {
		t.Error("the file has changed")
	}
}

// Whoever has the pack open goes on with the bytes that he has the offsets of, and who
// asks while it is replaced gets right ones.
func TestCompactBesideReaders(t *testing.T) {
	b, s, data := compactable(t, 90)
	const last = 88 // of 4 mod 6: a long one
	es, _, of, err := s.Span(t.Context(), 1, last, 1, -1, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Borrow(of)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Return()
	stop := make(chan struct{})
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := g; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				n := uint32(i % len(data))
				got, err := s.Read(t.Context(), 1, n, nil)
				if errors.Is(err, ErrNotFound) {
					continue // gone
				}
				if err != nil || !bytes.Equal(got, data[n]) {
					t.Errorf("record %d: %d bytes, %v", n, len(got), err)
					return
				}
				es, _, of, err := s.Span(t.Context(), 1, n, 1, -1, 1, nil)
				if err != nil {
					continue
				}
				f, err := s.Borrow(of)
				if errors.Is(err, ErrReplaced) {
					continue // and the offsets are of no use
				}
				if err != nil {
					t.Error(err)
					return
				}
				part := make([]byte, es[0].Stored)
				if _, err := f.ReadAt(part, es[0].Offset); err != nil && err != io.EOF || !bytes.Equal(part, data[n]) {
					t.Errorf("record %d by its handle: %v", n, err)
				}
				f.Return()
			}
		})
	}
	for drop := range uint32(20) {
		b.compact(s, 1, func(e *Entry) bool { return e.Ordinal > drop })
	}
	close(stop)
	group.Wait()
	got := make([]byte, es[0].Stored)
	if _, err := h.ReadAt(got, es[0].Offset); err != nil || !bytes.Equal(got, data[last]) {
		t.Errorf("by the old handle: %v", err)
	}
	if _, err := s.Borrow(of); !errors.Is(err, ErrReplaced) {
		t.Errorf("another handle of the old file: %v", err)
	}
}

// Whatever call fails, the pack is the old or the new one, whole, and the set goes on.
func TestCompactEveryFault(t *testing.T) {
	ops := []object.Op{object.OpOpen, object.OpCreate, object.OpRead, object.OpWrite, object.OpSync, object.OpRename, object.OpSyncDir}
	for _, op := range ops {
		for nth := 1; ; nth++ {
			f := object.NewFaults(object.OS())
			b, s, data := compactable(t, 20, func(o *Options) { o.FS = f })
			s.Drain(1)
			f.Add(object.Rule{Op: op, Nth: nth, Keep: 100})
			_, err := s.Compact(t.Context(), 1, func(e *Entry) bool { return e.Ordinal%2 == 0 }, nil)
			over := len(f.Pending()) > 0
			f.Clear()
			if over != (err == nil) {
				t.Errorf("%v %d: %v", op, nth, err)
			}
			if over {
				if nth == 1 {
					t.Errorf("no %v", op)
				}
				break
			}
			s.Undrain(1)
			for _, again := range []bool{false, true} {
				if again {
					b.close(s)
					s, _ = b.open()
				}
				for i, d := range data {
					if i%2 == 0 {
						b.wantRead(s, 1, uint32(i), d)
					}
				}
				b.wantClean(s)
			}
			if left, _ := os.ReadDir(s.opt.Dir + "/01"); len(left) != 1 {
				t.Errorf("%v %d: it left %v", op, nth, left)
			}
			b.close(s)
		}
	}
}

func TestEachEntryAndSealOpen(t *testing.T) {
	b := newBench(t)
	s, _ := b.open()
	l := s.Lease()
	for i := range 200 {
		b.append(l, s.Chunk(content(100, byte(i))))
	}
	list := func() (out []uint32) {
		t.Helper()
		if err := s.EachEntry(t.Context(), 1, func(e *Entry) { out = append(out, e.Ordinal) }); err != nil {
			t.Error(err)
		}
		return out
	}
	open := list()
	if ok, err := s.SealOpen(t.Context(), 1); ok || err != nil {
		t.Errorf("a leased lane's pack was sealed: %v", err)
	}
	s.Return(l)
	if ok, err := s.SealOpen(t.Context(), 1); !ok || err != nil || !b.isSealed(1) {
		t.Errorf("sealed: %v, %v", ok, err)
	}
	if ok, err := s.SealOpen(t.Context(), 1); ok || err != nil {
		t.Errorf("sealed twice: %v", err)
	}
	if sealed := list(); !slices.Equal(open, sealed) || len(sealed) != 200 {
		t.Errorf("%d entries, before %d", len(sealed), len(open))
	}
	if p := b.append(s.Small(), commitRecord(1)); p.Pack != 2 {
		t.Errorf("the next goes to %v", p)
	}
	if ok, err := s.SealOpen(t.Context(), 2); !ok || err != nil {
		t.Errorf("the small lane's: %v, %v", ok, err)
	}
	b.wantClean(s)
}
