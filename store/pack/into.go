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
	es, err := s.Entries(ctx, id, ordinal, 1)
	if err != nil {
		return err
	}
	f, err := s.Borrow(id)
	if err != nil {
		return err
	}
	defer f.Return()
	off, sum := es[0].Offset, uint32(0)
	for _, p := range parts {
		if off+int64(len(p)) > es[0].Offset+int64(es[0].Stored) {
			return fmt.Errorf("pack %s: record %d: %w: %d bytes are too few", name(id), ordinal, ErrCorrupt, es[0].Stored)
		}
		if err := readFull(f, p, off); err != nil {
			return fmt.Errorf("pack %s: record %d: %w", name(id), ordinal, err)
		}
		sum = crc32.Update(sum, castagnoli, p)
		off += int64(len(p))
	}
	if off != es[0].Offset+int64(es[0].Stored) || sum != es[0].StoredCRC {
		return fmt.Errorf("pack %s: record %d: %w: payload checksum", name(id), ordinal, ErrCorrupt)
	}
	return nil
}
