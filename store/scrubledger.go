package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"cairn/store/meta"
	"cairn/store/pack"
)

// ledger is what is known of each pack: when it was written or read whole, and what is
// damaged. It lies in a file of its own in the data folder, outside the format: whoever
// loses it reads everything once more. Safe for concurrent use.
type ledger struct {
	mu    sync.Mutex
	whole map[meta.PackID]int64 // Unix nanoseconds; 0: not known
	bad   map[meta.PackID]badPack
	retry map[meta.PackID]time.Time // packs that could not be looked at, and when
	begun int64                     // when the ledger was begun
	last  int64                     // when a pack was read last
	pass  int64                     // when the pass began that is not at its end; 0: none
	dirty bool

	queue  []meta.PackID // of the schedule: the packs that are next
	bytes  int64         // of all packs, when the queue was made
	queued time.Time     // by the clock of the system,
	lined  int64         // and by the store's

	saved time.Time // by the clock of the system

	stale sync.Map // of pack ids: those that should have been read long ago; mostly none
}

// badPack is what is damaged of a pack.
type badPack struct {
	records marks
	partial bool // its index is damaged: it is not known what it should hold
	missing bool // the file is not there
	flawed  bool // something is damaged that no reader needs
}

func (b *badPack) any() bool { return len(b.records) > 0 || b.partial || b.missing || b.flawed }

func newLedger(now time.Time) *ledger {
	return &ledger{whole: map[meta.PackID]int64{}, bad: map[meta.PackID]badPack{}, retry: map[meta.PackID]time.Time{}, begun: now.UnixNano()}
}

// meetPacks brings the ledger up to date with the packs that there are.
func (s *Store) meetPacks(ctx context.Context) error {
	all := s.packs.Packs()
	for _, id := range s.scrubs.meet(all) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		at, err := s.packs.Written(id)
		if errors.Is(err, pack.ErrNotFound) {
			continue
		}
		if err != nil || at.Before(time.Unix(0, 0)) { // as if it were old
			at = time.Unix(0, 0)
		}
		s.scrubs.met(id, at)
	}
	return nil
}

// meet forgets packs that are gone and returns those that are new.
func (l *ledger) meet(all []pack.Info) (fresh []meta.PackID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	there := make(map[meta.PackID]bool, len(all))
	for _, p := range all {
		there[p.ID] = true
		if _, ok := l.whole[p.ID]; !ok {
			fresh = append(fresh, p.ID)
		}
	}
	gone := func(id meta.PackID) bool { return !there[id] }
	maps.DeleteFunc(l.whole, func(id meta.PackID, _ int64) bool { return gone(id) })
	maps.DeleteFunc(l.bad, func(id meta.PackID, _ badPack) bool { return gone(id) })
	maps.DeleteFunc(l.retry, func(id meta.PackID, _ time.Time) bool { return gone(id) })
	return fresh
}

func (l *ledger) met(id meta.PackID, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whole[id], l.dirty = at.UnixNano(), true
}

func (l *ledger) forget(id meta.PackID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.whole, id)
	delete(l.bad, id)
	delete(l.retry, id)
	l.stale.Delete(id)
	l.dirty = true
}

// read notes that a pack was read whole.
func (l *ledger) read(id meta.PackID, now time.Time, bad badPack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whole[id], l.last, l.dirty = now.UnixNano(), now.UnixNano(), true
	delete(l.bad, id)
	delete(l.retry, id)
	l.stale.Delete(id)
	if bad.any() {
		l.bad[id] = bad
	}
}

// isStale reports whether a pack was neither written nor read within the time that the
// schedule has for it, and a tenth of that more, when the packs were lined up last. Without a
// schedule none is.
func (l *ledger) isStale(id meta.PackID) bool {
	_, stale := l.stale.Load(id)
	return stale
}

// failed notes that a pack could not be looked at.
func (l *ledger) failed(id meta.PackID, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retry[id] = now
}

// saw notes a record that is damaged.
func (l *ledger) saw(id meta.PackID, ordinal uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bad[id]
	if b.records.has(ordinal) {
		return
	}
	b.records = slices.Clone(b.records) // others may look at it
	b.records.set(ordinal, 1)
	l.bad[id], l.dirty = b, true
}

// healed notes that what is damaged of a pack is not there any more.
func (l *ledger) healed(id meta.PackID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.bad, id)
	l.dirty = true
}

// damaged is all that is known to be damaged. The records must not be changed.
func (l *ledger) damaged() map[meta.PackID]badPack {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.bad)
}

// passing goes on with a pass, or begins one: it returns the packs that it has not come
// to, those read longest ago first; and the bytes and the number of the others.
func (l *ledger) passing(now time.Time, all []pack.Info) (unread []pack.Info, done int64, before int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	age := now.Sub(time.Unix(0, l.pass))
	resumed := l.pass != 0 && age >= 0 && age <= passMay
	if !resumed {
		l.pass, l.dirty = now.UnixNano(), true
	}
	for _, p := range all {
		at := l.whole[p.ID]
		if resumed && at >= l.pass && at <= now.UnixNano() {
			done += p.Bytes
			before++
			continue
		}
		unread = append(unread, p)
	}
	slices.SortFunc(unread, func(a, b pack.Info) int {
		return cmp.Or(cmp.Compare(l.whole[a.ID], l.whole[b.ID]), cmp.Compare(a.ID, b.ID))
	})
	return unread, done, before
}

// passed ends the pass.
func (l *ledger) passed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass, l.dirty = 0, true
}

func (l *ledger) status(out *ScrubStatus, now time.Time, all []pack.Info) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := now.UnixNano()
	for _, p := range all {
		out.Packs++
		out.Bytes += p.Bytes
		at, ok := l.whole[p.ID]
		if !ok { // made a moment ago
			at = now.UnixNano()
		}
		if age := now.Sub(time.Unix(0, at)); age <= out.Every {
			out.Fresh++
		}
		oldest = min(oldest, at)
	}
	if l.last != 0 {
		out.Last = time.Unix(0, l.last)
	}
	if oldest != 0 && len(all) > 0 {
		out.Oldest = time.Unix(0, oldest)
	}
}
