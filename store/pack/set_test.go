package pack

import (
	"errors"
	"slices"
	"testing"

	"cairn/store/meta"
)

func TestRoundTrip(t *testing.T) {
	b := newBench(t)
	s, _ := b.open()
	data := [][]byte{content(1<<20, 1), content(5, 2), {}, content(BlockBytes, 3), content(3*BlockBytes+1, 4)}
	var recs []Record
	for _, d := range data {
		recs = append(recs, s.Chunk(d))
	}
	l := s.Lease()
	first := b.append(l, recs[:2]...)
	second := b.append(l, recs[2:]...)
	s.Return(l)
	c := b.append(s.Small(), commitRecord(7), Record{Type: Tail, Payload: []byte("tail")})
	b.flush(s, first.Pack, c.Pack)

	if want := (Place{1, 0, 2}); first != want {
		t.Errorf("first: got %v, want %v", first, want)
	}
	if want := (Place{1, 2, 3}); second != want {
		t.Errorf("second: got %v, want %v", second, want)
	}
	check := func(s *Set) {
		t.Helper()
		for i, d := range data {
			b.wantRead(s, 1, uint32(i), d)
		}
		b.wantRead(s, c.Pack, 0, []byte("commit 7"))
		b.wantRead(s, c.Pack, 1, []byte("tail"))
		b.wantErr(s, 1, 5, ErrNotFound)
		b.wantErr(s, 99, 0, ErrNotFound)
		es, err := s.Entries(ctx, 1, 1, 4)
		if err != nil || len(es) != 4 || es[0].ID != recs[1].ID || es[3].PlainCRC != recs[4].PlainCRC {
			t.Errorf("entries: %v, %v", es, err)
		}
		if _, err := s.Entries(ctx, 1, 3, 3); !errors.Is(err, ErrNotFound) {
			t.Errorf("entries behind the end: %v", err)
		}
		b.wantClean(s)
	}
	check(s)
	b.close(s)

	b.opt.Skip = 10
	s, got := b.open()
	check(s)
	if want := []visited{{7, "commit 7"}}; !slices.Equal(got, want) {
		t.Errorf("visited %v, want %v", got, want)
	}
	// Neither pack goes on: a new run has new packs, with ids that leave room.
	if p := b.append(s.Small(), commitRecord(8)); p != (Place{2 + 10 + 1, 0, 1}) {
		t.Errorf("small lane goes on at %v", p)
	}
	if p := b.append(s.Lease(), s.Chunk(data[0])); p != (Place{2 + 10 + 2, 0, 1}) {
		t.Errorf("data lane goes on at %v", p)
	}
	b.wantClean(s)
}

func TestRotateAndSeal(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBytes = 300 << 10 })
	s, _ := b.open()
	l := s.Lease()
	var places []Place
	for i := range 20 {
		places = append(places, b.append(l, s.Chunk(content(64<<10, byte(i)))))
	}
	b.flush(s, 1, 2, 3, 4, 5)
	for i, p := range places {
		if want := (Place{meta.PackID(i/4 + 1), uint32(i % 4), 1}); p != want {
			t.Errorf("record %d: got %v, want %v", i, p, want)
		}
	}
	eventually(t, "four packs are sealed", func() bool {
		return b.isSealed(1) && b.isSealed(2) && b.isSealed(3) && b.isSealed(4)
	})
	if i := b.sealed[2]; i.Records != 4 || !i.Sealed || i.Bytes != int64(len(b.file(2))) {
		t.Errorf("info: %+v", i)
	}
	check := func(s *Set) {
		for i, p := range places {
			b.wantRead(s, p.Pack, p.First, content(64<<10, byte(i)))
		}
		b.wantClean(s)
	}
	check(s)
	b.close(s)
	s, _ = b.open()
	check(s)

	store, key, err := FindKey(ctx, b.opt.FS, b.opt.Dir)
	if store != b.opt.Store || key != b.opt.Key || err != nil {
		t.Errorf("FindKey: %x %x %v", store, key, err)
	}
}

func TestSealedButNotRegistered(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBytes = 100 << 10 })
	s, _ := b.open()
	for lsn := range uint64(3) {
		b.append(s.Small(), s.Chunk(content(60<<10, 1)), commitRecord(lsn+1))
	}
	b.close(s)
	if len(b.sealed) != 2 {
		t.Fatalf("sealed: %v", b.sealed)
	}
	clear(b.sealed) // as if the process had died before it could write them down
	s, got := b.open()
	eventually(t, "they are reported again", func() bool { return b.isSealed(1) && b.isSealed(2) })
	if want := []visited{{1, "commit 1"}, {2, "commit 2"}, {3, "commit 3"}}; !slices.Equal(got, want) {
		t.Errorf("visited %v, want %v", got, want)
	}
	if i := b.sealed[2]; i.FirstLSN != 2 || i.LastLSN != 2 || i.Records != 2 {
		t.Errorf("info: %+v", i)
	}
	b.wantClean(s)
}

// A checkpoint stands for commits, and is none of those that the packs have.
func TestHasCommits(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBytes = 100 << 10 })
	s, _ := b.open()
	for lsn := range uint64(3) {
		b.append(s.Small(), s.Chunk(content(60<<10, 1)), commitRecord(lsn+1))
	}
	b.append(s.Lease(), Record{Type: Checkpoint, LSN: 4, Payload: []byte("all rows")})
	b.append(s.Small(), s.Chunk(content(60<<10, 1)), commitRecord(5))
	has := func(s *Set) {
		t.Helper()
		for upto, want := range []bool{true, true, true, true, false, false} {
			if ok, err := s.HasCommits(t.Context(), 0, uint64(upto)); ok != want || err != nil {
				t.Errorf("up to %d: %v, %v", upto, ok, err)
			}
		}
	}
	has(s)
	b.close(s)
	s, _ = b.open()
	has(s)
	b.close(s)
	s, _ = b.open() // as sealed packs, by their trailers
	has(s)
}

func TestNumbersAreNotUsedAgain(t *testing.T) {
	b := newBench(t, func(o *Options) { o.After = 0x1ff })
	s, _ := b.open()
	if p := b.append(s.Small(), commitRecord(1)); p.Pack != 0x200 {
		t.Errorf("got pack %x, want 200", p.Pack)
	}
}

func TestLeases(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxLanes = 3 })
	s, _ := b.open()
	a, c := s.Lease(), s.Lease()
	if a == c {
		t.Error("the second lease shares although a lane is to be had")
	}
	d := s.Lease()
	if d != a && d != c {
		t.Error("a third data lane was made")
	}
	s.Return(a)
	s.Return(d)
	if e := s.Lease(); e == c && d != c {
		t.Error("a busy lane was given instead of a free one")
	}
}

func TestOthersPacks(t *testing.T) {
	b := newBench(t)
	s, _ := b.open()
	b.append(s.Small(), commitRecord(1))
	b.close(s)
	whole := b.file(1)
	for _, c := range []struct {
		name   string
		change func(h *header)
		want   error
	}{
		{"store", func(h *header) { h.store[3]++ }, ErrForeign},
		{"feature", func(h *header) { h.incompat = 4 }, ErrVersion},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := parseHeader(whole)
			if err != nil {
				t.Fatal(err)
			}
			c.change(&h)
			b.rewrite(1, append(h.encode(), whole[HeaderBytes:]...))
			s, err := Open(ctx, b.opt)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Recover(ctx, b.isSealed, Visitor{}); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
