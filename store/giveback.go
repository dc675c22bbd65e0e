package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/pack"
)

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
	m, newest, err := c.look(ctx)
	if err != nil {
		return err
	}
	var dead, rest []due
	for _, d := range ours {
		d.live, err = c.live(ctx, m, d.info())
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

// look finds what rows refer to, when packs are drained: from here on nobody can come to refer
// to more of them than rows do now. newest is the pack whose id must not come again.
func (c *collector) look(ctx context.Context) (m *marked, newest meta.PackID, err error) {
	if m, err = c.s.mark(ctx); err != nil {
		return nil, 0, err
	}
	// Without its database's latest commits the store would need older ones than are left.
	if err := c.s.flushDatabase(); err != nil {
		return nil, 0, err
	}
	packs := c.s.packs.Packs()
	return m, packs[len(packs)-1].ID, nil
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
	for part := range slices.Chunk(dead, gcGroup) {
		err := c.s.freeing(ctx, func(tx *meta.Tx) error {
			for _, d := range part {
				if err := tx.Apply(&meta.DropPack{ID: d.id}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(dead) > 0 {
		return nil
	}
	return c.s.freeing(ctx, func(tx *meta.Tx) error {
		row := m.packs[rest[0].id]
		in := rest[0].info()
		row.Sealed, row.Name = tx.Now(), in.Name()
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

// pacer waits as long as what was written may take; nil: not at all.
func (c *collector) pacer(ctx context.Context) func(bytes int64) {
	if c.o.Pace <= 0 {
		return nil
	}
	return func(n int64) {
		select {
		case <-time.After(time.Duration(float64(n) / float64(c.o.Pace) * float64(time.Second))):
		case <-ctx.Done():
		}
	}
}

// compact writes one pack anew.
func (c *collector) compact(ctx context.Context, m *marked, d due) error {
	pace := c.pacer(ctx)
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
