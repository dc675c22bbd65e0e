package pack

import (
	"context"
	"time"

	"cairn/store/meta"
)

const (
	hintBatch    = 32 << 10 // hints put in at once, of 16 bytes each
	hintRebuilds = 2        // in one run
)

// learner gathers the chunks of sealed packs for the hint index.
type learner struct {
	s     *Set
	batch []hint
}

func (l *learner) see(id meta.PackID, e *Entry) {
	if e.Type != Chunk || id > maxHinted {
		return
	}
	if l.batch = append(l.batch, newHint(&e.ID, id, e.Ordinal)); len(l.batch) == hintBatch {
		l.flush()
	}
}

// flush puts the batch into the index, which first grows if it must.
func (l *learner) flush() {
	x := l.s.hints
	for again := true; again; {
		grow, quick := x.full(len(l.batch))
		switch {
		case grow && quick: // a few milliseconds: not to be cut short
			again = x.grow(context.Background())
			continue
		case grow && !l.s.spawn(func() { x.grow(l.s.running) }):
			x.growing.Store(false)
		}
		again = false
	}
	x.add(l.batch)
	l.batch = l.batch[:0]
}

// learn puts the chunks of a pack that was just sealed into the index, before anybody
// is told that it is sealed.
func (s *Set) learn(p *pack, x *index) {
	if s.hints != nil {
		s.learning.Lock()
		l := learner{s: s}
		for i := range x.entries {
			l.see(p.id, &x.entries[i])
		}
		l.flush()
		s.learning.Unlock()
		s.mendHints()
	}
	s.forgetFresh(p)
}

// learnSealed is learn for a pack that an earlier run sealed.
func (s *Set) learnSealed(ctx context.Context, p *pack) {
	if s.hints == nil {
		return
	}
	s.learning.Lock()
	defer s.learning.Unlock()
	l := learner{s: s}
	if err := s.EachEntry(ctx, p.id, func(e *Entry) { l.see(p.id, e) }); err != nil {
		s.opt.Log.Warn("no hints to a sealed pack", "pack", name(p.id), "err", err)
	}
	l.flush()
}

// mendHints rebuilds the index in the background if it lacks packs. Not without end:
// what spoils it may do so again.
func (s *Set) mendHints() {
	if s.hints == nil || s.hints.whole() {
		return
	}
	s.mu.Lock()
	again := !s.rebuilding && s.rebuilds < hintRebuilds
	if again {
		s.rebuilding = true
		s.rebuilds++
	}
	s.mu.Unlock()
	if again {
		s.spawn(func() {
			s.rebuildHints(s.running)
			s.mu.Lock()
			s.rebuilding = false
			s.mu.Unlock()
		})
	}
}

// rebuildHints puts the chunks of all sealed packs into the index. Until it is done
// fewer are found. Packs sealed meanwhile are put in by those who seal them.
func (s *Set) rebuildHints(ctx context.Context) {
	s.hints.finish(false)
	if !s.hints.sweep(ctx) {
		return
	}
	var ids []meta.PackID // now: what the sweep took from a pack that was sealed meanwhile comes back, too
	for _, i := range s.Packs() {
		if i.Sealed {
			ids = append(ids, i.ID)
		}
	}
	begin, told, unread := time.Now(), time.Now(), 0
	if len(ids) > 0 {
		s.opt.Log.Info("rebuilding the hint index", "packs", len(ids))
	}
	l := learner{s: s}
	for i, id := range ids {
		if err := s.EachEntry(ctx, id, func(e *Entry) { l.see(id, e) }); err != nil && ctx.Err() == nil {
			unread++
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			s.opt.Log.Info("rebuilding the hint index", "packs", len(ids), "done", i+1)
		}
	}
	l.flush()
	if !s.hints.spoilt.Load() {
		s.hints.finish(true)
	}
	if len(ids) > 0 {
		s.opt.Log.Info("the hint index is rebuilt", "packs", len(ids), "unread", unread,
			"chunks", s.hints.used.Load(), "took", time.Since(begin).Round(time.Millisecond))
	}
}

// spawn runs f in the background, for Close to wait for; false if the set is closed.
func (s *Set) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Go(f)
	return true
}
