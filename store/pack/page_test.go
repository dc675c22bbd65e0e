package pack

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"cairn/store/meta"
	"cairn/store/object"
)

// forge makes the bytes of a sealed pack with these ordinals, on disk in this order;
// each record holds its ordinal as text.
func forge(h header, ordinals []uint32) []byte {
	b := h.encode()
	var x index
	for _, n := range ordinals {
		p := fmt.Appendf(nil, "record %d", n)
		e := Entry{Type: Tail, Ordinal: n, Offset: int64(len(b)) + RecordBytes, Stored: uint32(len(p)), Plain: uint32(len(p))}
		crcs, whole := blockCRCs(nil, p)
		e.StoredCRC = whole
		b = append(b, make([]byte, RecordBytes)...)
		putRecord(b[len(b)-RecordBytes:], h.marker, &e)
		b = append(append(b, p...), make([]byte, e.end()-e.Offset-int64(len(p)))...)
		x.add(e, crcs)
	}
	slices.SortFunc(x.entries, func(a, b Entry) int { return int(a.Ordinal) - int(b.Ordinal) })
	return append(b, encodeFooter(&h, &x, int64(len(b)))...)
}

// put makes a pack of these bytes that the set knows as sealed.
func (b *bench) put(id meta.PackID, data []byte) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Join(b.opt.Dir, shard(id)), 0o700); err != nil {
		b.t.Fatal(err)
	}
	b.rewrite(id, data)
	b.sealed[id] = Info{ID: id}
}

func (b *bench) header(id meta.PackID) header {
	return header{store: b.opt.Store, key: b.opt.Key, id: id, marker: b.opt.marker()}
}

// countFS counts what is opened and read.
type countFS struct {
	object.FS
	opens, reads, closes atomic.Int64
}

type countFile struct {
	object.File
	fs *countFS
}

func (c *countFS) Open(path string, flag int) (object.File, error) {
	f, err := c.FS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	c.opens.Add(1)
	return &countFile{f, c}, nil
}

func (f *countFile) ReadAt(p []byte, off int64) (int, error) {
	f.fs.reads.Add(1)
	return f.File.ReadAt(p, off)
}

func (f *countFile) Close() error {
	f.fs.closes.Add(1)
	return f.File.Close()
}

// Records of packs whose ordinals have gaps are found, and only those.
func TestGaps(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	b := newBench(t)
	have := map[meta.PackID][]uint32{}
	for id := meta.PackID(1); id <= 12; id++ {
		var ordinals []uint32
		keep := 1 + rng.IntN(10)
		for n := range uint32(1 + rng.IntN(2000)) {
			if rng.IntN(10) < keep || id == 1 && n < 300 {
				ordinals = append(ordinals, n)
			}
		}
		have[id] = slices.Clone(ordinals)
		h := b.header(id)
		if keep < 10 {
			h.generation = 1
			rng.Shuffle(len(ordinals), func(i, j int) { ordinals[i], ordinals[j] = ordinals[j], ordinals[i] })
		}
		b.put(id, forge(h, ordinals))
	}
	s, _ := b.open()
	for id, ordinals := range have {
		for range 300 {
			first, count := rng.Uint32N(2010), rng.Uint32N(130)
			i, _ := slices.BinarySearch(ordinals, first)
			there := i+int(count) <= len(ordinals)
			for k := range count {
				there = there && ordinals[i+int(k)] == first+k
			}
			es, err := s.Entries(ctx, id, first, count)
			if first > 0 && count == 0 {
				continue // nothing asked for, nothing promised
			}
			if there != (err == nil) || err != nil && !errors.Is(err, ErrNotFound) || there && len(es) != int(count) {
				t.Fatalf("pack %d, %d+%d: got %d entries, %v; there: %v", id, first, count, len(es), err, there)
			}
			for k, e := range es {
				if e.Ordinal != first+uint32(k) {
					t.Fatalf("pack %d: entry %d has ordinal %d", id, first+uint32(k), e.Ordinal)
				}
			}
		}
		for _, n := range ordinals[:min(20, len(ordinals))] {
			b.wantRead(s, id, n, fmt.Appendf(nil, "record %d", n))
		}
	}
	b.wantErr(s, 1, 1<<31, ErrNotFound)
	if _, err := s.Entries(ctx, 1, 1<<32-1, 1<<32-1); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	b.wantClean(s)
}

