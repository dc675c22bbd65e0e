package store

import (
	"context"
	"time"

	"cairn/store/meta"
)

// sweep forgets uploads and sessions whose time is over and prunes the past, at the start
// and once an hour.
func (s *Store) sweep() {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	ctx, cancel := s.untilClosed(context.Background()) // a prune may be long
	defer cancel()
	for {
		if err := s.keepBallast(); err != nil {
			s.o.Log.Warn("no space is set aside for deletions on a full disk", "err", err)
		}
		if err := s.sweepUploads(context.Background()); err != nil {
			s.o.Log.Warn("expired uploads stay for now", "err", err)
		}
		if err := s.sweepSessions(context.Background()); err != nil {
			s.o.Log.Warn("expired sessions stay for now", "err", err)
		}
		s.sweepPast(ctx)
		for waiting := true; waiting; {
			select {
			case <-s.closing:
				return
			case <-s.reaper:
				s.sweepGone(ctx)
			case <-t.C:
				waiting = false
			}
		}
	}
}

// sweepPast prunes, and more than that if the disk is nearly full.
func (s *Store) sweepPast(ctx context.Context) {
	s.sweepGone(ctx)
	if s.o.Retention == nil {
		return
	}
	did, err := s.Prune(ctx, PruneOptions{})
	if err == nil {
		var more Pruned
		more, err = s.relieve(ctx)
		if did.add(more); more.Bytes > 0 {
			s.collectSoon()
		}
	}
	if did.Versions+did.Trashed+did.Spaces > 0 {
		s.o.Log.Info("pruned", "versions", did.Versions, "trashed", did.Trashed, "spaces", did.Spaces, "bytes", did.Bytes)
	}
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("the past is pruned later", "err", err)
	}
}

func (s *Store) sweepGone(ctx context.Context) {
	err := s.dropGone(ctx, new(Pruned))
	if err == nil && s.unheld.Swap(false) {
		if err = s.dropUnpinned(ctx, new(Pruned)); err != nil {
			s.unheld.Store(true)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("what was deleted for good is dropped later", "err", err)
	}
}

func (s *Store) sweepUploads(ctx context.Context) error {
	for {
		var ids []UploadID
		err := s.db.View(ctx, func(r *meta.Reader) error {
			var err error
			ids, err = r.ExpiredUploads(s.o.Clock(), 100)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		held := ids[:0]
		var release []func()
		for _, id := range ids {
			if end, err := s.hold(id); err == nil { // else a request is bringing bytes
				held, release = append(held, id), append(release, end)
			}
		}
		dropped := 0
		err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
			dropped = 0
			for _, id := range held {
				u, ok, err := tx.Upload(id)
				if err != nil {
					return err
				}
				if !ok || u.Expires.After(tx.Now()) { // extended meanwhile
					continue
				}
				dropped++
				if err := tx.Apply(&meta.DropUpload{ID: id}); err != nil {
					return err
				}
			}
			return nil
		})
		for _, end := range release {
			end()
		}
		if err != nil || dropped == 0 {
			return err
		}
	}
}
