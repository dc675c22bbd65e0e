package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/pack"
)

// GCOptions say how GC works.
type GCOptions struct {
	// Full compacts every pack of which more than a twentieth is not needed, and packs
	// that are still open. Else it is those of which live records take less than 1/1.3.
	Full bool
	// DryRun only counts.
	DryRun bool
	// Pace is the most bytes a second that compaction writes; 0: as fast as the disk.
	Pace int64
	// Progress is told how many bytes of packs that are to go, or to be written anew, are
	// done, of how many; may be nil.
	Progress func(done, total int64)
}

// Space is what the packs of a store hold, in bytes.
type Space struct {
	Packs       int
	Stored      int64 // of all packs, headers and footers included
	Live        int64 // what they would be without records that nothing refers to
	Reclaimable int64 // of the rest, what GC with these options gives back
}

// Collected is what GC found and did.
type Collected struct {
	Before, After Space
	Checkpoint    uint64 // number of the checkpoint that it wrote; 0: none was due
	Dropped       int    // packs that were deleted
	Compacted     int    // packs that were written anew
	Left          int    // packs that were to be, and stay for now: in use, damaged, or no room to write
}

const (
	gcGroup    = 128             // packs that take no hits at once
	gcPatience = 2 * time.Second // for requests that hold one of them
	gcLook     = 5 * time.Millisecond
	// commitsMayTake is what commits may take before a checkpoint is written in their
	// place, if the last one is smaller.
	commitsMayTake = 16 << 20
)

// GC gives back the space of records that nothing refers to: of pruned versions, of
// uploads that were given up, and of commits that a newer checkpoint has. It works beside
// reads and writes; a second call waits for the first. Packs without a live record are
// deleted, others are compacted, emptiest first.
//
// What it removes nobody can refer to again: it has packs take no more hits, waits until
// no request holds one, and then looks at all rows as one snapshot has them. Packs that
// stay in use are left for the next time, as are damaged ones. Nothing depends on clocks.
// A crash at any point leaves a store that lacks nothing, and the next call goes on.
//
// Memory: a bit a record, about 150 bytes a pack. ErrCorrupt, with nothing removed, if a
// manifest cannot be read, so that nobody can tell what it needs; ErrClosed.
func (s *Store) GC(ctx context.Context, o GCOptions) (Collected, error) {
	end, err := s.begin()
	if err != nil {
		return Collected{}, fail("gc", Path(s.o.Dir), err)
	}
	defer end()
	ctx, cancel := s.untilClosed(ctx)
	defer cancel()
	select {
	case s.collecting <- struct{}{}:
		defer func() { <-s.collecting }()
	case <-ctx.Done():
		return Collected{}, fail("gc", Path(s.o.Dir), context.Cause(ctx))
	}
	if o.Progress == nil {
		o.Progress = func(done, total int64) {}
	}
	c := &collector{s: s, o: o}
	err = c.run(ctx)
	if o.DryRun {
		return c.out, fail("gc", Path(s.o.Dir), err)
	}
	if err := s.keepBallast(); err != nil {
		s.o.Log.Warn("no space is set aside for deletions on a full disk", "err", err)
	}
	return c.out, fail("gc", Path(s.o.Dir), err)
}

// begin keeps Close waiting until end.
func (s *Store) begin() (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return nil, ErrClosed
	default:
	}
	s.tasks.Add(1)
	return s.tasks.Done, nil
}

// untilClosed is ctx, which also ends when the store is closed.
func (s *Store) untilClosed(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		select {
		case <-s.closing:
			cancel(ErrClosed)
		case <-done:
		}
	}()
	return ctx, func() { close(done); cancel(nil) }
}

// collector is one run of GC.
type collector struct {
	s    *Store
	o    GCOptions
	out  Collected
	base uint64 // commits up to it are in the checkpoint

	done, total int64 // of Progress
}

// due is a pack that is to go, or to be compacted.
type due struct {
	id    meta.PackID
	bytes int64
	live  int64 // of bytes; 0: nothing
}

