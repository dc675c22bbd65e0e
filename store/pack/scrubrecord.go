package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"cairn/store/chunk"
)

// look checks one record, once more if it is not as it should be.
func (c *scrubber) look(ctx context.Context, e *Entry, crcs []uint32) error {
	c.out.Records++
	c.after = int64(e.Ordinal)
	lost, err := c.record(ctx, e, crcs)
	if err == nil {
		return nil
	}
	if isDefect(err) {
		first := err
		c.forget()
		if lost, err = c.record(ctx, e, crcs); err == nil {
			c.set.opt.Log.Warn("a record was not what it should be when it was read first, and is; look at the cables and the memory of this machine", "pack", name(c.pack.id), "record", e.Ordinal, "err", first)
			return nil
		}
	}
	if !isDefect(err) {
		return err
	}
	c.defects = append(c.defects, Defect{Type: e.Type, Ordinal: e.Ordinal, Lost: lost, Err: err})
	return nil
}

// record reads a record. lost: its payload is not what it was.
func (c *scrubber) record(ctx context.Context, e *Entry, crcs []uint32) (lost bool, err error) {
	b, err := c.records.at(e.Offset-RecordBytes, RecordBytes)
	bad := err
	if err == nil {
		got, ok := parseRecord(b, c.header.marker)
		got.Offset, got.block = e.Offset, e.block
		if !ok || got != *e {
			bad = fmt.Errorf("%w: header of the record", ErrCorrupt)
		}
	}
	if bad != nil && !isDefect(bad) {
		return false, bad
	}
	if err := c.payload(ctx, e, crcs); err != nil {
		return !errors.Is(err, errBlocks), err
	}
	if bad != nil {
		return false, bad
	}
	if n := int(e.end() - e.Offset - int64(e.Stored)); n > 0 {
		b, err := c.records.at(e.Offset+int64(e.Stored), n)
		if err == nil && !bytes.Equal(b, zeroBlock[:n]) {
			err = fmt.Errorf("%w: padding is not zero", ErrCorrupt)
		}
		return false, err
	}
	return false, nil
}

// errBlocks: the checksum of the payload is right, those of its blocks are not.
var errBlocks = fmt.Errorf("%w: block checksums", ErrCorrupt)

func (c *scrubber) payload(ctx context.Context, e *Entry, crcs []uint32) error {
	v := verifier{set: c.set}
	if e.Codec == Zstd && e.Readable() && e.Stored <= chunk.MaxBytes {
		c.decoding = true
		err := c.o.Decode(ctx, int(e.Stored), func(stored []byte) error {
			return c.stored(e, crcs, func(b []byte) { stored = stored[copy(stored, b):] })
		}, int(e.Plain), func(b []byte) error { return v.plain(e, b) })
		owed := c.owed
		c.decoding, c.owed = false, 0
		if owed > 0 {
			if err := c.o.Pace(owed); err != nil {
				return err
			}
		}
		if errors.Is(err, chunk.ErrFrame) {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err) // checksummed, so it was written so
		}
		return err
	}
	isChunk := e.Type == Chunk && e.Codec == Raw && e.Readable()
	c.sum.Reset(&c.set.opt.Key)
	plain := uint32(0)
	err := c.stored(e, crcs, func(b []byte) {
		if isChunk {
			c.sum.Add(b)
			plain = crc32.Update(plain, crc32.IEEETable, b)
		}
	})
	switch {
	case err != nil || !isChunk:
		return err
	case plain != e.PlainCRC:
		return fmt.Errorf("%w: plain checksum", ErrCorrupt)
	case c.sum.Sum() != e.ID:
		return fmt.Errorf("%w: chunk id", ErrCorrupt)
	}
	return nil
}

// stored reads the payload as it is stored and checks it.
func (c *scrubber) stored(e *Entry, crcs []uint32, see func([]byte)) error {
	whole, got := uint32(0), c.got[:0]
	for at := int64(0); at < int64(e.Stored); at += BlockBytes {
		n := int(min(BlockBytes, int64(e.Stored)-at))
		b, err := c.records.at(e.Offset+at, n)
		if err == nil && len(b) < n {
			err = fmt.Errorf("%w: the file ends early", ErrCorrupt)
		}
		if err != nil {
			return err
		}
		sum := crc32.Checksum(b, castagnoli)
		got = append(got, sum)
		whole = combine(whole, sum, n)
		see(b)
	}
	c.got = got
	switch {
	case whole != e.StoredCRC:
		return fmt.Errorf("%w: payload checksum", ErrCorrupt)
	case len(crcs) > 0 && !slices.Equal(got, crcs):
		return errBlocks
	}
	return nil
}
