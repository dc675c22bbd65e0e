package store

import (
	"context"

	"cairn/store/meta"

	"lukechampine.com/blake3"
)

// DigestForTest is a digest for tests.
func DigestForTest(p []byte) [32]byte { return blake3.Sum256(p) }

// SpillsForTest is how often a slab was taken from an idle upload.
func (s *Store) SpillsForTest() int64 {
	_, _, n := s.mem.Stats()
	return n
}

// PageForTest lays a manifest in the packs as an upload does, and reads it back.
func (s *Store) PageForTest(ctx context.Context, m meta.Manifest) (row meta.Manifest, back []meta.Extent, err error) {
	in := s.newIngest()
	defer in.close()
	in.m = m
	if row, err = in.paged(ctx); err != nil {
		return row, nil, err
	}
	back, err = s.extents(ctx, row)
	return row, back, err
}
