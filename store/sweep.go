package store

import (
	"context"
	"errors"
	"time"

	"cairn/store/meta"
)

// sweep forgets uploads and sessions whose time is over, at the start and once an hour.
func (s *Store) sweep() {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	var collect <-chan time.Time
	if s.o.CollectEvery > 0 {
		c := time.NewTicker(s.o.CollectEvery)
		defer c.Stop()
		collect = c.C
	}
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
		for again := false; !again; {
			select {
			case <-s.closing:
				return
			case <-t.C:
				again = true
			case <-collect:
				s.collect()
			}
		}
	}
}

// backgroundPace is the bytes a second that compaction writes beside other work.
const backgroundPace = 32 << 20

func (s *Store) collect() {
	begin := time.Now()
	c, err := s.GC(context.Background(), GCOptions{Pace: backgroundPace})
	switch {
	case errors.Is(err, ErrClosed):
	case err != nil:
		s.o.Log.Error("space is not given back for now", "err", err)
	case c.Dropped+c.Compacted+c.Left > 0:
		s.o.Log.Info("space was given back", "bytes", c.Before.Stored-c.After.Stored, "deleted", c.Dropped, "compacted", c.Compacted,
			"left", c.Left, "stored", c.After.Stored, "took", time.Since(begin).Round(time.Millisecond))
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
