package store

import (
	"context"

	"cairn/store/meta"
)

// TrashSize implements API.
func (s *Store) TrashSize(ctx context.Context, sc Scope) (size TrashSize, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		if err := wholeSpace(r, sc, MayRead); err != nil {
			return err
		}
		sp, _, err := r.Space(sc.Space)
		if err == nil {
			size.Entries, size.Upto, err = r.CountTrash(sc.Space)
		}
		if err != nil {
			return err
		}
		trash, _, err := r.NodeByID(sp.Trash)
		size.Bytes = trash.Bytes
		return err
	})
	return size, fail("trash size", "", err)
}

// Purge implements API. Once the node is out of the trash it is gone; what is left of its
// rows is dropped in the background.
func (s *Store) Purge(ctx context.Context, sc Scope, id NodeID) error {
	more := false
	err := s.freeing(ctx, func(tx *meta.Tx) error {
		if err := wholeSpace(&tx.Reader, sc, MayWrite); err != nil {
			return err
		}
		t, ok, err := tx.Trashed(id)
		if err == nil && (!ok || t.Space != sc.Space) {
			err = ErrNotExist
		}
		if err != nil {
			return err
		}
		more, err = s.purge(tx, t)
		return err
	})
	if more && err == nil {
		s.reap()
	}
	return fail("purge", "", err)
}

// purge deletes a node of the trash for good. more says that rows of it are left to drop.
func (s *Store) purge(tx *meta.Tx, t Trashed) (more bool, err error) {
	d := s.dropper(tx)
	if _, err := d.trashed(t); err != nil {
		return false, err
	}
	return d.gone()
}

// EmptyTrash implements API.
func (s *Store) EmptyTrash(ctx context.Context, sc Scope, upto int64) (n int, err error) {
	if upto <= 0 {
		upto = 1<<63 - 1
	}
	for more := true; more && err == nil; {
		one := 0
		err = s.freeing(ctx, func(tx *meta.Tx) error {
			one, more = 0, false
			if err := wholeSpace(&tx.Reader, sc, MayWrite); err != nil {
				return err
			}
			d := s.dropper(tx)
			ts, err := tx.TrashAfter(sc.Space, 0, pruneBatch/2)
			if err != nil {
				return err
			}
			if len(ts) > 0 { // what is removed from now on stays
				last, err := tx.TrashPage(sc.Space, 0, 1)
				if err != nil || len(last) == 0 {
					return err
				}
				upto = min(upto, last[0].Seq)
			}
			for _, t := range ts {
				if t.Seq > upto {
					break
				}
				if more = true; one > 0 && d.full() {
					break
				}
				if _, err := d.trashed(t); err != nil {
					return err
				}
				one++
			}
			return nil
		})
		if err == nil {
			n += one
		}
	}
	if n > 0 {
		s.reap()
	}
	return n, fail("empty trash", "", err)
}

// DropVersion implements API.
func (s *Store) DropVersion(ctx context.Context, sc Scope, p Path, id VersionID, c Conditions) error {
	err := s.freeing(ctx, func(tx *meta.Tx) error {
		pl, err := allowPatch(tx, sc, p, c)
		if err != nil {
			return err
		}
		if pl.node.IsFolder() {
			return ErrIsFolder
		}
		v, ok, err := tx.Version(id)
		if err == nil && (!ok || v.Node != pl.node.ID) {
			err = ErrNotExist
		}
		if err != nil {
			return err
		}
		pinned, err := s.dropper(tx).pinnedRows(sc.Space, v.Node)
		if err == nil && pinned.has(id) {
			err = ErrSnapshot
		}
		if err != nil {
			return err
		}
		return tx.Apply(&meta.DropVersion{ID: id})
	})
	return fail("drop version", p, err)
}

// reap has what is detached dropped soon.
func (s *Store) reap() {
	select {
	case s.reaper <- struct{}{}:
	default: // it will be
	}
}
