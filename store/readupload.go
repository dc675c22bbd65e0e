package store

import (
	"context"
	"fmt"
	"io"

	"cairn/store/chunk"
	"cairn/store/meta"
)

// ReadUpload implements API.
func (s *Store) ReadUpload(ctx context.Context, sc Scope, id UploadID, w io.Writer, off, n int64) error {
	return fail("read upload", Path(id.String()), s.readUpload(ctx, sc, id, w, off, n))
}

func (s *Store) readUpload(ctx context.Context, sc Scope, id UploadID, w io.Writer, off, n int64) error {
	u, err := s.GetUpload(ctx, sc, id)
	if err != nil {
		return err
	}
	if u.Finished {
		return ErrFinished
	}
	if len(u.Parts) != 1 {
		return fmt.Errorf("%w: it has %d parts", ErrIncomplete, len(u.Parts))
	}
	p := &u.Parts[0]
	if off < 0 || n < 0 || off > p.Offset || n > p.Offset-off {
		return fmt.Errorf("%w: the upload is at %d", ErrOffset, p.Offset)
	}
	at := p.Offset // where the bytes begin that are no chunks yet
	for _, ref := range p.Tail {
		at -= ref.Bytes
	}
	if off < at && n > 0 {
		c := &openFile{s: s, node: Node{Size: at, Manifest: p.Manifest}}
		if err := c.load(); err != nil {
			return err
		}
		m, err := c.WriteRange(ctx, w, off, min(n, at-off))
		c.Close()
		if err != nil {
			return err
		}
		off, n = off+m, n-m
	}
	for _, ref := range p.Tail {
		if skip := off - at; n > 0 && skip < ref.Bytes {
			take := min(n, ref.Bytes-skip)
			if err := s.writeTail(ctx, w, ref, skip, take); err != nil {
				return err
			}
			off, n = off+take, n-take
		}
		at += ref.Bytes
	}
	return nil
}

// writeTail writes the bytes [skip, skip+take) of a tail record.
func (s *Store) writeTail(ctx context.Context, w io.Writer, ref meta.Ref, skip, take int64) error {
	if ref.Bytes < 0 || ref.Bytes > chunk.MaxBytes {
		return fmt.Errorf("%w: a piece of %d bytes", ErrCorrupt, ref.Bytes)
	}
	slabs, err := s.mem.Acquire(ctx, int((ref.Bytes+slabBytes-1)/slabBytes))
	if err != nil {
		return err
	}
	defer s.mem.Release(slabs...)
	parts := make([][]byte, len(slabs))
	for i, sl := range slabs {
		parts[i] = sl.Bytes[:min(slabBytes, ref.Bytes-int64(i)*slabBytes)]
	}
	if err := s.packs.ReadInto(ctx, ref.Pack, ref.Ordinal, parts...); err != nil {
		return fmt.Errorf("a piece of the upload: %w", err)
	}
	for _, b := range parts {
		if from := min(skip, int64(len(b))); take > 0 {
			some := b[from:min(int64(len(b)), from+take)]
			if _, err := w.Write(some); err != nil {
				return err
			}
			skip, take = skip-from, take-int64(len(some))
		}
	}
	return nil
}
