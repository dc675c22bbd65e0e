package pack

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"slices"
)

// scanned is what a scan found.
type scanned struct {
	index   index
	end     int64 // behind the last whole record
	torn    bool  // something follows that is no record and not zeros
	damaged bool  // whole records follow damage, or the file could not be read to its end
	unread  error // why it could not be
}

// scan finds the whole records of a pack without its footer: it goes from record to
// record, and where one is not whole it looks for the marker further on.
func scan(ctx context.Context, r io.ReaderAt, size int64, h *header) (*scanned, error) {
	w := &window{r: r, size: size, buf: make([]byte, 4*BlockBytes)}
	s := &scanned{end: HeaderBytes}
	for off := int64(HeaderBytes); off < size; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, crcs, whole, err := w.record(off, h, s)
		if err == nil && !whole {
			var next int64
			if next, err = w.resync(ctx, off, h, s); err == nil && next > 0 {
				s.damaged = true
				off = next
				continue
			}
			if err == nil {
				break // a torn tail, or the end
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil { // unreadable: keep what there is, cut nothing
			s.damaged, s.unread = true, err
			break
		}
		if n := len(s.index.entries); h.generation == 0 && (n == 0 && e.Ordinal != 0 ||
			n > 0 && e.Ordinal != s.index.entries[n-1].Ordinal+1) {
			s.damaged = true // something is missing
		}
		s.index.add(e, crcs)
		off = e.end()
		s.end, s.torn = off, false
	}
	if h.generation > 0 { // compacted: ordinals in any order
		slices.SortStableFunc(s.index.entries, func(a, b Entry) int { return int(a.Ordinal) - int(b.Ordinal) })
		s.index.entries = slices.CompactFunc(s.index.entries, func(a, b Entry) bool { return a.Ordinal == b.Ordinal })
	}
	return s, nil
}

// resync finds the next whole record behind the damage at off; 0 if there is none.
func (w *window) resync(ctx context.Context, off int64, h *header, s *scanned) (int64, error) {
	if zeros, err := w.zeros(ctx, off); zeros || err != nil {
		return 0, err // space allocated ahead, not damage
	}
	s.torn = true // unless more records follow
	if e, ok, err := w.head(off, h, s); err != nil {
		return 0, err
	} else if ok { // only its payload is bad: do not look for records inside of it
		if _, _, whole, err := w.record(e.end(), h, s); whole || err != nil {
			return e.end(), err
		}
	}
	if h.marker == (marker{}) {
		return 0, nil // not known
	}
	for off += 8; off+RecordBytes <= w.size; off += 8 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		b, err := w.rest(off, RecordBytes)
		if err != nil {
			return 0, err
		}
		i := bytes.Index(b, h.marker[:])
		if i < 0 { // at most 7 bytes of one may be at the end
			off += int64(len(b)-len(h.marker)) &^ 7
			continue
		}
		if off += int64(i) &^ 7; i%8 != 0 {
			continue
		}
		if _, _, whole, err := w.record(off, h, s); whole || err != nil {
			return off, err
		}
	}
	return 0, nil
}

// zeros reports whether there is nothing but zeros from off on.
func (w *window) zeros(ctx context.Context, off int64) (bool, error) {
	for off < w.size {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		b, err := w.rest(off, 1)
		if err != nil {
			return false, err
		}
		b = b[:min(len(b), len(zeroBlock))]
		if !bytes.Equal(b, zeroBlock[:len(b)]) {
			return false, nil
		}
		off += int64(len(b))
	}
	return true, nil
}

var zeroBlock [BlockBytes]byte

// head reads the record header at off. ok says that it is one, that it can follow what
// was found before, and that the file is long enough for its payload.
func (w *window) head(off int64, h *header, s *scanned) (e Entry, ok bool, err error) {
	if off+RecordBytes > w.size {
		return e, false, nil
	}
	b, err := w.at(off, RecordBytes)
	if err != nil {
		return e, false, err
	}
	e, ok = parseRecord(b, h.marker)
	e.Offset = off + RecordBytes
	if n := len(s.index.entries); n > 0 && h.generation == 0 {
		ok = ok && e.Ordinal > s.index.entries[n-1].Ordinal
	}
	return e, ok && e.end() <= w.size, nil
}

// record reads the record at off and reports whether all of it is whole.
func (w *window) record(off int64, h *header, s *scanned) (e Entry, crcs []uint32, whole bool, err error) {
	e, ok, err := w.head(off, h, s)
	if !ok || err != nil {
		return e, nil, false, err
	}
	all := uint32(0)
	for done := int64(0); done < int64(e.Stored); done += BlockBytes {
		b, err := w.at(e.Offset+done, int(min(BlockBytes, int64(e.Stored)-done)))
		if err != nil {
			return e, nil, false, err
		}
		c := crc32.Checksum(b, castagnoli)
		crcs = append(crcs, c)
		all = combine(all, c, len(b))
	}
	return e, crcs, all == e.StoredCRC, nil
}

// window reads a file through a buffer.
type window struct {
	r    io.ReaderAt
	size int64
	buf  []byte
	off  int64
	n    int
}

// at returns n bytes at off, which lie within size; n ≤ len(buf). The next call
// overwrites them.
func (w *window) at(off int64, n int) ([]byte, error) {
	b, err := w.rest(off, n)
	if err != nil {
		return nil, err
	}
	return b[:n], nil
}

// rest is at with all that is in the buffer behind off: n bytes or more.
func (w *window) rest(off int64, n int) ([]byte, error) {
	if off < w.off || off+int64(n) > w.off+int64(w.n) {
		w.off, w.n = off, 0
		got, err := w.r.ReadAt(w.buf[:min(int64(len(w.buf)), w.size-off)], off)
		if got < n {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		w.n = got
	}
	return w.buf[off-w.off : w.n], nil
}
