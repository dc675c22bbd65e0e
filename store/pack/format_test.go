package pack

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// The example in FORMAT.md is the pack that this makes.
func TestFormatExample(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBytes = HeaderBytes + 240 })
	for i := range b.opt.Store {
		b.opt.Store[i] = 0xa0 + byte(i)
	}
	for i := range b.opt.Key {
		b.opt.Key[i] = byte(i)
	}
	s, _ := b.open()
	b.append(s.Small(), s.Chunk([]byte("hello, pack")), Record{Type: Commit, LSN: 7, Payload: []byte("COMMIT!!")}, Record{Type: Pad})
	eventually(t, "the example is sealed", func() bool { return b.isSealed(1) })
	b.close(s)

	dump := "```\n" + sparse(b.file(1)) + "```\n"
	const begin, end = "<!-- example -->\n", "<!-- end of example -->"
	doc, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(doc), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("FORMAT.md has no place for the example")
	}
	if *update {
		os.WriteFile("FORMAT.md", []byte(before+begin+dump+end+after), 0o644)
	} else if old != dump {
		t.Errorf("the example in FORMAT.md is stale (go test ./store/pack -update):\n%s", dump)
	}
}

// sparse is a hex dump without lines of zeros.
func sparse(b []byte) string {
	var out strings.Builder
	skipped := false
	for off := 0; off < len(b); off += 16 {
		line := b[off:min(off+16, len(b))]
		if bytes.Count(line, []byte{0}) == len(line) {
			if !skipped {
				out.WriteString("*\n")
			}
			skipped = true
			continue
		}
		skipped = false
		out.WriteString(fmt.Sprintf("%08x", off) + strings.TrimRight(hex.Dump(line)[8:], "\n") + "\n")
	}
	return out.String()
}

func TestCombine(t *testing.T) {
	data := content(5*BlockBytes+321, 1)
	for range 200 {
		n := rand.IntN(len(data) + 1)
		crcs, whole := blockCRCs(nil, data[:n])
		if want := crc32.Checksum(data[:n], castagnoli); whole != want || len(crcs) != (n+BlockBytes-1)/BlockBytes {
			t.Errorf("%d bytes: got %08x, want %08x", n, whole, want)
		}
		m := rand.IntN(n + 1)
		a, b := crc32.Checksum(data[:m], castagnoli), crc32.Checksum(data[m:n], castagnoli)
		if got := combine(a, b, n-m); got != whole {
			t.Errorf("%d+%d bytes: got %08x, want %08x", m, n-m, got, whole)
		}
	}
}

// Every flipped byte of a pack header is found.
func TestHeaderFlips(t *testing.T) {
	h := header{store: [16]byte{1}, key: [32]byte{2}, id: 3, generation: 4, marker: marker{5}, created: 6, compat: 7, roCompat: 8}
	good := h.encode()
	if got, err := parseHeader(good); err != nil || got != h {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		if _, err := parseHeader(bad); err == nil {
			t.Errorf("byte %d", i)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add((&header{id: 1, marker: marker{1}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHeader(b)
		if err == nil && h.incompat != 0 {
			t.Error("an unknown feature was accepted")
		}
	})
}

func FuzzRecord(f *testing.F) {
	b := make([]byte, RecordBytes)
	putRecord(b, marker{1}, &Entry{Type: Chunk, Ordinal: 2, Stored: 3, Plain: 3})
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < RecordBytes {
			return
		}
		// A checksum that holds lets the fuzzer reach the fields.
		le.PutUint32(b[68:], crc32.Checksum(b[:68], castagnoli))
		e, ok := parseRecord(b, marker(b[:8]))
		if !ok {
			return
		}
		if e.Stored > MaxStored || e.Ordinal >= MaxRecords || e.Type == 0 {
			t.Errorf("out of bounds: %+v", e)
		}
		again := make([]byte, RecordBytes)
		putRecord(again, marker(b[:8]), &e)
		if !bytes.Equal(again, b[:RecordBytes]) {
			t.Errorf("not the same again:\n%x\n%x", b[:RecordBytes], again)
		}
	})
}

func FuzzTrailer(f *testing.F) {
	t := trailer{records: 1, blocks: 1, offset: HeaderBytes + 80, length: 2 * pageBytes, next: 3, id: 1, marker: marker{1}}
	b := make([]byte, trailerBytes)
	t.put(b)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < trailerBytes {
			parseTrailer(b)
			return
		}
		le.PutUint32(b[92:], crc32.Checksum(b[:92], castagnoli))
		tr, err := parseTrailer(b)
		if err != nil {
			return
		}
		if tr.records > MaxRecords || tr.gaps() < 0 || tr.offset < HeaderBytes || tr.length < 0 || tr.length > 1<<32 {
			t.Errorf("out of bounds: %+v", tr)
		}
	})
}

// mend gives every page of a footer the checksum that it should have.
func mend(foot []byte) {
	for ; len(foot) >= pageBytes; foot = foot[pageBytes:] {
		le.PutUint32(foot[pageBytes-4:], crc32.Checksum(foot[:pageBytes-4], castagnoli))
	}
}

