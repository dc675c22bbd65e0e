package pack

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/object"
)

// Verify checks one pack: that its header and footer are whole, and that every record
// stands where the index says. deep also reads every payload, checks its checksums,
// and the id of each raw chunk. It reports each defect; an error says that it could
// not look (which is no defect of the pack).
func (s *Set) Verify(ctx context.Context, id meta.PackID, deep bool, report func(error)) error {
	f, err := s.OpenPack(id)
	if err != nil {
		return err
	}
	defer f.Close()
	defect := func(err error) { report(fmt.Errorf("pack %s: %w", name(id), err)) }
	h, err := s.header(f, id)
	if err != nil {
		if !errors.Is(err, ErrCorrupt) {
			return err
		}
		defect(err)
	}
	x, err := s.snapshot(ctx, id, defect)
	if err != nil {
		return err
	}
	var buf []byte
	for i := range x.entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := verifyRecord(f, &h, &x.entries[i])
		if err == nil && deep {
			buf, err = s.verifyPayload(f, id, x, &x.entries[i], buf)
		}
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return err
		}
		if err != nil {
			defect(err)
		}
	}
	return nil
}

// snapshot copies the index of a pack, and reports it if it is not the footer's.
func (s *Set) snapshot(ctx context.Context, id meta.PackID, defect func(error)) (*index, error) {
	var x index
	err := s.withIndex(ctx, id, func(of *index, damaged bool) error {
		x.entries = append(x.entries, of.entries...)
		x.blocks = append(x.blocks, of.blocks...)
		if damaged {
			defect(fmt.Errorf("%w: some records are lost", ErrCorrupt))
		}
		return nil
	})
	return &x, err
}

func verifyRecord(f object.File, h *header, e *Entry) error {
	b := make([]byte, RecordBytes)
	if err := readFull(f, b, e.Offset-RecordBytes); err != nil {
		return fmt.Errorf("record %d: %w", e.Ordinal, err)
	}
	got, ok := parseRecord(b, h.marker)
	if !ok {
		return fmt.Errorf("record %d: %w: header", e.Ordinal, ErrCorrupt)
	}
	got.Offset, got.block = e.Offset, e.block
	if got != *e {
		return fmt.Errorf("record %d: %w: header and index differ", e.Ordinal, ErrCorrupt)
	}
	return nil
}

func (s *Set) verifyPayload(f object.File, id meta.PackID, x *index, e *Entry, buf []byte) ([]byte, error) {
	buf, err := readPayload(f, id, e, buf)
	if err != nil {
		return nil, err
	}
	crcs, _ := blockCRCs(nil, buf)
	for i, c := range x.crcs(e) {
		if crcs[i] != c {
			return buf, fmt.Errorf("record %d: %w: checksum of block %d", e.Ordinal, ErrCorrupt, i)
		}
	}
	if e.Type == Chunk && e.Codec == Raw && e.KeyID == 0 {
		if crc32.ChecksumIEEE(buf) != e.PlainCRC {
			return buf, fmt.Errorf("record %d: %w: plain checksum", e.Ordinal, ErrCorrupt)
		}
		if chunk.Sum(&s.opt.Key, buf) != e.ID {
			return buf, fmt.Errorf("record %d: %w: chunk id", e.Ordinal, ErrCorrupt)
		}
	}
	return buf, nil
}
