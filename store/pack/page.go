package pack

import (
	"fmt"
	"hash/crc32"
)

// A footer is pages, so that one entry costs one small read. Each has a checksum of
// its own, and the marker of its pack.
const (
	pageBytes   = 4096
	pageEntries = 56   // entries of an entry page
	pageBlocks  = 1008 // checksums of a block page
	pageTail    = pageBytes - 64
)

// pagesOf is the number of pages that n things take, each holding so many.
func pagesOf(n, each uint32) int64 { return (int64(n) + int64(each) - 1) / int64(each) }

// endPage writes the end of page n of the pack with marker m.
func endPage(b []byte, m marker, n int) {
	copy(b[pageTail:], m[:])
	le.PutUint32(b[pageTail+8:], uint32(n))
	le.PutUint32(b[pageBytes-4:], crc32.Checksum(b[:pageBytes-4], castagnoli))
}

// checkPage reports whether b is page n of the pack with marker m, and whole.
func checkPage(b []byte, m marker, n int) error {
	if len(b) != pageBytes || crc32.Checksum(b[:pageBytes-4], castagnoli) != le.Uint32(b[pageBytes-4:]) {
		return fmt.Errorf("%w: checksum of footer page %d", ErrCorrupt, n)
	}
	if marker(b[pageTail:][:8]) != m || le.Uint32(b[pageTail+8:]) != uint32(n) {
		return fmt.Errorf("%w: footer page %d is another", ErrCorrupt, n)
	}
	return nil
}

// parseEntries reads entry page n of the footer that t describes. Every entry lies
// between header and footer, its block checksums within the footer's; ordinals ascend,
// and leave room for the entries before and behind.
func parseEntries(b []byte, t *trailer, n int) ([]Entry, error) {
	if err := checkPage(b, t.marker, n); err != nil {
		return nil, err
	}
	first := int64(n) * pageEntries
	out := make([]Entry, min(pageEntries, int64(t.records)-first))
	for i := range out {
		e := getEntry(b[i*entryBytes:])
		at := first + int64(i)
		if e.Offset < HeaderBytes+RecordBytes || e.Stored > MaxStored || e.Offset > t.offset || e.end() > t.offset ||
			uint64(e.block)+uint64(e.blocks()) > uint64(t.blocks) ||
			int64(e.Ordinal) < at || int64(e.Ordinal)-at > t.gaps() || i > 0 && e.Ordinal <= out[i-1].Ordinal {
			return nil, fmt.Errorf("%w: footer entry %d", ErrCorrupt, at)
		}
		out[i] = e
	}
	return out, nil
}

// putPages writes entries and block checksums as pages, one behind the other.
func putPages(b []byte, m marker, x *index) {
	n := 0
	for i := 0; i < len(x.entries); i += pageEntries {
		for j := range min(pageEntries, len(x.entries)-i) {
			putEntry(b[j*entryBytes:], &x.entries[i+j])
		}
		endPage(b[:pageBytes], m, n)
		b = b[pageBytes:]
		n++
	}
	for i := 0; i < len(x.blocks); i += pageBlocks {
		for j := range min(pageBlocks, len(x.blocks)-i) {
			le.PutUint32(b[4*j:], x.blocks[i+j])
		}
		endPage(b[:pageBytes], m, n)
		b = b[pageBytes:]
		n++
	}
}
