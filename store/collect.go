package store

import (
	"context"
	"errors"
	"time"
)

// backgroundPace is the bytes a second that compaction writes beside other work.
const backgroundPace = 32 << 20

// collectSometimes gives space back now and then, for the first time when a sixth of
// Options.CollectEvery is over: a server may be restarted often.
func (s *Store) collectSometimes() {
	t := time.NewTimer(s.o.CollectEvery / 6)
	defer t.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-t.C:
		case <-s.soon:
		}
		s.collect()
		t.Reset(s.o.CollectEvery)
	}
}

// collectSoon has that done now, if it is done at all.
func (s *Store) collectSoon() {
	select {
	case s.soon <- struct{}{}:
	default: // it will be
	}
}

func (s *Store) collect() {
	begin := time.Now()
	c, err := s.GC(context.Background(), GCOptions{Pace: backgroundPace})
	switch {
	case errors.Is(err, ErrClosed):
	case err != nil:
		s.o.Log.Error("space is not given back for now", "err", err)
	case c.Dropped+c.Compacted+c.Merged+c.Left > 0:
		s.o.Log.Info("space was given back", "bytes", c.Before.Stored-c.After.Stored, "deleted", c.Dropped, "compacted", c.Compacted, "merged", c.Merged,
			"left", c.Left, "stored", c.After.Stored, "took", time.Since(begin).Round(time.Millisecond))
	}
}
