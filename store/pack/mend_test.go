package pack

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"cairn/store/meta"
	"cairn/store/object"
)

// torn makes pack 1 of chunks with a commit in between, as a crash may leave it: of the
// records that lose names the first byte of header or payload is wrong.
func torn(b *bench, lose ...int) (whole []byte, starts []int) {
	b.t.Helper()
	s, _ := b.open()
	recs := []Record{s.Chunk(content(3000, 1)), s.Chunk(content(45, 2)), s.Chunk(nil), s.Chunk(content(200_000, 3)), commitRecord(1), s.Chunk(content(9, 4))}
	for _, r := range recs {
		starts = append(starts, int(s.small.size()))
		b.append(s.Small(), r)
	}
	b.flush(s, 1)
	b.close(s)
	whole = b.file(1)
	tear(whole, starts, lose...)
	b.rewrite(1, whole)
	return whole, starts
}

func tear(data []byte, starts []int, lose ...int) {
	for i, n := range lose {
		at := starts[n]
		if i%2 == 0 && n != 2 { // that one has no payload
			at += RecordBytes
		}
		data[at] ^= 0x55
	}
}

func mendAll(t *testing.T, s *Set) {
	t.Helper()
	done := map[meta.PackID]bool{}
	for _, l := range s.Lost() {
		if !done[l.Pack] {
			done[l.Pack] = true
			if err := s.Mend(t.Context(), l.Pack); err != nil {
				t.Error(err)
			}
		}
	}
}

