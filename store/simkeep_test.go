package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"cairn/store"
	"cairn/store/object"
	"cairn/store/storetest/sqlite"
)

// simSaved is what the last backup that was acknowledged must hold: of disks with one
// client, who makes it between two operations.
type simSaved struct {
	path string
	w    simWorker
}

// collect gives space back, beside uploads.
func (l *simLife) collect(r *rand.Rand, sick func() bool) error {
	c, err := l.m.s.GC(context.Background(), store.GCOptions{Full: r.IntN(3) > 0})
	l.stats.add(&l.stats.drops, c.Dropped)
	l.stats.add(&l.stats.compacted, c.Compacted)
	l.stats.add(&l.stats.merged, c.Merged)
	if c.Checkpoint > 0 {
		l.stats.add(&l.stats.points, 1)
	}
	if err != nil && !sick() {
		return fmt.Errorf("gc: %w", err)
	}
	return nil
}

// scrub reads everything, beside the others, or a part: there is no damage on this disk.
func (l *simLife) scrub(r *rand.Rand, sick func() bool) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	o := store.ScrubOptions{}
	if r.IntN(3) == 0 {
		left := r.IntN(20)
		o.Progress = func(int64, int64) {
			if left--; left == 0 {
				stop()
			}
		}
	}
	out, err := l.m.s.Scrub(ctx, o)
	switch {
	case sick() || errors.Is(err, context.Canceled):
		return nil
	case err != nil:
		return fmt.Errorf("scrub: %w", err)
	case out.Damaged > 0 || len(out.Unread) > 0:
		return fmt.Errorf("scrub finds damage: %v %v", out.Damage, out.Unread)
	}
	l.stats.add(&l.stats.scrubs, min(1, out.Packs))
	return nil
}

// backup makes one, and removes the one before.
func (l *simLife) backup(w *simWorker, sick func() bool) error {
	b, err := l.m.s.Backup(context.Background(), store.BackupOptions{Dir: "/srv/backups"})
	if err != nil && !sick() {
		return fmt.Errorf("backup: %w", err)
	}
	if err != nil || len(l.workers) > 1 {
		return nil
	}
	if l.saved != nil {
		object.RemoveAll(l.m.disk, l.saved.path) // as well as may be
	}
	l.saved = &simSaved{b.Path, simWorker{name: w.name + " in the backup", sc: w.sc, state: w.state.clone()}}
	if w.maybe != nil {
		l.saved.w.maybe = w.maybe.clone()
	}
	l.stats.add(&l.stats.backups, 1)
	return nil
}

// restored reports whether the last backup holds what it must.
func (l *simLife) restored() error {
	if l.saved == nil {
		return nil
	}
	p := sqlite.NewProcess(l.m.disk, l.m.tmp)
	defer p.Close()
	o := store.Options{Dir: "/srv/restored", FS: l.m.disk, Connect: p.Connect, Clock: l.m.clock.now, PackBytes: 1 << 20, Log: l.m.log}
	if err := object.RemoveAll(l.m.disk, o.Dir); err != nil {
		return err
	}
	if _, err := store.RestoreBackup(context.Background(), l.saved.path, o, nil); err != nil {
		return err
	}
	s, err := store.Open(context.Background(), o)
	if err != nil {
		return err
	}
	w := l.saved.w
	err = w.verify(s, &simTags{sums: map[string]uint64{}})
	if err2 := s.Close(); err == nil {
		err = err2
	}
	if err == nil {
		found, verr := verifyDisk(l.m.disk, o.Dir, false)
		for _, f := range found {
			err = fmt.Errorf("verify: %v", f)
		}
		if err == nil {
			err = verr
		}
	}
	return err
}
