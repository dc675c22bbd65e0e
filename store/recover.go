package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cairn/store/meta"
	"cairn/store/pack"
)

// recover brings the database up to what the packs hold, then lets changes begin. old is
// what a rebuilt one takes the place of; nil: none.
func (s *Store) recover(ctx context.Context, sb superblock, old *aside) error {
	st, ok, err := s.db.State(ctx)
	if err != nil {
		return err
	}
	if !ok {
		if len(s.packs.Packs()) > 0 {
			if err := s.leaveMark(markEpoch); err != nil {
				return err
			}
		}
		st = meta.State{UUID: sb.Store, Epoch: 1}
		if err := s.db.Init(ctx, st.UUID, st.Epoch); err != nil {
			return err
		}
	}
	if st.UUID != sb.Store {
		return fmt.Errorf("%w: meta.db belongs to another store than cairn.json", ErrCorrupt)
	}
	n, after, err := s.replay(ctx, st.Applied)
	if err != nil {
		return fmt.Errorf("replaying the packs: %w", err)
	}
	if n > 0 {
		s.o.Log.Info("replayed commits that the database did not have", "records", n, "after", after)
	}
	if old != nil {
		if err := old.check(ctx); err != nil {
			return err
		}
		*s.o.rebuild = Rebuilt{Commits: n, After: after, Old: old.name()}
	}
	if err := s.mend(ctx); err != nil {
		return err
	}
	compacted, err := s.compacted()
	if err != nil {
		return err
	}
	if err := s.db.Start(ctx); err != nil {
		return err
	}
	err = s.raiseEpochIfDue(ctx)
	if err == nil {
		err = s.reregister(ctx, compacted...)
	}
	if err == nil {
		err = s.dropStaged(ctx)
	}
	if err == nil {
		err = s.takeMark(markSuspect)
	}
	if errors.Is(err, meta.ErrNotLogged) { // a full disk is no reason to show nothing
		s.o.Log.Warn("what an earlier run has left to be done is done at a later start", "err", err)
		err = nil
	}
	return err
}

// compacted are the registered packs that have another size, or lie elsewhere, than when they
// were registered.
func (s *Store) compacted() (rows []meta.Pack, err error) {
	now := map[meta.PackID]pack.Info{}
	for _, p := range s.packs.Packs() {
		if p.Sealed {
			now[p.ID] = p
		}
	}
	err = s.db.EachPack(func(p meta.Pack) error {
		if in, there := now[p.ID]; there && !liesAt(p, in) {
			rows = append(rows, p)
		}
		return nil
	})
	return rows, err
}

// replay has the packs read that the database does not know as sealed, and applies
// the commits found in them that it does not have, each when the next is known. A database
// without any rows begins with those of the newest checkpoint, as does one that lacks
// commits which are not there any more. It returns how many it applied, and what they came
// after.
//
// Of two records with one number the later counts. The earlier was never acknowledged:
// it was lost from a scan by damage before it, so its number was given again.
//
// The newest record counts only if what it refers to is there. A crash may have kept
// the record and lost, before it in its pack, what was written with the same flush.
// Nobody was told of such a commit. For any other record missing data is damage,
// which Check reports, and no reason to leave the record out.
func (s *Store) replay(ctx context.Context, applied uint64) (records int, after uint64, err error) {
	known := func(id meta.PackID) bool {
		if applied == 0 { // what it says may be a part of a checkpoint
			return false
		}
		var ok bool
		err := s.db.View(ctx, func(r *meta.Reader) (err error) {
			ok, err = r.PackKnown(id)
			return err
		})
		return err == nil && ok // unsure: read it
	}
	var r *meta.Replay
	apply := func(payload []byte) (err error) {
		if r == nil {
			if applied == 0 { // a crash may have left a part of a checkpoint
				err = s.restore(ctx, 0, func(func([]byte) error) error { return nil })
			}
			if err == nil {
				r, err = s.db.Replay(ctx)
			}
		}
		if err == nil {
			err = r.Apply(payload)
		}
		return err
	}
	var held []byte
	var heldLSN uint64
	err = s.packs.Recover(ctx, known, pack.Visitor{
		Base: func(lsn uint64, has func(after, upto uint64) bool, each func(func([]byte) error) error) (taken bool, err error) {
			if applied > 0 && (lsn <= applied || has(applied, lsn)) { // its own rows, and what follows, do
				return true, nil
			}
			if applied > 0 { // its rows are given up only for a checkpoint that is whole
				if err := each(func([]byte) error { return nil }); errors.Is(err, pack.ErrCorrupt) {
					return false, nil
				} else if err != nil {
					return false, err
				}
				s.o.Log.Error("the database lacks commits that are in a checkpoint only, as after a restore of an older one", "newest", applied)
				if err := s.leaveMark(markEpoch); err != nil {
					return false, err
				}
			}
			s.o.Log.Info("making the database from a checkpoint", "lsn", lsn)
			if err := s.restore(ctx, lsn, each); errors.Is(err, pack.ErrCorrupt) {
				s.o.Log.Error("a checkpoint cannot be used; an older one, or all commits, may do", "lsn", lsn, "err", err)
				return false, nil
			} else if err != nil {
				return false, err
			}
			applied = lsn
			return true, nil
		},
		Commit: func(lsn uint64, payload []byte) error {
			if lsn <= applied {
				return nil
			}
			if held != nil && heldLSN != lsn {
				if err := apply(held); err != nil {
					return err
				}
			}
			held, heldLSN = slices.Clone(payload), lsn
			return nil
		},
	})
	if err == nil && held != nil {
		var missing error
		switch missing, err = s.missing(ctx, held); {
		case err != nil:
			err = fmt.Errorf("what the newest commit, %d, refers to cannot be read; check the disk: %w", heldLSN, err)
		case missing != nil:
			s.o.Log.Error("the newest commit was not complete when the server stopped; it was not acknowledged and is left out", "lsn", heldLSN, "err", missing)
		default:
			err = apply(held)
		}
	}
	if r == nil {
		return 0, applied, err
	}
	return r.Records, applied, r.End(err)
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
