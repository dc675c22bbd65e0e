package store

import (
	"context"
	"time"

	"cairn/store/meta"
)

// The store believes a clock that goes on evenly. Anything else is a jump: more than
// maxIdle forward since it was looked at, or more than maxDrift backward. What is older
// than the last jump counts from the jump, so that no clock makes anything older than it
// was seen to become.
const (
	maxIdle    = 7 * 24 * time.Hour // a server looks once an hour
	maxDrift   = time.Hour
	writeWatch = 24 * time.Hour // it is noted at least so often that it was looked at
)

// ages tells how old things are, at one moment.
type ages struct {
	now   time.Time
	since time.Time // of the last jump; zero: there was none
}

// readWatch looks at the clock. trust takes it for right, whatever it did; note keeps what
// was seen.
func (s *Store) readWatch(ctx context.Context, trust, note bool) (a ages, jumped bool, err error) {
	a.now = s.o.Clock().UTC().Round(0)
	was, noted, err := s.watched(ctx, a.now)
	if err != nil {
		return a, false, err
	}
	a.since = was.Since
	s.looking.Lock()
	seen := noted
	if !s.looked.IsZero() {
		seen = s.looked
	}
	s.looking.Unlock()
	gone := a.now.Sub(seen)
	jumped = !seen.IsZero() && (gone > maxIdle || gone < -maxDrift)
	switch {
	case trust:
		jumped, a.since = false, time.Time{}
	case jumped:
		a.since = a.now
		s.o.Log.Warn("the clock has jumped, or nobody looked at it for a week: what is older than this moment is kept as if it were from now", "seen", seen, "now", a.now)
	}
	if note && (jumped || !a.since.Equal(was.Since) || !noted.IsZero() && a.now.Sub(noted) >= writeWatch) {
		err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
			return tx.Apply(&meta.PutWatch{Watch: meta.Watch{Seen: a.now, Since: a.since}})
		})
	}
	if note && err == nil { // else the next look has to see the jump
		s.looking.Lock()
		s.looked = a.now
		s.looking.Unlock()
	}
	return a, jumped, err
}

// watched is what was kept of the last look, and when it was, or when there was a change
// since; zero: neither ever was.
func (s *Store) watched(ctx context.Context, now time.Time) (was meta.Watch, at time.Time, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		known := false
		var err error
		if was, known, err = r.Watch(); err != nil {
			return err
		}
		at = was.Seen
		spaces, err := allSpaces(r)
		if err != nil {
			return err
		}
		for _, sp := range spaces {
			c, _, err := r.NewestChange(sp.ID)
			if err != nil {
				return err
			}
			// A stamp from the future may be of before the look.
			if c.At.After(at) && !(known && c.At.After(now)) {
				at = c.At
			}
		}
		return nil
	})
	return was, at, err
}

// line is things of one space in the order of their change numbers, which is the one in
// which they happened.
type line struct {
	ages
	floor time.Time // nothing that follows is older
}

func (a ages) line() *line { return &line{ages: a, floor: a.since} }

// due tells how many of the next n are as old as age: all up to the last that its own
// stamp shows to be. A stamp in the future, or none, shows nothing. over says that the
// rest of the line is younger.
func (l *line) due(n int, at func(i int) time.Time, age time.Duration) (k int, over bool) {
	if age <= 0 {
		return n, false
	}
	for i := range n {
		t := at(i)
		if t.IsZero() || t.After(l.now) {
			continue
		}
		if t.Before(l.floor) {
			t = l.floor
		}
		if l.floor = t; l.now.Sub(t) < age {
			return k, true
		}
		k = i + 1
	}
	return k, false
}

// allSpaces lists all spaces, removed ones too.
func allSpaces(r *meta.Reader) (out []meta.Space, err error) {
	_, last, _, err := r.MaxIDs()
	for id := SpaceID(1); id <= last && err == nil; id++ {
		var sp meta.Space
		var ok bool
		if sp, ok, err = r.Space(id); ok {
			out = append(out, sp)
		}
	}
	return out, err
}
