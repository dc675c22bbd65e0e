package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"cairn/store/meta"
	"cairn/store/pack"
)

// collector is one run of GC.
type collector struct {
	s    *Store
	o    GCOptions
	out  Collected
	base uint64 // commits up to it are in the checkpoint

	surveyed    bool  // out is known
	done, total int64 // of Progress
}

// due is a pack that is to go, or to be compacted.
type due struct {
	id     meta.PackID
	object meta.PackID // what it lies in: see pack.Info
	bytes  int64
	live   int64 // of bytes; 0: nothing
}

// info is what live needs to know of it.
func (d *due) info() pack.Info {
	return pack.Info{ID: d.id, Object: d.object, Bytes: d.bytes, Sealed: true}
}

func (c *collector) run(ctx context.Context) error {
	if err := c.s.db.Stopped(); err != nil {
		return err
	}
	if err := c.renew(ctx); err != nil {
		return err
	}
	if !c.o.DryRun {
		if _, err := c.s.packs.Tidy(ctx); err != nil {
			return err
		}
	}
	all, merge, err := c.survey(ctx)
	if err != nil {
		return err
	}
	c.surveyed = true
	if c.out.After = c.out.Before; c.o.DryRun {
		return nil
	}
	for _, d := range slices.Concat(append(merge, all)...) {
		c.total += d.bytes
	}
	for group := range slices.Chunk(all, gcGroup) {
		if err := c.collect(ctx, group); err != nil {
			return err
		}
	}
	for _, group := range merge {
		if err := c.merge(ctx, group); err != nil {
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

// sealOpen seals the open packs that nobody writes to, so that they can be looked at, and
// sees to it that what was sealed up to now is registered.
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
	if err := c.s.packs.Settle(ctx); err != nil {
		return context.Cause(ctx)
	}
	return c.registerSealed(ctx)
}

// registerSealed registers the sealed packs that a seal in the background, which has just
// ended, has not come to yet.
func (c *collector) registerSealed(ctx context.Context) error {
	var unknown []pack.Info
	err := c.s.db.View(ctx, func(r *meta.Reader) error {
		for _, p := range c.s.packs.Packs() {
			if !p.Sealed || p.Damaged {
				continue
			}
			known, err := r.PackKnown(p.ID)
			if err != nil {
				return err
			}
			if !known {
				unknown = append(unknown, p)
			}
		}
		return nil
	})
	for _, p := range unknown {
		in, err := c.s.packs.Summary(ctx, p.ID) // of one found at the start not all is known
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil { // else it stays as it is
			c.s.sealed(in)
		}
	}
	return err
}

// survey counts what all packs hold, and returns those that are due: the dead ones first,
// then the others, emptiest first; and groups of those to be merged.
func (c *collector) survey(ctx context.Context) (alone []due, merge [][]due, err error) {
	m, err := c.s.mark(ctx)
	if err != nil {
		return nil, nil, err
	}
	var all []due
	stay := map[meta.PackID]bool{} // objects of which a pack stays
	packs := c.s.packs.Packs()
	for _, p := range packs {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		c.out.Before.Packs++
		c.out.Before.Stored += p.Bytes
		live, err := c.live(ctx, m, p)
		if err != nil && ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err != nil { // damaged, or cannot be read now: it stays
			c.s.o.Log.Warn("a pack stays as it is: it cannot be told what it holds", "pack", p.ID, "err", err)
			c.out.Left++
			live = p.Bytes
		}
		c.out.Before.Live += live
		row, registered := m.packs[p.ID]
		if err == nil && registered && p.Sealed && !liesAt(row, p) && !c.o.DryRun {
			if err := c.s.reregister(ctx, row); err != nil {
				return nil, nil, err
			}
		}
		if err == nil && registered && p.Sealed && !p.Damaged && !p.Fixed {
			all = append(all, due{p.ID, p.Object, p.Bytes, live})
		} else {
			stay[p.Object] = true
		}
	}
	all = slices.DeleteFunc(all, func(d due) bool { return stay[d.object] })
	alone, merge = c.choose(all, packs[len(packs)-1].ID)
	for _, d := range slices.Concat(append(merge, alone)...) {
		c.out.Before.Reclaimable += d.bytes - d.live
	}
	slices.SortFunc(alone, func(a, b due) int {
		return cmp.Or(cmp.Compare(float64(a.live)/float64(a.bytes), float64(b.live)/float64(b.bytes)), cmp.Compare(a.id, b.id))
	})
	return alone, merge, nil
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
	if all && room.Records() > 0 {
		return p.Bytes, err
	}
	if p.Object != p.ID {
		return room.Merged(), err
	}
	return room.Bytes(), err
}
