package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"cairn/store/meta"
	"cairn/store/pack"
)

const (
	scrubQueue = 1000      // packs that are lined up at once
	scrubLook  = time.Hour // how long it is waited without looking again
)

// scrubSometimes reads one pack after the other, so that each is read once in
// Options.ScrubEvery: the one that was written, or read, longest ago comes next, and the
// time between two is the share of it that the pack has in all bytes. What is overdue is
// read at once. A minute of each start is left to others.
func (s *Store) scrubSometimes() {
	ctx, cancel := s.untilClosed(context.Background())
	defer cancel()
	if err := s.lineUp(ctx); err != nil && ctx.Err() == nil { // readers want to know
		s.o.Log.Warn("it is not known yet which packs are to be scrubbed", "err", err)
	}
	t := time.NewTimer(min(time.Minute, s.o.ScrubEvery/10))
	defer t.Stop()
	p := &pace{rate: s.o.ScrubRate}
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		wait, err := s.scrubNext(ctx, p)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.o.Log.Warn("nothing is scrubbed for now", "err", err)
			wait = min(time.Minute, s.o.ScrubEvery)
		}
		t.Reset(wait)
	}
}

// scrubNext reads the next pack if it is due, and says how long to wait for the one after.
func (s *Store) scrubNext(ctx context.Context, p *pace) (wait time.Duration, err error) {
	select {
	case s.scrubbing <- struct{}{}:
		defer func() { <-s.scrubbing }()
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	if s.scrubs.wantsQueue() {
		if err := s.lineUp(ctx); err != nil {
			return 0, err
		}
	}
	id, wait := s.scrubs.next(s.o.Clock(), s.o.ScrubEvery, func(id meta.PackID) (int64, bool) {
		in, ok := s.packs.Info(id)
		return in.Bytes, ok
	})
	if id == 0 || wait > 0 {
		return wait, nil
	}
	saw, err := s.scrubPack(ctx, id, func(n int64) error { return p.wait(ctx, n) })
	s.scrubs.pop()
	if err != nil {
		return 0, err
	}
	if bad, ok := s.scrubs.damaged()[id]; saw.damaged && ok {
		err = s.damage(ctx, map[meta.PackID]badPack{id: bad}, s.logDamage)
	}
	s.saveScrubs(saw.damaged)
	if errors.Is(err, pack.ErrClosed) {
		err = ErrClosed
	}
	return 0, err
}

func (s *Store) lineUp(ctx context.Context) error {
	if err := s.meetPacks(ctx); err != nil {
		return err
	}
	s.scrubs.lineUp(s.o.Clock(), s.packs.Packs(), s.o.ScrubEvery)
	return nil
}

// wantsQueue reports whether the packs that are next have to be lined up anew.
func (l *ledger) wantsQueue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) == 0 || time.Since(l.queued) > scrubLook
}

// lineUp lines up the packs that were read longest ago.
func (l *ledger) lineUp(now time.Time, all []pack.Info, every time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes, l.queued, l.lined, l.queue = 0, time.Now(), now.UnixNano(), l.queue[:0]
	slices.SortFunc(all, func(a, b pack.Info) int {
		return cmp.Or(cmp.Compare(l.at(a.ID, now), l.at(b.ID, now)), cmp.Compare(a.ID, b.ID))
	})
	for _, p := range all {
		l.bytes += p.Bytes
		if age := now.Sub(time.Unix(0, l.at(p.ID, now))); age > every+every/10 {
			l.stale.Store(p.ID, nil)
		}
		if tried, ok := l.retry[p.ID]; ok && now.Sub(tried) < min(every, scrubLook) && !now.Before(tried) {
			continue
		}
		if len(l.queue) < scrubQueue {
			l.queue = append(l.queue, p.ID)
		}
	}
}

// at is when a pack was read; of one that is said to be read later than now it is not
// known. Under mu.
func (l *ledger) at(id meta.PackID, now time.Time) int64 {
	if at := l.whole[id]; at <= now.UnixNano() {
		return at
	}
	return 0
}

// next is the pack at the head of the line, and how long it is to wait; 0: there is none.
func (l *ledger) next(now time.Time, every time.Duration, size func(meta.PackID) (int64, bool)) (id meta.PackID, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > 0 {
		id := l.queue[0]
		bytes, ok := size(id)
		at := l.at(id, now)
		if !ok || at >= l.lined { // dropped, or read by somebody else
			l.queue = l.queue[1:]
			continue
		}
		age := now.Sub(time.Unix(0, at))
		last := min(max(l.last, l.begun), now.UnixNano())
		due := time.Unix(0, last).Add(time.Duration(float64(every) * float64(bytes) / float64(max(l.bytes, bytes, 1))))
		if age >= every || !due.After(now) {
			return id, 0
		}
		return id, min(due.Sub(now), every-age, scrubLook)
	}
	return 0, min(every, scrubLook)
}

// pop takes the head of the line away.
func (l *ledger) pop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 {
		l.queue = l.queue[1:]
	}
}
