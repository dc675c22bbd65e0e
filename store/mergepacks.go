package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/pack"
)

// Packs of few needed records are merged into one object, where what they have of zeros
// takes no room: a file takes three blocks of the disk at least.
const (
	mergeFew     = 4 // are merged at once, at least; with GCOptions.Full: 2
	mergeObjects = 8 // small objects become one
	mergeMost    = 4096
)

// few is the most bytes that a pack takes that is merged, compacted.
func (s *Store) few() int64 { return max(s.packBytes()/64, 32<<10) }

func (s *Store) packBytes() int64 { return cmp.Or(s.o.PackBytes, 64<<20) }

// choose says which packs are dealt with alone, and which together: into groups that become
// one merged object each. all are those that can be dealt with, by id; of an object none if
// one cannot.
func (c *collector) choose(all []due, newest meta.PackID) (alone []due, merge [][]due) {
	var small, many []due // due, and not
	objects := map[meta.PackID][]due{}
	for _, d := range all {
		isDue := c.isDue(d.bytes, d.live) && !(d.id == newest && d.live == 0)
		few := d.live > 0 && d.live <= c.s.few()
		switch {
		case d.object != d.id:
			objects[d.object] = append(objects[d.object], d)
		case isDue && few:
			small = append(small, d)
		case isDue:
			alone = append(alone, d)
		case few:
			many = append(many, d)
		}
	}
	var units, spare [][]due // objects that are due, and small ones that are not
	for _, list := range objects {
		var bytes, live int64
		for _, d := range list {
			bytes += d.bytes
			live += d.live
		}
		switch {
		case c.isDue(bytes, live) && !(live == 0 && list[len(list)-1].id == newest):
			units = append(units, list)
		case bytes < c.s.packBytes()/4:
			spare = append(spare, list)
		}
	}
	if len(spare) >= mergeObjects || c.o.Full && len(spare) > 1 {
		units = append(units, spare...)
	}
	few := mergeFew
	if c.o.Full {
		few = 2
	}
	if len(units) == 0 && len(small)+len(many) < few {
		return append(alone, small...), nil
	}
	for _, d := range append(small, many...) {
		units = append(units, []due{d})
	}
	slices.SortFunc(units, func(a, b []due) int { return cmp.Compare(a[0].id, b[0].id) })
	var group []due
	var live int64
	for _, u := range units {
		n := int64(0)
		for _, d := range u {
			n += d.live
		}
		if len(group) > 0 && (live+n > c.s.packBytes() || len(group)+len(u) > mergeMost) {
			merge, group, live = append(merge, group), nil, 0
		}
		group, live = append(group, u...), live+n
	}
	return alone, append(merge, group)
}

// merge writes the packs of a group that are needed into one object, and deletes the others.
func (c *collector) merge(ctx context.Context, group []due) error {
	inside := map[meta.PackID]int{} // an object: how many of its packs are still to be had
	for _, d := range group {
		inside[d.object]++
	}
	ours := c.drain(ctx, group)
	defer func() {
		for _, d := range ours {
			c.s.packs.Undrain(d.id)
		}
	}()
	able := c.whole(ours, inside)
	if len(able) == 0 {
		return ctx.Err()
	}
	// From here on nobody can come to refer to more of these packs than rows do now.
	m, err := c.s.mark(ctx)
	if err != nil {
		return err
	}
	if err := c.s.flushDatabase(); err != nil {
		return err
	}
	var judged []due
	for _, d := range able {
		d.live, err = c.live(ctx, m, d.info())
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			c.out.Left++
			c.s.o.Log.Warn("a pack stays as it is", "pack", d.id, "err", err)
			continue
		}
		judged = append(judged, d)
	}
	packs := c.s.packs.Packs()
	newest := packs[len(packs)-1].ID // its id must not come again
	judged = slices.DeleteFunc(judged, func(d due) bool { return d.live == 0 && d.id == newest })
	var dead, rest []due
	for _, d := range c.whole(judged, inside) {
		if d.live == 0 {
			dead = append(dead, d)
		} else {
			rest = append(rest, d)
		}
	}
	if one := len(rest) == 1 && rest[0].object == rest[0].id; one && !c.isDue(rest[0].bytes, rest[0].live) {
		rest = nil
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
	if len(rest) == 1 && rest[0].object == rest[0].id {
		return c.compact(ctx, m, rest[0])
	}
	return c.mergeNow(ctx, m, rest)
}

// whole are those of which the whole object is among them.
func (c *collector) whole(all []due, inside map[meta.PackID]int) []due {
	have := map[meta.PackID]int{}
	for _, d := range all {
		have[d.object]++
	}
	return slices.DeleteFunc(slices.Clone(all), func(d due) bool { return have[d.object] < inside[d.object] })
}

// mergeNow writes one object. A pack that cannot be read stays, with those that share its
// object.
func (c *collector) mergeNow(ctx context.Context, m *marked, rest []due) error {
	for again := false; len(rest) > 0; {
		list := make([]pack.Merging, len(rest))
		for i, d := range rest {
			list[i] = pack.Merging{ID: d.id, Keep: needs(m.of(d.id), c.base)}
		}
		ins, err := c.s.packs.Merge(ctx, list, c.pacer(ctx))
		var one *pack.MergeError
		switch {
		case err == nil:
			return c.merged(ctx, rest, ins)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &one):
			at := slices.IndexFunc(rest, func(d due) bool { return d.id == one.ID })
			if at < 0 {
				return err
			}
			c.s.o.Log.Warn("a pack stays as it is", "pack", one.ID, "err", err)
			object, before := rest[at].object, len(rest)
			rest = slices.DeleteFunc(rest, func(d due) bool { return d.object == object })
			c.out.Left += before - len(rest)
		case errors.Is(err, object.ErrNoSpace) && !again && c.s.dropBallast():
			again = true
		case errors.Is(outward(err), ErrNoSpace):
			c.out.Left += len(rest)
			c.s.o.Log.Warn("packs stay as they are", "packs", len(rest), "err", err)
			return nil
		default:
			return err
		}
	}
	return nil
}

// merged tells the database where packs are now.
func (c *collector) merged(ctx context.Context, rest []due, ins []pack.Info) error {
	for part := range slices.Chunk(ins, gcGroup) {
		err := c.s.freeing(ctx, func(tx *meta.Tx) error {
			for _, in := range part {
				if err := tx.Apply(packRow(tx, in)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for i, d := range rest {
		c.out.Merged++
		c.freed(d, ins[i].Bytes)
	}
	return nil
}