// A record of a sealed pack costs one page, and nothing when that is known.
func TestReadsOfFooter(t *testing.T) {
	fs := &countFS{FS: object.OS()}
	b := newBench(t, func(o *Options) { o.FS = fs })
	all := make([]uint32, 5000)
	for i := range all {
		all[i] = uint32(i)
	}
	b.put(1, forge(b.header(1), all))
	s, _ := b.open()
	fs.opens.Store(0)
	fs.reads.Store(0)
	step := func(what string, wantReads, wantOpens int64, do func()) {
		t.Helper()
		do()
		if r, o := fs.reads.Swap(0), fs.opens.Swap(0); r != wantReads || o != wantOpens {
			t.Errorf("%s: %d reads and %d opens, want %d and %d", what, r, o, wantReads, wantOpens)
		}
	}
	read := func(n uint32) func() {
		return func() { b.wantRead(s, 1, n, fmt.Appendf(nil, "record %d", n)) }
	}
	step("trailer, header, page, payload", 4, 1, read(2600))
	step("the same page", 1, 0, read(2601))
	step("another", 2, 0, read(4999))
	step("entries over two pages", 2, 0, func() {
		if es, err := s.Entries(ctx, 1, 50, 20); err != nil || len(es) != 20 || es[19].Ordinal != 69 {
			t.Error(es, err)
		}
	})
	s.cache.forget(s.packs[1])
	step("all over again", 4, 0, read(2600))
}

func TestPageCacheIsBounded(t *testing.T) {
	c := newFooters(1 << 20)
	packs := make([]*pack, 10_000)
	for i := range packs {
		packs[i] = &pack{id: meta.PackID(i)}
		c.putPage(pageKey{packs[i%100], i}, []Entry{{Ordinal: uint32(i)}})
		c.putTrailer(packs[i], &trailer{id: meta.PackID(i)})
	}
	pages, trailers := 0, 0
	for i := range c.pages {
		pages += len(c.pages[i].byKey)
		trailers += len(c.trailers[i].byKey)
		if c.pages[i].order.Len() != len(c.pages[i].byKey) {
			t.Error("list and map differ")
		}
	}
	if pages*pageCost > 1<<20 || pages*pageCost < 1<<19 || trailers > maxTrailers || trailers < maxTrailers/2 {
		t.Errorf("%d pages, %d trailers", pages, trailers)
	}
	if p, ok := c.page(pageKey{packs[99], 9999}); !ok || p[0].Ordinal != 9999 {
		t.Error("the newest page is not there")
	}
	c.forget(packs[99])
	if _, ok := c.page(pageKey{packs[99], 9999}); ok {
		t.Error("forgotten, and still there")
	}
}

// A page that fails is found when it is used: the records are read instead, once,
// however many ask. The other pages and packs go on.
func TestBadPage(t *testing.T) {
	fs := &countFS{FS: object.OS()}
	b := newBench(t, func(o *Options) { o.FS = fs })
	ordinals := make([]uint32, 200)
	for i := range ordinals {
		ordinals[i] = uint32(i)
	}
	data := forge(b.header(1), ordinals)
	pages := len(data) - trailerBytes - int(footerBytes(200, 200))
	data[pages+pageBytes+5] ^= 1
	b.put(1, data)
	s, _ := b.open()
	b.wantRead(s, 1, 3, []byte("record 3"))
	b.wantRead(s, 1, 199, []byte("record 199"))
	if s.Packs()[0].Damaged {
		t.Error("damaged before the page was used")
	}
	fs.opens.Store(0)
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() { b.wantRead(s, 1, uint32(60+i), fmt.Appendf(nil, "record %d", 60+i)) })
	}
	wait.Wait()
	if !s.Packs()[0].Damaged {
		t.Error("not damaged")
	}
	if n := fs.opens.Load(); n > 20+1 {
		t.Errorf("%d opens: the records were read more than once", n)
	}
	b.wantErr(s, 1, 200, ErrCorrupt)
	if len(b.verify(s)) == 0 {
		t.Error("not found by verify")
	}
}

