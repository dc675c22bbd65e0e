package store

import (
	"context"
	"errors"
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
	n, err := s.replay(ctx, st.Applied)
	if err != nil {
		return fmt.Errorf("replaying the packs: %w", err)
	}
	if n > 0 {
		s.o.Log.Info("replayed commits that the database did not have", "records", n, "after", st.Applied)
	}
	if err := s.mend(ctx); err != nil {
		return err
	}
	if err := s.db.Start(ctx); err != nil {
		return err
	}
	err = s.dropStaged(ctx)
	if errors.Is(err, meta.ErrNotLogged) { // a full disk is no reason to show nothing
		s.o.Log.Warn("what is left of a copy that failed is dropped at a later start", "err", err)
		err = nil
	}
	return err
}

// replay has the packs read that the database does not know as sealed, and applies
// the commits found in them that it does not have, each when the next is known:
//
// Of two records with one number the later counts. The earlier was never acknowledged:
// it was lost from a scan by damage before it, so its number was given again.
//
// The newest record counts only if what it refers to is there. A crash may have kept
// the record and lost, before it in its pack, what was written with the same flush.
// Nobody was told of such a commit. For any other record missing data is damage,
// which Check reports, and no reason to leave the record out.
func (s *Store) replay(ctx context.Context, applied uint64) (int, error) {
	known := func(id meta.PackID) bool {
		var ok bool
		err := s.db.View(ctx, func(r *meta.Reader) (err error) {
			ok, err = r.PackKnown(id)
			return err
		})
		return err == nil && ok // unsure: read it
	}
	r, err := s.db.Replay(ctx)
	if err != nil {
		return 0, err
	}
	var held []byte
	var heldLSN uint64
	err = s.packs.Recover(ctx, known, func(lsn uint64, payload []byte) error {
		if lsn <= applied {
			return nil
		}
		if held != nil && heldLSN != lsn {
			if err := r.Apply(held); err != nil {
				return err
			}
		}
		held, heldLSN = slices.Clone(payload), lsn
		return nil
	})
	if err == nil && held != nil {
		var missing error
		switch missing, err = s.missing(ctx, held); {
		case err != nil:
			err = fmt.Errorf("what the newest commit, %d, refers to cannot be read; check the disk: %w", heldLSN, err)
		case missing != nil:
			s.o.Log.Error("the newest commit was not complete when the server stopped; it was not acknowledged and is left out", "lsn", heldLSN, "err", missing)
		default:
			err = r.Apply(held)
		}
	}
	return r.Records, r.End(err)
}

// missing is why a record that a commit refers to is not there; nil if all are. The error is
// why that cannot be told: what cannot be read now is not missing, and a commit that is
// left out is lost for good, since the next one gets its number.
func (s *Store) missing(ctx context.Context, payload []byte) (missing, err error) {
	var gone, unread []error
	bad := meta.RecordRefs(payload, func(id meta.PackID, first, count uint32) {
		es, err := s.packs.Entries(ctx, id, first, count)
		switch {
		case err == nil && slices.ContainsFunc(es, func(e pack.Entry) bool { return e.Type == pack.Pad }):
			gone = append(gone, fmt.Errorf("pack %d: records %d+%d were lost and are pads", id, first, count)) // see mend
		case errors.Is(err, pack.ErrNotFound) || errors.Is(err, pack.ErrCorrupt):
			gone = append(gone, err)
		case err != nil:
			unread = append(unread, err)
		}
	})
	return errors.Join(append(gone, bad)...), errors.Join(unread...)
}
