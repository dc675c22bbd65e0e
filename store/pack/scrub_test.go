package pack

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/slab"
)

// scrubbing is what a test scrubs with.
func scrubbing(t *testing.T, report func(Defect)) ScrubOptions {
	t.Helper()
	buf, err := slab.Map(256 << 10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slab.Unmap(buf) })
	codec := chunk.NewCodec(func(n int) ([]byte, error) { return make([]byte, n), nil })
	return ScrubOptions{Buf: buf, Decode: codec.DecodeFrom, Pace: func(int64) error { return nil }, Report: report}
}

func (b *bench) scrub(s *Set, id meta.PackID) (out Scrubbed, defects []Defect) {
	b.t.Helper()
	out, err := s.Scrub(b.t.Context(), id, scrubbing(b.t, func(d Defect) { defects = append(defects, d) }))
	if err != nil {
		b.t.Errorf("scrub %x: %v", id, err)
	}
	return out, defects
}

// Every byte of a sealed pack that is flipped under an open set is found; a record counts
// as lost if, and only if, nobody can read it any more.
func TestScrubFlips(t *testing.T) {
	var calls int
	b := newBench(t, decoding(&calls), func(o *Options) { o.MaxBytes = HeaderBytes + 600 })
	s, _ := b.open()
	everyKind(b, s)
	eventually(t, "it is sealed", func() bool { return b.isSealed(1) })
	if out, defects := b.scrub(s, 1); out != (Scrubbed{Records: 7}) || len(defects) > 0 {
		t.Fatalf("whole: %+v, %v", out, defects)
	}
	want := readAll(s)
	path := s.path(1)
	b.close(s)
	s = nil
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lost := 0
	o := scrubbing(t, nil)
	for i, old := range b.file(1) {
		if reserved(i) && i%16 != 0 || i >= HeaderBytes && old == 0 && i%29 != 0 {
			continue // there are many of them
		}
		if s == nil {
			s, _ = b.open()
			readAll(s) // from here on it knows the footer
		}
		f.WriteAt([]byte{old ^ 1<<(i%8)}, int64(i))
		var defects []Defect
		o.Report = func(d Defect) { defects = append(defects, d) }
		out, err := s.Scrub(ctx, 1, o)
		if err != nil || len(defects) == 0 {
			t.Errorf("byte %d: %+v, %v, %v", i, out, defects, err)
		}
		for n, got := range readAll(s) {
			gone := out.Partial && got == "" || slices.ContainsFunc(defects, func(d Defect) bool { return d.Lost && int(d.Ordinal) == n && d.Type != 0 })
			if (got != want[n]) != gone {
				t.Errorf("byte %d: record %d reads as %q; lost: %v", i, n, got, defects)
			}
			if gone {
				lost++
			}
		}
		if f.WriteAt([]byte{old}, int64(i)); out.Partial { // it reads this pack by its records from now on
			s.Close()
			s = nil
		}
	}
	if lost < 40 {
		t.Errorf("%d records were lost: the test does not test that", lost)
	}
}

// Of an open pack what is flushed is read, and no more.
func TestScrubOpen(t *testing.T) {
	b := newBench(t)
	s, _ := b.open()
	first := b.append(s.Small(), s.Chunk(content(300_000, 1)), zstdChunk(s, 100, 'a'))
	b.flush(s, first.Pack)
	b.append(s.Small(), s.Chunk(content(1000, 2)))
	if out, defects := b.scrub(s, 1); out.Records != 2 || len(defects) > 0 {
		t.Errorf("%+v, %v", out, defects)
	}
	data := b.file(1)
	data[HeaderBytes+RecordBytes+77] ^= 1
	b.rewrite(1, data)
	if out, defects := b.scrub(s, 1); out.Records != 2 || len(defects) != 1 || defects[0].Type != Chunk || defects[0].Ordinal != 0 || !defects[0].Lost {
		t.Errorf("%+v, %v", out, defects)
	}
	for i := range 1000 { // more than one batch, sealed in the middle
		b.append(s.Small(), s.Chunk(content(100, byte(i))))
	}
	b.flush(s, first.Pack)
	o := scrubbing(t, func(Defect) {})
	sealed := false
	o.Pace = func(int64) error {
		if !sealed {
			sealed = true
			_, err := s.SealOpen(ctx, 1)
			return err
		}
		return nil
	}
	if out, err := s.Scrub(ctx, 1, o); out.Records != 1003 || err != nil || !b.isSealed(1) {
		t.Errorf("%+v, %v", out, err)
	}
}

