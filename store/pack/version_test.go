package pack

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// testdata/v1.pack is a pack as version 1 writes it, for ever: this program makes the
// same bytes, and reads the old ones. v1.txt says what is in it.
func TestGoldenPack(t *testing.T) {
	var calls int
	b := newBench(t, decoding(&calls), func(o *Options) { o.MaxBytes = 90_000 })
	for i := range b.opt.Key {
		b.opt.Key[i] = byte(i)
		b.opt.Store[i/2] = 0xa0 + byte(i/2)
	}
	s, _ := b.open()
	long := bytes.Repeat([]byte("A pack holds records, one behind the other.\n"), 1500)
	everyKind(b, s)
	b.append(s.Small(), s.Chunk(long), s.Chunk(nil))
	for i := range 51 { // entries on two pages
		b.append(s.Small(), s.Chunk(bytes.Repeat([]byte{byte(i)}, i)))
	}
	b.append(s.Small(), commitRecord(2))
	s.Small().Append(ctx, s.Chunk(make([]byte, 20_000))) // to pack 2: pack 1 is full
	eventually(t, "it is sealed", func() bool { return b.isSealed(1) })
	var list strings.Builder
	es, err := s.Entries(ctx, 1, 0, uint32(b.sealed[1].Records))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		fmt.Fprintf(&list, "%d %s codec %d at %d stored %d plain %d crc32 %08x crc32c %08x id %x\n",
			e.Ordinal, e.Type, e.Codec, e.Offset, e.Stored, e.Plain, e.PlainCRC, e.StoredCRC, e.ID[:])
	}
	b.close(s)
	golden(t, "testdata/v1.txt", list.String())
	golden(t, "testdata/v1.pack", string(b.file(1)))

	old, err := os.ReadFile("testdata/v1.pack")
	if err != nil {
		t.Fatal(err)
	}
	b.rewrite(1, old)
	for _, known := range []bool{true, false} {
		if !known {
			delete(b.sealed, 1)
		}
		s, _ := b.open()
		b.wantRead(s, 1, 0, []byte("hello, pack"))
		b.wantRead(s, 1, 1, zstdRun(100, 'a'))
		b.wantRead(s, 1, 7, long)
		b.wantRead(s, 1, 59, bytes.Repeat([]byte{50}, 50))
		b.wantRead(s, 1, 60, []byte("commit 2"))
		b.wantClean(s)
		b.close(s)
	}
}
