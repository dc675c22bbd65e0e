package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/store/meta"
	"cairn/store/object"
)

// mergeable is a set with n sealed packs of a few records each: of pack i, those of even
// ordinals are wanted.
func mergeable(t *testing.T, n int, change ...func(*Options)) (*bench, *Set, map[meta.PackID][][]byte) {
	b := newBench(t, append(change, func(o *Options) { o.MaxBytes = 8 << 20 })...)
	s, _ := b.open()
	data := map[meta.PackID][][]byte{}
	for i := range n {
		l := s.Lease()
		var id meta.PackID
		for j, size := range []int{100 + i, 3, 70_000, 40, 0} {
			d := content(size, byte(i*7+j))
			at := b.append(l, s.Chunk(d))
			id = at.Pack
			data[id] = append(data[id], d)
		}
		c := commitRecord(uint64(i + 1))
		b.append(l, c)
		data[id] = append(data[id], c.Payload)
		s.Return(l)
		if ok, err := s.SealOpen(t.Context(), id); !ok || err != nil {
			t.Fatalf("sealed: %v, %v", ok, err)
		}
	}
	return b, s, data
}

func even(e *Entry) bool { return e.Ordinal%2 == 0 }
func all(*Entry) bool    { return true }

func (b *bench) merge(s *Set, keep func(*Entry) bool, ids ...meta.PackID) []Info {
	b.t.Helper()
	var list []Merging
	for _, id := range ids {
		if !s.Drain(id) {
			b.t.Fatalf("pack %d does not drain", id)
		}
		list = append(list, Merging{id, keep})
	}
	in, err := s.Merge(b.t.Context(), list, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, id := range ids {
		s.Undrain(id)
	}
	return in
}

// wantMerged checks what can be read of packs by every way there is.
func (b *bench) wantMerged(s *Set, data map[meta.PackID][][]byte, kept func(ordinal int) bool, ids ...meta.PackID) {
	b.t.Helper()
	for _, id := range ids {
		for i, d := range data[id] {
			if !kept(i) {
				b.wantErr(s, id, uint32(i), ErrNotFound)
				continue
			}
			b.wantRead(s, id, uint32(i), d)
			es, _, of, err := s.Span(b.t.Context(), id, uint32(i), 1, -1, 1, nil)
			if err != nil {
				b.t.Errorf("span of %d/%d: %v", id, i, err)
				continue
			}
			h, err := s.Borrow(of)
			if err != nil {
				b.t.Error(err)
				continue
			}
			r, err := h.Section(es[0].Offset, int64(es[0].Stored))
			got, rerr := io.ReadAll(r)
			if err != nil || rerr != nil || !bytes.Equal(got, d) {
				b.t.Errorf("section of %d/%d: %d bytes, %v, %v", id, i, len(got), err, rerr)
			}
			if _, file := r.(*io.LimitedReader); !file {
				b.t.Errorf("%d/%d is not sent from the file: %T", id, i, r)
			}
			h.Return()
		}
		if _, defects := b.scrub(s, id); len(defects) > 0 {
			b.t.Errorf("scrub of %d: %v", id, defects)
		}
	}
	b.wantClean(s)
	if err := s.VerifyMerged(b.t.Context(), func(name string, err error) { b.t.Errorf("%s: %v", name, err) }); err != nil {
		b.t.Error(err)
	}
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Packs that are merged read as they did, before and after a restart, and when they are
// merged again; an object goes with its last pack, and takes far less than its packs did.
func TestMerge(t *testing.T) {
	b, s, data := mergeable(t, 6, withHints)
	evens := func(i int) bool { return i%2 == 0 }
	any := func(int) bool { return true }
	in := b.merge(s, even, 1, 2, 3, 4)
	if in[0].Object != 7 || in[3].Object != 7 || in[0].At == in[1].At {
		t.Errorf("they lie at %+v", in)
	}
	for round := range 3 {
		b.wantMerged(s, data, evens, 1, 2, 3, 4)
		b.wantMerged(s, data, any, 5, 6)
		d := data[2][2]
		if place, ok := b.find(s, s.Chunk(d).ID, len(d)); !ok || place.Pack != 2 {
			t.Errorf("round %d: found %v, %v", round, place, ok)
		}
		for _, want := range in {
			got, err := s.Summary(t.Context(), want.ID)
			if err != nil || got.Object != want.Object || got.At != want.At || got.Bytes != want.Bytes || got.Records != want.Records {
				t.Errorf("round %d: %+v, %v, want %+v", round, got, err, want)
			}
		}
		switch round {
		case 0:
			b.close(s)
			s, _ = b.open()
		case 1: // together with one that lies alone
			in = b.merge(s, even, 1, 2, 3, 4)
			if got := files(t, b.opt.Dir); !slices.Equal(got, []string{"0000000000000005.pack", "0000000000000006.pack", "0000000000000008.packs"}) {
				t.Errorf("files: %v", got)
			}
		}
	}
	if at := b.append(s.Small(), s.Chunk([]byte("next"))); at.Pack <= 8 {
		t.Errorf("the number of an object was given again: %d", at.Pack)
	}
	for id := meta.PackID(1); id <= 4; id++ {
		s.Drain(id)
		if err := s.Drop(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if there := slices.Contains(files(t, b.opt.Dir), "0000000000000008.packs"); there != (id < 4) {
			t.Errorf("after %d packs the object is there: %v", id, there)
		}
	}
	b.close(s)
	s, _ = b.open()
	b.wantMerged(s, data, any, 5, 6)
}

// What is small in packs is small in an object.
func TestMergeIsSmall(t *testing.T) {
	b, s, _ := mergeable(t, 20)
	var ids []meta.PackID
	for _, p := range s.Packs() {
		ids = append(ids, p.ID)
	}
	in := b.merge(s, func(e *Entry) bool { return e.Ordinal == 3 }, ids...) // 40 bytes
	for _, i := range in {
		if i.Bytes > 640 {
			t.Errorf("pack %d takes %d bytes", i.ID, i.Bytes)
		}
	}
	var stored int64
	for _, i := range s.Packs() {
		stored += i.Bytes
	}
	fi, err := os.Stat(s.mergedPath(in[0].Object))
	if err != nil || fi.Size() > stored+20*memberBytes+mergedHeaderBytes+mergedTrailerBytes {
		t.Errorf("the object: %v, %v; its packs %d", fi, err, stored)
	}
}

// Only what nobody can come to refer to is merged, and of an object all.
func TestMergeRefused(t *testing.T) {
	b, s, data := mergeable(t, 4)
	b.merge(s, all, 1, 2)
	refused := func(names meta.PackID, ids ...meta.PackID) {
		t.Helper()
		var list []Merging
		for _, id := range ids {
			list = append(list, Merging{id, all})
		}
		before := files(t, b.opt.Dir)
		var which *MergeError
		if _, err := s.Merge(t.Context(), list, nil); !errors.As(err, &which) || which.ID != names {
			t.Errorf("got %v, want it to name %d", err, names)
		}
		if after := files(t, b.opt.Dir); !slices.Equal(before, after) {
			t.Errorf("files: %v", after)
		}
	}
	for id := meta.PackID(1); id <= 3; id++ {
		s.Drain(id)
	}
	refused(4, 3, 4)
	refused(2, 1, 3)
	refused(9, 3, 9)
	refused(3, 3, 3)
	if _, err := s.Compact(t.Context(), 1, even, nil); !errors.Is(err, ErrPinned) {
		t.Errorf("a pack in an object was compacted: %v", err)
	}
	any := func(int) bool { return true }
	b.wantMerged(s, data, any, 1, 2, 3, 4)
	// One that is damaged is named, and nothing changes.
	es, err := s.Entries(t.Context(), 3, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(s.path(3), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{0xff, 0, 0xff}, es[0].Offset+20)
	f.Close()
	s.Drain(4)
	refused(3, 4, 3)
}

// Whatever call fails, and whether the process goes on or dies there, every pack is whole.
func TestMergeEveryFault(t *testing.T) {
	ops := []object.Op{object.OpOpen, object.OpCreate, object.OpRead, object.OpWrite, object.OpSync, object.OpRename, object.OpSyncDir, object.OpRemove}
	for _, op := range ops {
		for nth := 1; ; nth++ {
			f := object.NewFaults(object.OS())
			b, s, data := mergeable(t, 4, func(o *Options) { o.FS = f })
			b.merge(s, all, 1, 2)
			list := []Merging{}
			for id := meta.PackID(1); id <= 4; id++ {
				s.Drain(id)
				list = append(list, Merging{id, even})
			}
			f.Add(object.Rule{Op: op, Nth: nth, Keep: 100})
			_, err := s.Merge(t.Context(), list, nil)
			over := len(f.Pending()) > 0
			f.Clear()
			if over && err != nil {
				t.Errorf("%v %d: %v", op, nth, err)
			}
			if over {
				if nth == 1 {
					t.Errorf("no %v", op)
				}
				break
			}
			for id := meta.PackID(1); id <= 4; id++ {
				s.Undrain(id)
			}
			for again := range 3 {
				if again > 0 {
					b.close(s)
					s, _ = b.open()
				}
				for id := meta.PackID(1); id <= 4; id++ {
					for i := 0; i < len(data[id]); i += 2 {
						b.wantRead(s, id, uint32(i), data[id][i])
					}
				}
				b.wantClean(s)
				if again == 1 {
					if _, err := s.Tidy(t.Context()); err != nil {
						t.Errorf("%v %d: tidy: %v", op, nth, err)
					}
					if got := files(t, b.opt.Dir); len(got) != 1 && len(got) != 3 {
						t.Errorf("%v %d: files %v", op, nth, got)
					}
				}
			}
			b.close(s)
		}
	}
}

// Files that a crash leaves twice go, after a look at what counts; what is not what it
// seems stays.
func TestTidy(t *testing.T) {
	b, s, data := mergeable(t, 5)
	keep := func(id meta.PackID) []byte { return b.file(id) }
	one, two := keep(1), keep(2)
	b.merge(s, all, 1, 2)
	object7, err := os.ReadFile(s.mergedPath(6))
	if err != nil {
		t.Fatal(err)
	}
	b.merge(s, all, 1, 2, 3)
	b.close(s)
	write := func(path string, bytes []byte) {
		t.Helper()
		if err := os.WriteFile(path, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(s.path(1), one)
	write(s.path(2), append(bytes.Clone(two[:24]), append([]byte("another store...."), two[41:]...)...)) // its header is torn
	write(s.mergedPath(6), object7)
	write(s.mergedPath(7)+newTail, object7[:1000])
	any := func(int) bool { return true }
	s, _ = b.open()
	b.wantMerged(s, data, any, 1, 2, 3, 4, 5)
	if freed, err := s.Tidy(t.Context()); err != nil || freed != int64(len(one)+len(object7)) {
		t.Errorf("freed %d, %v", freed, err)
	}
	want := []string{"0000000000000002.pack", "0000000000000004.pack", "0000000000000005.pack", "0000000000000007.packs"}
	if got := files(t, b.opt.Dir); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	b.wantMerged(s, data, any, 1, 2, 3, 4, 5)
	// If what counts is damaged, nothing goes.
	b.close(s)
	write(s.mergedPath(6), object7)
	f, err := os.OpenFile(s.mergedPath(7), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte("damage"), 2000)
	f.Close()
	s, _ = b.open()
	if freed, err := s.Tidy(t.Context()); err != nil || freed != 0 {
		t.Errorf("freed %d, %v", freed, err)
	}
	if got := files(t, b.opt.Dir); !slices.Contains(got, "0000000000000006.packs") {
		t.Errorf("files %v", got)
	}
}

// Every byte of an object that is flipped is found, and what is read is right or an error;
// without a directory the packs are found by their blocks.
func TestFlipMerged(t *testing.T) {
	b := newBench(t)
	s, _ := b.open()
	want := map[meta.PackID]string{}
	for i := range 2 {
		l := s.Lease()
		d := strings.Repeat("content ", 3+i)
		at := b.append(l, s.Chunk([]byte(d)))
		want[at.Pack] = d
		s.Return(l)
		s.SealOpen(t.Context(), at.Pack)
	}
	id := b.merge(s, all, 1, 2)[0].Object
	path := s.mergedPath(id)
	b.close(s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gone := 0
	for i, old := range whole {
		f.WriteAt([]byte{old ^ 1<<(i%8)}, int64(i))
		s, err := Open(ctx, b.opt)
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		if err := s.Recover(ctx, b.isSealed, Visitor{}); err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		var defects []string
		report := func(err error) { defects = append(defects, err.Error()) }
		if err := s.VerifyMerged(ctx, func(name string, err error) { report(fmt.Errorf("%s: %w", name, err)) }); err != nil {
			t.Errorf("byte %d: %v", i, err)
		}
		for id, d := range want {
			got, err := s.Read(ctx, id, 0, nil)
			if err == nil && string(got) != d {
				t.Errorf("byte %d: pack %d reads as %q", i, id, got)
			}
			if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotFound) {
				t.Errorf("byte %d: %v", i, err)
			}
			if err != nil {
				gone++
			}
			if err := s.Verify(ctx, id, true, report); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrCorrupt) {
				t.Errorf("byte %d: %v", i, err)
			}
		}
		if len(defects) == 0 {
			t.Errorf("byte %d of %d was flipped, and nobody saw it", i, len(whole))
		}
		if i >= len(whole)-mergedTrailerBytes-2*memberBytes && gone > 0 && i == len(whole)-1 {
			t.Logf("%d reads of %d failed", gone, 2*len(whole))
		}
		s.Close()
		f.WriteAt([]byte{old}, int64(i))
	}
	if gone > len(whole) { // one in two: mostly the other one is there
		t.Errorf("%d reads of %d failed", gone, 2*len(whole))
	}
}