func (c *collector) run(ctx context.Context) error {
	if err := c.s.db.Stopped(); err != nil {
		return err
	}
	if err := c.renew(ctx); err != nil {
		return err
	}
	all, err := c.survey(ctx)
	if err != nil {
		return err
	}
	if c.out.After = c.out.Before; c.o.DryRun {
		return nil
	}
	for _, d := range all {
		c.total += d.bytes
	}
	for group := range slices.Chunk(all, gcGroup) {
		if err := c.collect(ctx, group); err != nil {
			return err
		}
	}
	c.o.Progress(c.total, c.total)
	return nil
}

// renew writes a checkpoint if the commits since the last one take more than it.
func (c *collector) renew(ctx context.Context) error {
	var last meta.Checkpoint
	err := c.s.db.View(ctx, func(r *meta.Reader) (err error) {
		last, err = r.Checkpoint()
		return err
	})
	if err != nil {
		return err
	}
	c.base = last.LSN
	if c.o.DryRun {
		return nil
	}
	if c.o.Full {
		if err := c.sealOpen(ctx); err != nil {
			return err
		}
	}
	since, err := c.commits(ctx)
	if err != nil {
		return err
	}
	limit := max(last.Bytes(), c.s.commitsMayTake())
	if c.o.Full {
		limit = max(last.Bytes()/20, 16<<10)
	}
	if since <= limit {
		return nil
	}
	if free, err := c.s.diskFree(); err != nil || free < max(last.Bytes(), since) {
		if err == nil {
			c.s.o.Log.Warn("no room for a checkpoint; the commits stay", "free", free, "needed", max(last.Bytes(), since))
		}
		return err
	}
	lsn, err := c.s.checkpoint(ctx)
	if errors.Is(outward(err), ErrNoSpace) { // what does not depend on it can go
		c.s.o.Log.Warn("no room for a checkpoint; the commits stay", "err", err)
		return nil
	}
	if err != nil {
		return err
	}
	c.base, c.out.Checkpoint = lsn, lsn
	return nil
}

// commitsMayTake is less where packs are small: in tests.
func (s *Store) commitsMayTake() int64 {
	if s.o.PackBytes > 0 {
		return min(commitsMayTake, s.o.PackBytes/4)
	}
	return commitsMayTake
}

// commits is the bytes of the commits that are newer than the checkpoint.
func (c *collector) commits(ctx context.Context) (bytes int64, err error) {
	for _, p := range c.s.packs.Packs() {
		if p.Damaged {
			continue
		}
		if p.Sealed {
			in, err := c.s.packs.Summary(ctx, p.ID)
			if ctx.Err() != nil {
				return 0, context.Cause(ctx)
			}
			if err != nil || in.LastLSN <= c.base {
				continue
			}
		}
		err := c.s.packs.EachEntry(ctx, p.ID, func(e *pack.Entry) {
			if e.Type == pack.Commit && e.LSN() > c.base {
				bytes += pack.RecordBytes + int64(e.Stored)
			}
		})
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if err != nil && !errors.Is(err, pack.ErrNotFound) && !errors.Is(err, pack.ErrCorrupt) {
			return 0, err
		}
	}
	return bytes, nil
}

// sealOpen seals the open packs that nobody writes to, so that they can be looked at.
func (c *collector) sealOpen(ctx context.Context) error {
	for _, p := range c.s.packs.Packs() {
		if p.Sealed || p.Damaged || p.Records == 0 {
			continue
		}
		if _, err := c.s.packs.SealOpen(ctx, p.ID); err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		} else if err != nil {
			c.s.o.Log.Warn("an open pack could not be sealed; it is left as it is", "pack", p.ID, "err", err)
		}
	}
	return nil
}

