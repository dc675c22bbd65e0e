package pack

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sort"

	"cairn/store/chunk"
	"cairn/store/meta"
)

const (
	magicTrailer = "CAIRNEND"
	trailerBytes = TrailerBytes
	entryBytes   = 72
	maxBlocks    = 1 << 24
)

// index is the content of a pack's footer: entries in the order of their ordinals,
// and the CRC-32C of each 64 KiB of each payload.
type index struct {
	entries []Entry
	blocks  []uint32
}

// find is the position of the first entry with an ordinal of at least n.
func (x *index) find(n uint32) int {
	return sort.Search(len(x.entries), func(i int) bool { return x.entries[i].Ordinal >= n })
}

// crcs are the block checksums of one entry of x.
func (x *index) crcs(e *Entry) []uint32 { return x.blocks[e.block : int(e.block)+e.blocks()] }

func (x *index) add(e Entry, crcs []uint32) {
	e.block = uint32(len(x.blocks))
	x.blocks = append(x.blocks, crcs...)
	x.entries = append(x.entries, e)
}

// lsns are the lowest and highest LSN of the commits in x, 0 and 0 if there is none.
func (x *index) lsns() (first, last uint64) {
	for i := range x.entries {
		if n := x.entries[i].commitLSN(); n != 0 {
			if first == 0 || n < first {
				first = n
			}
			last = max(last, n)
		}
	}
	return first, last
}

// trailer is the last 96 bytes of a sealed pack.
type trailer struct {
	records, blocks   uint32
	incompat          uint32
	offset, length    int64 // of the footer
	next              uint32
	footerCRC         uint32
	firstLSN, lastLSN uint64
	id                meta.PackID
	generation        uint32
	marker            marker
}

// gaps is how many ordinals below next have no record.
func (t *trailer) gaps() int64 { return int64(t.next) - int64(t.records) }

// footerBytes is the length of a footer.
func footerBytes(records, blocks uint32) int64 {
	return pageBytes * (pagesOf(records, pageEntries) + pagesOf(blocks, pageBlocks))
}

// encodeFooter makes footer and trailer of a pack whose records end at offset.
func encodeFooter(h *header, x *index, offset int64) []byte {
	t := trailer{
		records: uint32(len(x.entries)), blocks: uint32(len(x.blocks)), offset: offset,
		id: h.id, generation: h.generation, marker: h.marker,
	}
	t.length = footerBytes(t.records, t.blocks)
	b := make([]byte, t.length+trailerBytes)
	putPages(b, h.marker, x)
	t.footerCRC = crc32.Checksum(b[:t.length], castagnoli)
	if len(x.entries) > 0 {
		t.next = x.entries[len(x.entries)-1].Ordinal + 1
	}
	t.firstLSN, t.lastLSN = x.lsns()
	t.put(b[t.length:])
	return b
}

func (t *trailer) put(b []byte) {
	copy(b, magicTrailer)
	le.PutUint32(b[8:], Version)
	le.PutUint32(b[12:], t.records)
	le.PutUint32(b[16:], t.blocks)
	le.PutUint32(b[20:], t.incompat)
	le.PutUint64(b[24:], uint64(t.offset))
	le.PutUint64(b[32:], uint64(t.length))
	le.PutUint32(b[40:], t.next)
	le.PutUint32(b[44:], t.footerCRC)
	le.PutUint64(b[48:], t.firstLSN)
	le.PutUint64(b[56:], t.lastLSN)
	le.PutUint64(b[64:], uint64(t.id))
	le.PutUint32(b[72:], t.generation)
	copy(b[80:], t.marker[:])
	le.PutUint32(b[92:], crc32.Checksum(b[:92], castagnoli))
}

// parseTrailer reads a trailer. What it promises of the footer is within bounds.
func parseTrailer(b []byte) (trailer, error) {
	var t trailer
	if len(b) < trailerBytes || string(b[:8]) != magicTrailer {
		return t, fmt.Errorf("%w: no trailer", ErrCorrupt)
	}
	if crc32.Checksum(b[:92], castagnoli) != le.Uint32(b[92:]) {
		return t, fmt.Errorf("%w: trailer checksum", ErrCorrupt)
	}
	t = trailer{
		records: le.Uint32(b[12:]), blocks: le.Uint32(b[16:]), incompat: le.Uint32(b[20:]),
		offset: int64(le.Uint64(b[24:])), length: int64(le.Uint64(b[32:])),
		next: le.Uint32(b[40:]), footerCRC: le.Uint32(b[44:]),
		firstLSN: le.Uint64(b[48:]), lastLSN: le.Uint64(b[56:]),
		id: meta.PackID(le.Uint64(b[64:])), generation: le.Uint32(b[72:]), marker: marker(b[80:88]),
	}
	if v := le.Uint32(b[8:]); v != Version || t.incompat != 0 {
		return t, fmt.Errorf("%w: footer version %d, features %#x", ErrVersion, v, t.incompat)
	}
	if t.records > t.next || t.next > MaxRecords || t.records == 0 && t.next > 0 || t.blocks > maxBlocks ||
		t.offset < HeaderBytes || t.offset%8 != 0 || t.length != footerBytes(t.records, t.blocks) {
		return t, fmt.Errorf("%w: trailer contradicts itself", ErrCorrupt)
	}
	return t, nil
}

