package pack

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"cairn/store/chunk"
)

// A payload in parts is stored as one in one piece.
func TestParts(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBytes = 9 << 20 })
	s, _ := b.open()
	big := content(chunk.MaxBytes, 1)
	for _, c := range []struct {
		name  string
		parts [][]byte
	}{
		{"one", [][]byte{big[:5]}},
		{"none", [][]byte{}},
		{"empty ones", [][]byte{{}, {}}},
		{"blocks and a rest", [][]byte{big[:BlockBytes], big[BlockBytes : 4*BlockBytes], big[4*BlockBytes : 4*BlockBytes+77]}},
		{"any lengths", [][]byte{big[:100], {}, big[100:70_000], big[70_000:70_001], big[70_001 : 3<<20]}},
		{"slabs", slices.Collect(slices.Chunk(big, 256<<10))},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := slices.Concat(c.parts...)
			one, parts := s.Chunk(whole), s.Chunk(c.parts...)
			if one.ID != parts.ID || one.PlainCRC != parts.PlainCRC || one.Plain != parts.Plain {
				t.Errorf("got %+v, want %+v", parts, one)
			}
			p := b.append(s.Small(), parts, commitRecord(1), one)
			b.wantRead(s, p.Pack, p.First, whole)
			es, err := s.Entries(ctx, p.Pack, p.First, 3)
			if err != nil || es[0].StoredCRC != es[2].StoredCRC || int(es[0].Stored) != len(whole) {
				t.Errorf("%+v, %v", es, err)
			}
		})
	}
	b.wantClean(s)
	both := Record{Type: Chunk, Parts: [][]byte{big[:100]}, Payload: big[:100]}
	if _, err := s.Small().Append(ctx, both); err == nil {
		t.Error("payload and parts: no error")
	}
	if _, err := s.Small().Append(ctx, s.Chunk(big, big[:1])); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a chunk that is too large: %v", err)
	}
	if _, err := s.Small().Append(ctx, Record{Type: Tail, Parts: [][]byte{big, big, big[:1]}}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a record that is too large: %v", err)
	}
}

// zstdRun is a zstd frame of n times c, n < 256: header with the size of the content,
// one block that repeats a byte (RFC 8878).
func zstdRun(n int, c byte) []byte {
	b := n<<3 | 1<<1 | 1
	return []byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, byte(n), byte(b), byte(b >> 8), 0, c}
}

func zstdChunk(s *Set, n int, c byte) Record {
	r := s.Chunk(bytes.Repeat([]byte{c}, n))
	r.Codec, r.Parts = Zstd, [][]byte{zstdRun(n, c)}
	return r
}

// A coded chunk is stored as given, and known by its plain bytes.
func TestZstdChunk(t *testing.T) {
	calls := 0
	b := newBench(t, decoding(&calls))
	s, _ := b.open()
	good := zstdChunk(s, 100, 'a')
	p := b.append(s.Small(), good, s.Chunk(bytes.Repeat([]byte{'a'}, 100)))
	b.wantRead(s, p.Pack, 0, zstdRun(100, 'a'))
	es, err := s.Entries(ctx, p.Pack, 0, 2)
	if err != nil || es[0].Codec != Zstd || es[0].Stored != 10 || es[0].Plain != 100 || es[0].ID != es[1].ID || es[0].PlainCRC != es[1].PlainCRC {
		t.Errorf("%+v, %v", es, err)
	}
	b.wantClean(s)
	if calls != 1 {
		t.Errorf("decoded %d times", calls)
	}
	for name, change := range map[string]func(r *Record){
		"plain length": func(r *Record) { r.Plain++ },
		"plain CRC":    func(r *Record) { r.PlainCRC++ },
		"id":           func(r *Record) { r.ID[5]++ },
		"no frame":     func(r *Record) { r.Parts = [][]byte{[]byte("nonsense")} },
	} {
		b := newBench(t, decoding(&calls))
		s, _ := b.open()
		r := zstdChunk(s, 100, 'a')
		change(&r)
		b.append(s.Small(), r)
		if got := b.verify(s); len(got) != 1 || !errors.Is(got[0], ErrCorrupt) {
			t.Errorf("%s: got %v", name, got)
		}
		busy := errors.New("no memory")
		s.opt.Decode = func(context.Context, []byte, int, func([]byte) error) error { return busy }
		if err := s.Verify(ctx, 1, true, func(err error) { t.Error(err) }); !errors.Is(err, busy) {
			t.Errorf("%s: could not look: %v", name, err)
		}
		s.opt.Decode = nil
		b.wantClean(s) // nothing but the checksum can be looked at
	}
	good.Plain = chunk.MaxBytes + 1
	if _, err := s.Small().Append(ctx, good); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}
