package pack

import (
	"bytes"
	"os"
	"slices"
	"testing"
)

// Space allocated ahead is no tail, but what a crash tore is, zeros behind it or not.
func TestZerosAhead(t *testing.T) {
	var log bytes.Buffer
	for _, c := range []struct {
		name    string
		ahead   int
		torn    []byte
		wantLog bool
	}{
		{"few zeros", 5, nil, false},
		{"many zeros", 64 << 20, nil, false},
		{"a torn record, then zeros", 64 << 20, bytes.Repeat([]byte{7}, 100), true},
		{"zeros, then not", 1 << 20, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			log.Reset()
			b := newBench(t, func(o *Options) { o.Log = textLog(&log) })
			whole, _ := threeRecords(b)
			torn := slices.Clone(c.torn)
			if torn != nil { // a whole header, and a payload that is not
				e := Entry{Type: Tail, Ordinal: 3, Stored: 5000, Plain: 5000}
				torn = append(make([]byte, RecordBytes), torn...)
				putRecord(torn, marker(whole[HeaderBytes:]), &e)
			}
			data := append(slices.Clone(whole), torn...)
			data = append(data, make([]byte, c.ahead)...)
			if c.name == "zeros, then not" {
				data[len(data)-1] = 1
			}
			b.rewrite(1, data)
			s, got := b.open()
			if i := s.Packs()[0]; i.Damaged || i.Records != 3 || len(got) != 1 || !i.Sealed {
				t.Errorf("%+v, %d commits", i, len(got))
			}
			if want := len(whole) + int(footerBytes(3, 3)) + trailerBytes; len(b.file(1)) != want {
				t.Errorf("%d bytes, want %d", len(b.file(1)), want)
			}
			if bytes.Contains(log.Bytes(), []byte("torn")) != c.wantLog {
				t.Errorf("log: %s", &log)
			}
			b.wantClean(s)
		})
	}
}

// Space allocated ahead of a running lane is cut off when the pack is sealed.
func TestSealCuts(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBytes = 100 << 10 })
	s, _ := b.open()
	b.append(s.Small(), s.Chunk(content(60<<10, 1)))
	if err := os.Truncate(s.path(1), 1<<20); err != nil {
		t.Fatal(err)
	}
	b.append(s.Small(), s.Chunk(content(60<<10, 2)))
	eventually(t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
	if n := int64(len(b.file(1))); n != b.sealed[1].Bytes || n > 100<<10 {
		t.Errorf("%d bytes, reported %d", n, b.sealed[1].Bytes)
	}
	b.wantRead(s, 1, 0, content(60<<10, 1))
	b.wantClean(s)
}
