package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cairn/store/meta"
	"cairn/store/pack"
)

// recover brings the database up to what the packs hold, then lets changes begin.
func (s *Store) recover(ctx context.Context, sb superblock) error {
	st, ok, err := s.db.State(ctx)
	if err != nil {
		return err
	}
	if !ok {
		st = meta.State{UUID: sb.Store, Epoch: 1}
		if err := s.db.Init(ctx, st.UUID, st.Epoch); err != nil {
			return err
		}
	}
	if st.UUID != sb.Store {
		return fmt.Errorf("%w: meta.db belongs to another store than cairn.json", ErrCorrupt)
	}
	known := func(id meta.PackID) (ok bool) {
		err2 := s.db.View(ctx, func(r *meta.Reader) error {
			var err error
			ok, err = r.PackKnown(id)
			return err
		})
		if err2 != nil {
			err = err2
		}
		return ok
	}
	type record struct {
		lsn   uint64
		place pack.Place
	}
	var records []record
	err2 := s.packs.Recover(ctx, known, func(lsn uint64, at pack.Place) error {
		if lsn > st.Applied {
			records = append(records, record{lsn, at})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err2 != nil {
		return err2
	}
	slices.SortFunc(records, func(a, b record) int { return cmp.Compare(a.lsn, b.lsn) })
	n, err := s.db.Replay(ctx, func(yield func([]byte, error) bool) {
		for _, r := range records {
			p, err := s.packs.Read(ctx, r.place.Pack, r.place.First, nil)
			if !yield(p, err) {
				return
			}
		}
	})
	if err != nil {
		return fmt.Errorf("replaying the packs: %w", err)
	}
	if n > 0 {
		s.o.Log.Info("replayed commits that the database did not have", "records", n, "from", st.Applied+1)
	}
	if err := s.db.Start(ctx); err != nil {
		return err
	}
	s.packs.Registered() // seals found by Recover may now be committed
	return s.dropStaged(ctx)
}
