package store

import (
	"context"

	"cairn/store/meta"
)

// PlaceForTest is where the bytes of a record lie: the name of the pack in the data folder,
// and their offset and number in it.
func (s *Store) PlaceForTest(ctx context.Context, id meta.PackID, ordinal uint32) (name string, offset, bytes int64, err error) {
	es, err := s.packs.Entries(ctx, id, ordinal, 1)
	if err != nil {
		return "", 0, 0, err
	}
	return s.packName(id), es[0].Offset, int64(es[0].Stored), nil
}

// SealForTest seals the packs that are open.
func (s *Store) SealForTest(ctx context.Context) error {
	for _, p := range s.packs.Packs() {
		if _, err := s.packs.SealOpen(ctx, p.ID); err != nil {
			return err
		}
	}
	return nil
}
