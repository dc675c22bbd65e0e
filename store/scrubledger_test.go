package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cairn/store/meta"
	"cairn/store/pack"
)

// The schedule, on a clock that only the waiting moves: it reads each pack once in the
// time that it has, never many at once, also if all were written in one hour, and goes on
// after a restart as if there had been none. What was overdue while nobody looked comes at
// once.
func TestScrubLedger(t *testing.T) {
	const every, packs = 30 * 24 * time.Hour, 500
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l := newLedger(now)
	rng := rand.New(rand.NewPCG(1, 2))
	var all []pack.Info
	size := map[meta.PackID]int64{}
	total := int64(0)
	for i := range packs {
		in := pack.Info{ID: meta.PackID(i + 1), Bytes: 1 + rng.Int64N(64<<20)}
		all = append(all, in)
		size[in.ID] = in.Bytes
		total += in.Bytes
		l.met(in.ID, now.Add(-time.Duration(rng.Int64N(int64(time.Hour)))))
	}
	reads := map[meta.PackID][]time.Time{}
	step := func() {
		if l.queued = time.Now(); len(l.queue) == 0 {
			l.lineUp(now, slices.Clone(all), every)
		}
		id, wait := l.next(now, every, func(id meta.PackID) (int64, bool) { n, ok := size[id]; return n, ok })
		if now = now.Add(wait); wait > 0 {
			return
		}
		l.pop()
		reads[id] = append(reads[id], now)
		now = now.Add(4 * time.Second)
		l.read(id, now, badPack{})
	}
	begin := now
	for now.Sub(begin) < 5*every/2 {
		step()
		if rng.IntN(200) == 0 {
			l = restarted(t, l)
		}
	}
	for id, at := range reads {
		if len(at) < 2 || len(at) > 3 || at[0].Sub(begin) > every+time.Hour {
			t.Errorf("pack %d was read at %v", id, at)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < every*9/10 || gap > every+time.Hour {
				t.Errorf("pack %d was read again after %v", id, gap)
			}
		}
	}
	if len(reads) != packs {
		t.Errorf("%d packs were read of %d", len(reads), packs)
	}
	for day := range 60 { // so many bytes a day, and no more
		n := int64(0)
		for id, at := range reads {
			for _, at := range at {
				if at.Sub(begin)/(24*time.Hour) == time.Duration(day) {
					n += size[id]
				}
			}
		}
		if mean := total / 30; n < mean*8/10 || n > mean*12/10 {
			t.Errorf("day %d: %d bytes, want about %d", day, n, mean)
		}
	}
	now = now.Add(every)
	behind := now
	clear(reads)
	for len(reads) < packs {
		step()
	}
	if took := now.Sub(behind); took > time.Hour {
		t.Errorf("what was overdue was read in %v", took)
	}
}

// restarted is a ledger that was saved and read again, without the line, whose packs it
// does not keep.
func restarted(t *testing.T, l *ledger) *ledger {
	t.Helper()
	back := newLedger(time.Unix(1, 0))
	if err := back.decode(l.encode([16]byte{7}), [16]byte{7}); err != nil {
		t.Fatal(err)
	}
	return back
}

// Whatever is wrong with the file of the ledger, nothing of it is believed.
func TestScrubFile(t *testing.T) {
	now := time.Unix(1_700_000_000, 5)
	l := newLedger(now)
	l.met(1, now)
	l.read(2, now.Add(time.Hour), badPack{partial: true})
	l.saw(3, 70)
	l.saw(3, 5)
	l.passing(now, nil)
	text := l.encode([16]byte{7})
	back := restarted(t, l)
	if fmt.Sprint(back.whole, back.bad, back.begun, back.last, back.pass) != fmt.Sprint(l.whole, l.bad, l.begun, l.last, l.pass) {
		t.Errorf("%+v, want %+v", back, l)
	}
	for i := range text {
		if newLedger(now).decode(text[:i], [16]byte{7}) == nil {
			t.Errorf("%d bytes of %d are enough", i, len(text))
		}
		bad := slices.Clone(text)
		bad[i] ^= 4
		if newLedger(now).decode(bad, [16]byte{7}) == nil {
			t.Errorf("byte %d was flipped", i)
		}
	}
	if newLedger(now).decode(text, [16]byte{8}) == nil {
		t.Error("of another store")
	}
}

// A pack that cannot be looked at is left alone for a while, and others are read.
func TestScrubRetry(t *testing.T) {
	const every = 30 * 24 * time.Hour
	now := time.Unix(1_700_000_000, 0)
	l := newLedger(now)
	all := []pack.Info{{ID: 1, Bytes: 10}, {ID: 2, Bytes: 10}}
	l.met(1, time.Unix(0, 0))
	l.met(2, time.Unix(0, 1))
	size := func(meta.PackID) (int64, bool) { return 10, true }
	for _, want := range []meta.PackID{1, 2, 0, 1} {
		l.lineUp(now, slices.Clone(all), every)
		id, wait := l.next(now, every, size)
		if id != want || (wait > 0) != (want == 0) {
			t.Errorf("next is %d in %v, want %d", id, wait, want)
		}
		if now = now.Add(wait); id != 0 {
			l.failed(id, now)
		}
	}
}