// What is appended while an open pack is read, where it has read zeros already, is no
// damage, not even at first sight.
func TestScrubGrowing(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t, func(o *Options) { o.Ahead, o.Log = 1<<20, textLog(&log) })
	s, _ := b.open()
	grow := func() {
		at := b.append(s.Small(), zstdChunk(s, 100, 'a'), s.Chunk(content(1000, 1)))
		b.flush(s, at.Pack)
	}
	grow()
	o := scrubbing(t, func(d Defect) { t.Error(d) })
	decode, left := o.Decode, 100
	o.Decode = func(ctx context.Context, n int, read func([]byte) error, plain int, use func([]byte) error) error {
		err := decode(ctx, n, read, plain, use)
		if left--; left > 0 {
			grow()
		}
		return err
	}
	if out, err := s.Scrub(ctx, 1, o); err != nil || out.Records != 200 || log.Len() > 0 {
		t.Errorf("%+v, %v; %s", out, err, &log)
	}
}

// A pack that is compacted or dropped while it is read is no damaged one.
func TestScrubBesideCompaction(t *testing.T) {
	b, s, _ := compactable(t, 60)
	var defects []Defect
	o := scrubbing(t, func(d Defect) { defects = append(defects, d) })
	data := b.file(1)
	data[len(data)/2] ^= 1 // in a record that goes
	es, err := s.Entries(ctx, 1, 0, 60)
	if err != nil {
		t.Fatal(err)
	}
	bad := slices.IndexFunc(es, func(e Entry) bool { return e.end() > int64(len(data)/2) })
	b.rewrite(1, data)
	done := false
	o.Pace = func(int64) error {
		if !done {
			done = true
			b.compact(s, 1, func(e *Entry) bool { return int(e.Ordinal) != bad })
		}
		return nil
	}
	if out, err := s.Scrub(ctx, 1, o); err != nil || out.Records != 59 || len(defects) > 0 {
		t.Errorf("compacted: %+v, %v, %v", out, defects, err)
	}
	done = false
	o.Pace = func(int64) error {
		if !done {
			done = true
			s.Drain(1)
			return s.Drop(ctx, 1)
		}
		return nil
	}
	if _, err := s.Scrub(ctx, 1, o); !errors.Is(err, ErrNotFound) {
		t.Errorf("dropped: %v", err)
	}
	if _, err := s.Scrub(ctx, 1, o); !errors.Is(err, ErrNotFound) {
		t.Errorf("it was dropped before: %v", err)
	}
}

// What the disk cannot read is lost with the records that it is part of, and no others; an
// error that does not come again is none.
func TestScrubUnreadable(t *testing.T) {
	bad := errors.New("medium error")
	disk := &badDisk{FS: object.OS()}
	b, s, _ := compactable(t, 60, func(o *Options) { o.FS = disk })
	es, err := s.Entries(ctx, 1, 0, 60)
	if err != nil {
		t.Fatal(err)
	}
	e := es[29] // of 200,000 bytes
	disk.err, disk.at = bad, e.Offset+100_000
	if out, defects := b.scrub(s, 1); out.Records != 60 || len(defects) != 1 || int(defects[0].Ordinal) != 29 || !defects[0].Lost || !errors.Is(defects[0].Err, bad) {
		t.Errorf("%+v, %v", out, defects)
	}
	disk.times = 2 // of a long read, and of a short one
	if _, defects := b.scrub(s, 1); len(defects) > 0 {
		t.Errorf("twice: %v", defects)
	}
	disk.times = 0
	disk.err = nil
	if err := os.Remove(s.path(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Scrub(ctx, 1, scrubbing(t, func(Defect) {})); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotFound) {
		t.Errorf("missing: %v", err)
	}
}

// A scrub ends with its context, and with its pace.
func TestScrubEnds(t *testing.T) {
	_, s, _ := compactable(t, 60)
	tired := errors.New("tired")
	o := scrubbing(t, func(Defect) { t.Error("a defect") })
	o.Pace = func(int64) error { return tired }
	if _, err := s.Scrub(ctx, 1, o); !errors.Is(err, tired) {
		t.Errorf("its pace: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	o.Pace = func(int64) error { return nil }
	if _, err := s.Scrub(gone, 1, o); !errors.Is(err, context.Canceled) {
		t.Errorf("its context: %v", err)
	}
}

// badDisk cannot read the byte at.
type badDisk struct {
	object.FS
	err   error
	at    int64
	times int // that it fails; 0: always
}

func (d *badDisk) Open(path string, flag int) (object.File, error) {
	f, err := d.FS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	return badFile{f, d}, nil
}

type badFile struct {
	object.File
	d *badDisk
}

func (f badFile) ReadAt(p []byte, off int64) (int, error) {
	if d := f.d; d.err != nil && off <= d.at && d.at < off+int64(len(p)) {
		err := d.err
		if d.times--; d.times == 0 {
			d.err = nil
		}
		return 0, err
	}
	return f.File.ReadAt(p, off)
}
