package pack

import (
	"context"
	"fmt"
	"hash/crc32"

	"cairn/store/meta"
)

// ReadInto reads the payload of one record, as it is stored, into parts that together
// have its length, and checks it. ErrNotFound, ErrCorrupt (also if it has another
// length).
func (s *Set) ReadInto(ctx context.Context, id meta.PackID, ordinal uint32, parts ...[]byte) error {
	return s.current(id, func(p *pack) error { return s.readInto(ctx, p, ordinal, parts) })
}

func (s *Set) readInto(ctx context.Context, p *pack, ordinal uint32, parts [][]byte) error {
	var one [1]Entry
	es, err := s.entries(ctx, p, ordinal, 1, one[:0])
	if err != nil {
		return err
	}
	f, err := s.handles.take(p)
	if err != nil {
		return err
	}
	err = fillParts(f, &es[0], parts)
	s.handles.put(f, err)
	if err != nil {
		return fmt.Errorf("pack %s: record %d: %w", name(p.id), ordinal, err)
	}
	return nil
}

// fillParts reads a payload into parts that together have its length, and checks it.
func fillParts(f *handle, e *Entry, parts [][]byte) error {
	off, sum := e.Offset, uint32(0)
	for _, p := range parts {
		if off+int64(len(p)) > e.Offset+int64(e.Stored) {
			return fmt.Errorf("%w: %d bytes are too few", ErrCorrupt, e.Stored)
		}
		if err := readFull(f, p, off); err != nil {
			return err
		}
		sum = crc32.Update(sum, castagnoli, p)
		off += int64(len(p))
	}
	if off != e.Offset+int64(e.Stored) || sum != e.StoredCRC {
		return fmt.Errorf("%w: payload checksum", ErrCorrupt)
	}
	return nil
}