// survey counts what all packs hold, and returns those that are due: the dead ones first,
// then the others, emptiest first.
func (c *collector) survey(ctx context.Context) ([]due, error) {
	m, err := c.s.mark(ctx)
	if err != nil {
		return nil, err
	}
	var all []due
	packs := c.s.packs.Packs()
	for _, p := range packs {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		c.out.Before.Packs++
		c.out.Before.Stored += p.Bytes
		live, err := c.live(ctx, m, p)
		if err != nil && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil { // damaged, or cannot be read now: it stays
			c.s.o.Log.Warn("a pack stays as it is: it cannot be told what it holds", "pack", p.ID, "err", err)
			c.out.Left++
			live = p.Bytes
		}
		c.out.Before.Live += live
		row, registered := m.packs[p.ID]
		if err == nil && registered && p.Sealed && row.Bytes != p.Bytes && !c.o.DryRun {
			if err := c.s.reregister(ctx, row); err != nil {
				return nil, err
			}
		}
		newest := p.ID == packs[len(packs)-1].ID
		if err == nil && registered && p.Sealed && !p.Damaged && c.isDue(p.Bytes, live) && !(newest && live == 0) {
			all = append(all, due{p.ID, p.Bytes, live})
			c.out.Before.Reclaimable += p.Bytes - live
		}
	}
	slices.SortFunc(all, func(a, b due) int {
		return cmp.Or(cmp.Compare(float64(a.live)/float64(a.bytes), float64(b.live)/float64(b.bytes)), cmp.Compare(a.id, b.id))
	})
	return all, nil
}

// isDue reports whether a pack with so many live bytes is to be written anew.
func (c *collector) isDue(bytes, live int64) bool {
	if c.o.Full {
		return bytes-live > live/20
	}
	return bytes-live > live/10*3
}

// live is what a pack would take without the records that nothing refers to.
func (c *collector) live(ctx context.Context, m *marked, p pack.Info) (int64, error) {
	of := m.of(p.ID)
	if row, ok := m.packs[p.ID]; ok && p.Sealed && row.Records > 0 && of.count() == row.Records {
		return p.Bytes, nil
	}
	var room pack.Room
	need := needs(of, c.base)
	all := true
	err := c.s.packs.EachEntry(ctx, p.ID, func(e *pack.Entry) {
		if need(e) {
			room.Add(e)
		} else {
			all = false
		}
	})
	if all {
		return p.Bytes, err
	}
	return room.Bytes(), err
}

// collect deletes, or compacts, some packs.
func (c *collector) collect(ctx context.Context, group []due) (err error) {
	ours := c.drain(ctx, group)
	defer func() {
		for _, d := range ours {
			c.s.packs.Undrain(d.id) // one that is deleted is not there, or stays on its way out
		}
	}()
	if len(ours) == 0 {
		return ctx.Err()
	}
	// From here on nobody can come to refer to more of these packs than rows do now.
	m, err := c.s.mark(ctx)
	if err != nil {
		return err
	}
	// Without its database's latest commits the store would need older ones than are left.
	if err := c.s.flushDatabase(); err != nil {
		return err
	}
	var dead, rest []due
	packs := c.s.packs.Packs()
	newest := packs[len(packs)-1].ID // its id must not come again
	for _, d := range ours {
		d.live, err = c.live(ctx, m, pack.Info{ID: d.id, Bytes: d.bytes, Sealed: true})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		switch {
		case err != nil:
			c.out.Left++
			c.s.o.Log.Warn("a pack stays as it is", "pack", d.id, "err", err)
		case d.live == 0 && d.id != newest:
			dead = append(dead, d)
		case d.live == 0:
		case c.isDue(d.bytes, d.live):
			rest = append(rest, d)
		}
	}
	if len(dead)+len(rest) == 0 {
		return nil
	}
	if err := c.announce(ctx, m, dead, rest); err != nil {
		return err
	}
	if err := c.drop(dead); err != nil {
		return err
	}
	for _, d := range rest {
		if err := c.compact(ctx, m, d); err != nil {
			return err
		}
	}
	return nil
}