// wantMended looks at pack 1 of torn: what was not lost is as it was.
func (b *bench) wantMended(s *Set, whole []byte, starts []int, lose ...int) {
	b.t.Helper()
	eventually(b.t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
	info := s.Packs()[0]
	if info.Damaged || !info.Sealed || len(s.Lost()) != 0 {
		b.t.Errorf("lost %v: %+v", lose, info)
	}
	now := b.file(1)
	for i := range starts {
		es, err := s.Entries(ctx, 1, uint32(i), 1)
		if err != nil || (es[0].Type == Pad) != slices.Contains(lose, i) {
			b.t.Errorf("lost %v: record %d: %+v (%v)", lose, i, es, err)
			continue
		}
		if end := int(es[0].end()); !slices.Contains(lose, i) && !bytes.Equal(now[starts[i]:end], whole[starts[i]:end]) {
			b.t.Errorf("lost %v: record %d was changed", lose, i)
		}
	}
	b.wantClean(s)
}

func TestMend(t *testing.T) {
	for _, lose := range [][]int{{0}, {1}, {0, 1}, {1, 2, 3}, {2, 3}, {0, 3}, {1, 3}, {0, 1, 2, 3}, {3}, {4}} {
		b := newBench(t)
		whole, starts := torn(b, lose...)
		s, got := b.open()
		if info := s.Packs()[0]; !info.Damaged || len(got) != 1 && lose[0] != 4 {
			t.Errorf("lost %v: %+v, %d commits", lose, info, len(got))
		}
		if !bytes.Equal(b.file(1), whole) {
			t.Errorf("lost %v: the pack was changed before anybody said that nothing needs it", lose)
		}
		n := 0
		for _, l := range s.Lost() {
			n += int(l.Count)
		}
		if n != len(lose) {
			t.Errorf("lost %v, told of %+v", lose, s.Lost())
		}
		mendAll(t, s)
		b.wantMended(s, whole, starts, lose...)
		b.close(s)
		s, _ = b.open()
		b.wantMended(s, whole, starts, lose...)
	}
}

// A pack whose footer reached the disk, and whose last records did not.
func TestMendBehindFooter(t *testing.T) {
	for _, lose := range [][]int{{0}, {1, 2}, {3}, {1, 3}} {
		b := newBench(t)
		_, starts := torn(b)
		s, _ := b.open()
		eventually(t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
		b.close(s)
		clear(b.sealed)
		whole := b.file(1)
		tear(whole, starts, lose...)
		for _, n := range lose { // header and payload
			whole[starts[n]] ^= 0xff
			whole[starts[n]+RecordBytes] ^= 0xff
		}
		if slices.Contains(lose, 2) {
			whole[starts[2]+RecordBytes] ^= 0xff // it has none: that byte is its neighbour's
		}
		b.rewrite(1, whole)
		s, _ = b.open()
		mendAll(t, s)
		eventually(t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
		if i := s.Packs()[0]; i.Damaged || i.Records != 6 {
			t.Errorf("lost %v: %+v", lose, i)
		}
		b.wantRead(s, 1, 5, content(9, 4))
		b.wantClean(s)
	}
}

// A header that is lost behind a whole footer is written again.
func TestHeaderFromFooter(t *testing.T) {
	b := newBench(t)
	_, starts := torn(b)
	s, _ := b.open()
	eventually(t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
	b.close(s)
	whole := b.file(1)
	clear(b.sealed)
	data := slices.Clone(whole)
	clear(data[starts[3] : starts[3]+RecordBytes])
	b.rewrite(1, data)
	look, err := Open(t.Context(), b.opt)
	if err != nil {
		t.Fatal(err)
	}
	if in, err := look.Inspect(t.Context(), 1, false); err != nil || in.Heads != 1 || in.Damaged || len(b.verify(look)) > 0 {
		t.Errorf("%+v (%v)", in, err)
	}
	look.Close()
	s, _ = b.open()
	if !bytes.Equal(b.file(1), whole) {
		t.Error("the pack is not as it was")
	}
	b.wantClean(s)
}

// What cannot come of a crash, or is not known to, is not offered.
func TestNoMend(t *testing.T) {
	b := newBench(t)
	s, _ := b.open()
	for n := range uint64(4) {
		b.append(s.Small(), commitRecord(n+1), s.Chunk(content(300, byte(n))))
	}
	b.flush(s, 1)
	b.close(s)
	whole := b.file(1)
	for name, change := range map[string]func(p []byte){
		"a commit between others": func(p []byte) { p[bytes.Index(p, []byte("commit 3"))] ^= 1 },
		"the header of the pack": func(p []byte) {
			p[90] ^= 1
			p[bytes.Index(p, content(300, 1))] ^= 1
		},
		"an unknown ro_compat flag": func(p []byte) {
			h, _ := parseHeader(p[:HeaderBytes])
			h.roCompat = 1
			copy(p, h.encode())
			p[bytes.Index(p, content(300, 1))] ^= 1
		},
	} {
		data := slices.Clone(whole)
		change(data)
		b.rewrite(1, data)
		clear(b.sealed)
		s, _ := b.open()
		if lost := s.Lost(); len(lost) > 0 {
			t.Errorf("%s: %+v", name, lost)
		}
		if err := s.Mend(t.Context(), 1); err == nil {
			t.Errorf("%s: mended", name)
		}
		b.close(s)
		if !bytes.Equal(b.file(1), data) {
			t.Errorf("%s: the pack was changed", name)
		}
	}
}

// Mending may end at any of its calls, and a write in it halfway: it can be done again.
func TestMendInterrupted(t *testing.T) {
	for n := 1; ; n++ {
		b := newBench(t)
		whole, starts := torn(b, 1, 2, 3)
		stop := &stopAt{FS: object.OS(), n: -1}
		b.opt.FS = stop
		s, _ := b.open()
		stop.n = n
		err := s.Mend(t.Context(), 1)
		over := stop.n > 0
		stop.n = -1
		s.Close()
		b.opt.FS = object.OS()
		clear(b.sealed)
		s, _ = b.open()
		mendAll(t, s)
		b.wantMended(s, whole, starts, 1, 2, 3)
		b.close(s)
		if over {
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
}

// stopAt fails all calls that change a file from the n-th on; the n-th write is made in
// part.
type stopAt struct {
	object.FS
	n int
}

type stopFile struct {
	object.File
	s *stopAt
}

func (s *stopAt) Open(path string, flag int) (object.File, error) {
	f, err := s.FS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	return &stopFile{f, s}, nil
}

func (s *stopAt) stop() bool {
	if s.n > 0 {
		s.n--
	}
	return s.n == 0
}

func (f *stopFile) WriteAt(p []byte, off int64) (int, error) {
	before := f.s.n
	if f.s.stop() {
		if before == 1 {
			f.File.WriteAt(p[:len(p)/2], off)
		}
		return 0, os.ErrClosed
	}
	return f.File.WriteAt(p, off)
}

func (f *stopFile) Truncate(size int64) error {
	if f.s.stop() {
		return os.ErrClosed
	}
	return f.File.Truncate(size)
}

func (f *stopFile) Sync() error {
	if f.s.stop() {
		return os.ErrClosed
	}
	return f.File.Sync()
}