func TestMissingAndShort(t *testing.T) {
	b := newBench(t)
	for id := meta.PackID(1); id <= 3; id++ {
		h := b.header(id)
		b.put(id, forge(h, []uint32{0, 1, 2}))
	}
	s, _ := b.open()
	os.Remove(s.path(1))
	b.wantErr(s, 1, 0, os.ErrNotExist)
	os.Truncate(s.path(2), HeaderBytes+100)
	b.wantRead(s, 2, 0, []byte("record 0"))
	b.wantErr(s, 2, 1, ErrCorrupt)
	os.Truncate(s.path(3), 100)
	b.wantErr(s, 3, 0, ErrCorrupt)
	b.close(s)
	b.sealed[1] = Info{} // the database knows it, the folder does not
	s, _ = b.open()
	b.wantErr(s, 1, 0, ErrNotFound)
}

// Every open and every read fails once: the caller gets the error or the record, the
// next caller the record, and the pack is not taken for damaged.
func TestEveryReadFault(t *testing.T) {
	for _, op := range []object.Op{object.OpOpen, object.OpRead} {
		for n := 1; ; n++ {
			f := object.NewFaults(object.OS())
			b := newBench(t, func(o *Options) { o.FS = f })
			h := b.header(1)
			h.generation = 1
			b.put(1, forge(h, []uint32{0, 7, 200, 201, 65535}))
			s, _ := b.open()
			f.Fail(op, n, nil)
			for range 2 {
				got, err := s.Read(ctx, 1, 201, nil)
				if err != nil && !errors.Is(err, object.ErrInjected) || err == nil && string(got) != "record 201" {
					t.Errorf("%s %d: %q, %v", op, n, got, err)
				}
			}
			if err := s.Verify(ctx, 1, true, func(err error) { t.Errorf("%s %d: %v", op, n, err) }); err != nil && !errors.Is(err, object.ErrInjected) {
				t.Errorf("%s %d: %v", op, n, err)
			}
			last := len(f.Pending()) > 0
			f.Clear()
			b.wantRead(s, 1, 201, []byte("record 201"))
			b.wantClean(s)
			if s.handles.open != 1 || s.Packs()[0].Damaged {
				t.Errorf("%s %d: %d files open, %+v", op, n, s.handles.open, s.Packs()[0])
			}
			if last {
				break
			}
		}
	}
}

// A span is what Entries gives, less what lies before its first byte and behind its
// last record, of a pack that is open and of one that is sealed.
func TestSpan(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, 0))
	b := newBench(t)
	s, _ := b.open()
	l := s.Lease()
	var place Place
	for i := range 300 {
		size := rng.IntN(5) * 100 // empty ones too
		p := b.append(l, Record{Type: Page, Payload: bytes.Repeat([]byte{byte(i)}, size), Plain: size})
		if i == 0 {
			place = p
		}
	}
	check := func(t *testing.T, s *Set) {
		t.Helper()
		for range 2000 {
			first, count := rng.Uint32N(300), rng.Uint32N(310)
			all, err := s.Entries(ctx, place.Pack, first, count)
			off, most := rng.Int64N(62_000)-1000, 1+rng.IntN(80)
			got, before, _, err2 := s.Span(ctx, place.Pack, first, count, off, most, nil)
			if count > 0 && first+count > 300 {
				if !errors.Is(err, ErrNotFound) || !errors.Is(err2, ErrNotFound) {
					t.Fatalf("%d+%d of 300 records: %v, %v", first, count, err, err2)
				}
				continue
			}
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			want, skipped := all, int64(0)
			for len(want) > 0 && skipped+int64(want[0].Plain) <= off {
				skipped += int64(want[0].Plain)
				want = want[1:]
			}
			if want = want[:min(most, len(want))]; !slices.Equal(got, want) || before != skipped {
				t.Fatalf("%d+%d from byte %d, at most %d: %d entries behind %d bytes, want %d behind %d",
					first, count, off, most, len(got), before, len(want), skipped)
			}
		}
	}
	check(t, s)
	b.close(s)
	s, _ = b.open() // which seals what a crash or an end left open
	if p := s.packs[place.Pack]; p.index != nil {
		t.Error("the pack is still open")
	}
	check(t, s)
}