// parseFooter reads the whole footer that t describes.
func parseFooter(b []byte, t *trailer) (*index, error) {
	if int64(len(b)) != t.length || crc32.Checksum(b, castagnoli) != t.footerCRC {
		return nil, fmt.Errorf("%w: footer checksum", ErrCorrupt)
	}
	x := &index{entries: make([]Entry, 0, t.records), blocks: make([]uint32, 0, t.blocks)}
	for n := 0; len(b) > 0; n++ {
		page := b[:pageBytes]
		b = b[pageBytes:]
		if len(x.entries) == int(t.records) {
			if err := checkPage(page, t.marker, n); err != nil {
				return nil, err
			}
			for i := range min(pageBlocks, int(t.blocks)-len(x.blocks)) {
				x.blocks = append(x.blocks, le.Uint32(page[4*i:]))
			}
			continue
		}
		es, err := parseEntries(page, t, n)
		if err != nil {
			return nil, err
		}
		if i := len(x.entries); i > 0 && es[0].Ordinal <= x.entries[i-1].Ordinal {
			return nil, fmt.Errorf("%w: footer entry %d", ErrCorrupt, i)
		}
		x.entries = append(x.entries, es...)
	}
	if n := len(x.entries); n > 0 && x.entries[n-1].Ordinal+1 != t.next {
		return nil, fmt.Errorf("%w: next ordinal %d", ErrCorrupt, t.next)
	}
	return x, nil
}

// readTrailer reads the trailer of pack id, whose file has size bytes. ErrCorrupt if
// it has none of its own.
func readTrailer(r io.ReaderAt, size int64, id meta.PackID) (trailer, error) {
	if size < HeaderBytes+trailerBytes {
		return trailer{}, fmt.Errorf("%w: no trailer", ErrCorrupt)
	}
	b := make([]byte, trailerBytes)
	if err := readFull(r, b, size-trailerBytes); err != nil {
		return trailer{}, err
	}
	t, err := parseTrailer(b)
	if err == nil && (t.id != id || t.offset > size || t.offset+t.length != size-trailerBytes) {
		err = fmt.Errorf("%w: trailer of another pack", ErrCorrupt)
	}
	return t, err
}

// readFooter reads the index of a sealed pack of size bytes. ErrCorrupt if it has no
// whole footer of its own.
func readFooter(r io.ReaderAt, size int64, h *header) (*index, error) {
	t, err := readTrailer(r, size, h.id)
	if err != nil {
		return nil, err
	}
	if t.generation != h.generation || t.marker != h.marker {
		return nil, fmt.Errorf("%w: trailer of another pack", ErrCorrupt)
	}
	b := make([]byte, t.length)
	if err := readFull(r, b, t.offset); err != nil {
		return nil, err
	}
	return parseFooter(b, &t)
}

// readFull fills b from off on. Bytes behind the end of the file are ErrCorrupt.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the file ends early", ErrCorrupt)
	}
	return err
}

func putEntry(b []byte, e *Entry) {
	copy(b, e.ID[:])
	le.PutUint64(b[32:], uint64(e.Offset))
	le.PutUint32(b[40:], e.Stored)
	le.PutUint32(b[44:], e.Plain)
	le.PutUint32(b[48:], e.PlainCRC)
	le.PutUint32(b[52:], e.StoredCRC)
	le.PutUint32(b[56:], e.Ordinal)
	le.PutUint32(b[60:], e.block)
	le.PutUint32(b[64:], e.KeyID)
	b[68], b[69] = byte(e.Type), byte(e.Codec)
	le.PutUint16(b[70:], e.Flags)
}

func getEntry(b []byte) Entry {
	return Entry{
		ID:     chunk.ID(b[:32]),
		Offset: int64(le.Uint64(b[32:])),
		Stored: le.Uint32(b[40:]), Plain: le.Uint32(b[44:]),
		PlainCRC: le.Uint32(b[48:]), StoredCRC: le.Uint32(b[52:]),
		Ordinal: le.Uint32(b[56:]), block: le.Uint32(b[60:]), KeyID: le.Uint32(b[64:]),
		Type: Type(b[68]), Codec: Codec(b[69]), Flags: le.Uint16(b[70:]),
	}
}
