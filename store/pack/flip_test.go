package pack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"cairn/store/chunk"
	"cairn/store/object"
)

// decoding has Verify decode, and counts how often.
func decoding(calls *int) func(*Options) {
	codec := chunk.NewCodec(func(n int) ([]byte, error) { return make([]byte, n), nil })
	return func(o *Options) {
		o.Decode = func(ctx context.Context, stored []byte, plain int, use func([]byte) error) error {
			*calls++
			return codec.Decode(ctx, stored, plain, use)
		}
	}
}

// everyKind appends a record of each kind, with and without padding.
func everyKind(b *bench, s *Set) {
	b.append(s.Small(), s.Chunk([]byte("hello, pack")), zstdChunk(s, 100, 'a'), commitRecord(1),
		Record{Type: Tail, Payload: []byte("tail")}, Record{Type: Pad}, Record{Type: Page, Payload: []byte("page")},
		s.Chunk([]byte("the last chunk")))
}

// Every byte of a sealed pack that is flipped is found by Verify, none is harmless; and
// what Read gives is right, or an error.
func TestFlipSealed(t *testing.T) {
	var calls int
	b := newBench(t, decoding(&calls), func(o *Options) { o.MaxBytes = HeaderBytes + 600 })
	s, _ := b.open()
	everyKind(b, s)
	eventually(t, "it is sealed", func() bool { return b.isSealed(1) })
	b.wantClean(s)
	want := readAll(s)
	b.close(s)
	whole := b.file(1)
	f, err := os.OpenFile(s.path(1), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, old := range whole {
		if reserved(i) && i%16 != 0 {
			continue // TestHeaderFlips does them all
		}
		f.WriteAt([]byte{old ^ 1<<(i%8)}, int64(i))
		s, err := Open(ctx, b.opt)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Recover(ctx, b.isSealed, Visitor{}); err != nil {
			t.Fatal(err)
		}
		for n, got := range readAll(s) {
			if got != "" && got != want[n] {
				t.Errorf("byte %d: record %d reads as %q", i, n, got)
			}
		}
		var defects []error
		if err := s.Verify(ctx, 1, true, func(err error) { defects = append(defects, err) }); err != nil {
			t.Errorf("byte %d: %v", i, err)
		}
		if len(defects) == 0 {
			t.Errorf("byte %d of %d was flipped, and nobody saw it", i, len(whole))
		}
		s.Close()
		f.WriteAt([]byte{old}, int64(i))
	}
}

// reserved reports whether byte i is in the reserved part of the header.
func reserved(i int) bool { return i >= 104 && i < HeaderBytes-4 }

// readAll reads the seven records of everyKind; "" stands for an error.
func readAll(s *Set) (out [7]string) {
	for n := range out {
		if b, err := s.Read(ctx, 1, uint32(n), nil); err == nil {
			out[n] = fmt.Sprintf("%q", b)
		}
	}
	return out
}

// Every byte of an open pack that is flipped before a restart is found, but for two
// places. In the zeros behind the last record it is harmless: they are cut off. In the
// last record it looks like the torn write that a crash leaves: the record is cut off,
// with a warning, and whoever refers to it gets an error, never other bytes.
func TestFlipOpen(t *testing.T) {
	var calls int
	fs := object.NewFaults(object.OS())
	for _, site := range []string{"pack.(*Set).examine", "pack.(*Set).syncDirs", "pack.(*Set).seal"} {
		fs.SkipSite(site) // no power fails here
	}
	var log bytes.Buffer
	b := newBench(t, decoding(&calls), func(o *Options) { o.FS, o.Log = fs, textLog(&log) })
	s, _ := b.open()
	everyKind(b, s)
	want := readAll(s)
	last := int(s.small.cur.index.entries[6].Offset) - RecordBytes
	b.close(s)
	records := len(b.file(1))
	whole := append(b.file(1), make([]byte, 100)...)
	count := map[string]int{}
	for i := range whole {
		if reserved(i) && i%16 != 0 {
			continue // TestHeaderFlips does them all
		}
		flipped := slices.Clone(whole)
		flipped[i] ^= 1 << (i % 8)
		b.rewrite(1, flipped)
		clear(b.sealed)
		log.Reset()
		s, err := Open(ctx, b.opt)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Recover(ctx, b.isSealed, Visitor{}); err != nil {
			t.Fatal(err)
		}
		got := readAll(s)
		for n := range got {
			if got[n] != "" && got[n] != want[n] {
				t.Errorf("byte %d: record %d reads as %q", i, n, got[n])
			}
		}
		found := len(b.verify(s)) > 0
		torn := bytes.Contains(log.Bytes(), []byte("torn tail"))
		switch {
		case i >= records:
			count["harmless: zeros"]++
			if got != want || found || !torn {
				t.Errorf("byte %d, behind the records: %v, found %v, torn %v", i, got, found, torn)
			}
		case i >= last && i < last+RecordBytes+len("the last chunk"):
			count["torn: last record"]++
			if got[6] != "" || got[5] != want[5] || found || !torn {
				t.Errorf("byte %d, in the last record: %v, found %v, torn %v", i, got, found, torn)
			}
		default:
			count["found"]++
			if !found {
				t.Errorf("byte %d was flipped, and nobody saw it", i)
			}
		}
		s.Close()
	}
	t.Log(count)
}
