package pack

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"cairn/store/meta"
)

// Read returns the payload of one record as it is stored, whose checksum it has
// checked, in dst's memory if that has the capacity. ErrNotFound, ErrCorrupt.
func (s *Set) Read(ctx context.Context, id meta.PackID, ordinal uint32, dst []byte) ([]byte, error) {
	err := s.current(id, func(p *pack) (err error) {
		dst, err = s.read(ctx, p, ordinal, dst)
		return err
	})
	if err != nil {
		return nil, err
	}
	return dst, nil
}

func (s *Set) read(ctx context.Context, p *pack, ordinal uint32, dst []byte) ([]byte, error) {
	var one [1]Entry
	es, err := s.entries(ctx, p, ordinal, 1, one[:0])
	if err != nil {
		return nil, err
	}
	f, err := s.handles.take(p)
	if err != nil {
		return nil, err
	}
	dst, err = readPayload(f, p.id, &es[0], dst)
	s.handles.put(f, err)
	return dst, err
}

func readPayload(f io.ReaderAt, id meta.PackID, e *Entry, dst []byte) ([]byte, error) {
	dst = slices.Grow(dst[:0], int(e.Stored))[:e.Stored]
	err := readFull(f, dst, e.Offset)
	if err == nil && crc32.Checksum(dst, castagnoli) != e.StoredCRC {
		err = fmt.Errorf("%w: payload checksum", ErrCorrupt)
	}
	if err != nil {
		return nil, fmt.Errorf("pack %s: record %d: %w", name(id), e.Ordinal, err)
	}
	return dst, nil
}

// header reads and checks the header of pack id. If it is damaged the result still
// has the marker, from the first record, as long as that is whole.
func (s *Set) header(f io.ReaderAt, id meta.PackID) (header, error) {
	h, err := readHeader(f)
	switch {
	case errors.Is(err, ErrCorrupt):
		h.store, h.key, h.id = s.opt.Store, s.opt.Key, id
		var b [RecordBytes]byte
		if readFull(f, b[:], HeaderBytes) == nil {
			if _, ok := parseRecord(b[:], marker(b[:8])); ok {
				h.marker = marker(b[:8])
			}
		}
		return h, err
	case err != nil:
		return h, err
	case h.store != s.opt.Store:
		return h, ErrForeign
	case h.id != id:
		return h, fmt.Errorf("%w: it is pack %s", ErrCorrupt, name(h.id))
	}
	return h, nil
}