// checkEntries checks what every reader of entries relies on.
func checkEntries(t *testing.T, es []Entry, first int, tr *trailer) {
	for i, e := range es {
		n := int64(first + i)
		if e.Offset < HeaderBytes+RecordBytes || e.end() > tr.offset || e.Stored > MaxStored ||
			e.Ordinal >= tr.next || int64(e.Ordinal) < n || n < int64(e.Ordinal)-tr.gaps() ||
			i > 0 && e.Ordinal <= es[i-1].Ordinal || int(e.block)+e.blocks() > int(tr.blocks) {
			t.Errorf("entry %d: %+v in %+v", n, e, tr)
		}
	}
}

func FuzzPage(f *testing.F) {
	var x index
	for i := range uint32(60) {
		x.add(Entry{Type: Chunk, Ordinal: 2 * i, Offset: HeaderBytes + RecordBytes + 80*int64(i), Stored: 8, Plain: 8}, []uint32{i})
	}
	foot := encodeFooter(&header{id: 1, marker: marker{1}}, &x, HeaderBytes+80*60)
	f.Add(foot[:pageBytes], 0, uint32(60), uint32(119))
	f.Add(foot[pageBytes:2*pageBytes], 1, uint32(60), uint32(119))
	f.Fuzz(func(t *testing.T, b []byte, n int, records, next uint32) {
		if len(b) != pageBytes || records > next || next > MaxRecords || n < 0 || int64(n) >= pagesOf(records, pageEntries) {
			return
		}
		tr := trailer{records: records, next: next, blocks: 1000, offset: 1 << 26, marker: marker(b[pageTail:])}
		le.PutUint32(b[pageTail+8:], uint32(n))
		mend(b)
		es, err := parseEntries(b, &tr, n)
		if err != nil {
			return
		}
		if len(es) == 0 || len(es) > pageEntries {
			t.Errorf("%d entries", len(es))
		}
		checkEntries(t, es, n*pageEntries, &tr)
	})
}

func FuzzFooter(f *testing.F) {
	h := header{id: 1, marker: marker{1}}
	var x index
	x.add(Entry{Type: Chunk, Offset: HeaderBytes + RecordBytes, Stored: 70000, Plain: 70000}, []uint32{1, 2})
	x.add(Entry{Type: Commit, Ordinal: 5, Offset: HeaderBytes + 2*RecordBytes + 70000, Stored: 10, ID: [32]byte{9}}, []uint32{3})
	f.Add(encodeFooter(&h, &x, HeaderBytes+2*RecordBytes+70016))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < trailerBytes {
			return
		}
		foot, tail := b[:len(b)-trailerBytes], b[len(b)-trailerBytes:]
		mend(foot)
		le.PutUint32(tail[44:], crc32.Checksum(foot, castagnoli))
		le.PutUint32(tail[92:], crc32.Checksum(tail[:92], castagnoli))
		tr, err := parseTrailer(tail)
		if err != nil {
			return
		}
		x, err := parseFooter(foot, &tr)
		if err != nil {
			return
		}
		if len(x.entries) != int(tr.records) || len(x.blocks) != int(tr.blocks) {
			t.Errorf("%d entries, %d blocks of %+v", len(x.entries), len(x.blocks), tr)
		}
		checkEntries(t, x.entries, 0, &tr)
		for i := range x.entries {
			x.crcs(&x.entries[i])
		}
	})
}

func FuzzScan(f *testing.F) {
	h := header{marker: marker{1}}
	b := make([]byte, HeaderBytes, HeaderBytes+400)
	for i, p := range []string{"first", "", "the third payload"} {
		e := Entry{Type: Chunk, Ordinal: uint32(i), Stored: uint32(len(p)), StoredCRC: crc32.Checksum([]byte(p), castagnoli)}
		b = append(b, make([]byte, RecordBytes)...)
		putRecord(b[len(b)-RecordBytes:], h.marker, &e)
		b = append(b, p...)
		b = append(b, make([]byte, pad8(int64(len(p)))-int64(len(p)))...)
	}
	f.Add(b[HeaderBytes:], 80, byte(0))
	f.Add(b[HeaderBytes:], 3, byte(9))
	f.Add(append(b[HeaderBytes:len(b):len(b)], make([]byte, 300)...), 0, byte(0))
	f.Fuzz(func(t *testing.T, records []byte, at int, flip byte) {
		b := append(make([]byte, HeaderBytes), records...)
		if n := len(records); n > 0 {
			b[HeaderBytes+int(uint(at)%uint(n))] ^= flip
		}
		s, err := scan(t.Context(), bytes.NewReader(b), int64(len(b)), &h)
		if err != nil {
			t.Fatal(err)
		}
		if s.end > int64(len(b)) || s.end < HeaderBytes {
			t.Errorf("end %d of %d", s.end, len(b))
		}
		rest := b[min(s.end, int64(len(b))):]
		if zeros := bytes.Count(rest, []byte{0}) == len(rest); !s.damaged && s.torn == zeros {
			t.Errorf("%d bytes behind the records, all zero %v, torn %v", len(rest), zeros, s.torn)
		}
		for _, e := range s.index.entries {
			p := b[e.Offset : e.Offset+int64(e.Stored)]
			if crc32.Checksum(p, castagnoli) != e.StoredCRC {
				t.Errorf("a record that is not whole: %+v", e)
			}
		}
	})
}