// announce makes a commit in which packs are forgotten that are about to be deleted: one
// that a crash leaves in the folder is found by the next start, as a pack without live
// records.
//
// It is made if there are only packs to compact, too. The newest commit of all counts only
// if everything that it refers to is there, and what a change refers to may be dead at the
// end of its own batch. So nothing may go before there is a commit behind all that the
// snapshot had.
func (c *collector) announce(ctx context.Context, m *marked, dead, rest []due) error {
	return c.s.freeing(ctx, func(tx *meta.Tx) error {
		for _, d := range dead {
			if err := tx.Apply(&meta.DropPack{ID: d.id}); err != nil {
				return err
			}
		}
		if len(dead) > 0 {
			return nil
		}
		row := m.packs[rest[0].id]
		row.Sealed, row.Name = tx.Now(), pack.FileName(row.ID)
		return tx.Apply(&meta.PutPack{Pack: row}) // as it is
	})
}

// drain has packs take no more hits, and waits a while until nobody holds one of them. It
// returns those that nobody holds.
func (c *collector) drain(ctx context.Context, group []due) (ours []due) {
	for _, d := range group {
		if c.s.packs.Drain(d.id) {
			ours = append(ours, d)
		}
	}
	end := time.NewTimer(gcPatience)
	defer end.Stop()
	for patient := true; patient && slices.ContainsFunc(ours, c.held); {
		select {
		case <-time.After(gcLook):
		case <-end.C:
			patient = false
		case <-ctx.Done():
			patient = false
		}
	}
	return slices.DeleteFunc(ours, func(d due) bool {
		held := c.held(d)
		if held {
			c.out.Left++
			c.s.packs.Undrain(d.id)
		}
		return held
	})
}

// held reports whether a request may still come to refer to more of a pack.
func (c *collector) held(d due) bool { return c.s.packs.Pinned(d.id) }

// drop deletes packs that nothing refers to.
func (c *collector) drop(dead []due) error {
	for _, d := range dead {
		if err := c.s.packs.Drop(context.Background(), d.id); err != nil {
			return fmt.Errorf("it is forgotten, and a gc after the next start deletes it: %w", err)
		}
		c.out.Dropped++
		c.freed(d, 0)
	}
	return nil
}

// compact writes one pack anew.
func (c *collector) compact(ctx context.Context, m *marked, d due) error {
	var pace func(int64)
	if c.o.Pace > 0 {
		pace = func(n int64) {
			select {
			case <-time.After(time.Duration(float64(n) / float64(c.o.Pace) * float64(time.Second))):
			case <-ctx.Done():
			}
		}
	}
	need := needs(m.of(d.id), c.base)
	in, err := c.s.packs.Compact(ctx, d.id, need, pace)
	if errors.Is(err, object.ErrNoSpace) && c.s.dropBallast() {
		in, err = c.s.packs.Compact(ctx, d.id, need, pace)
	}
	if err != nil && ctx.Err() == nil && (errors.Is(err, pack.ErrCorrupt) || errors.Is(outward(err), ErrNoSpace)) {
		c.out.Left++
		c.s.o.Log.Warn("a pack stays as it is", "pack", d.id, "err", err)
		return nil
	}
	if err == nil {
		err = c.s.registerPack(ctx, in)
	}
	if err != nil {
		return err
	}
	c.out.Compacted++
	c.freed(d, in.Bytes)
	return nil
}

// freed keeps the account of a pack that has left bytes.
func (c *collector) freed(d due, left int64) {
	a := &c.out.After
	a.Stored -= d.bytes - left
	a.Reclaimable = max(0, a.Reclaimable-(d.bytes-left))
	a.Live = min(a.Live, a.Stored)
	if left == 0 {
		a.Packs--
	}
	c.done += d.bytes
	c.o.Progress(c.done, c.total)
}

// flushDatabase has all that was committed to the database survive a loss of power: a
// commit is durable by its record, and the database itself only now and then.
func (s *Store) flushDatabase() error {
	f, err := s.fs.Open(filepath.Join(s.o.Dir, "meta.db-wal"), os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing since it was opened
	}
	if err != nil {
		return err
	}
	err = f.Sync()
	if err != nil { // what SQLite takes for written may be gone
		s.db.Distrust(err)
	}
	return errors.Join(err, f.Close(), s.fs.SyncDir(s.o.Dir))
}
