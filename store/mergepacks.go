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
	free := map[meta.PackID]bool{}
	for _, list := range objects {
		var bytes, live int64
		for _, d := range list {
			bytes += d.bytes
			live += d.live
		}
		switch {
		case c.isDue(bytes, live) && !(live == 0 && list[len(list)-1].id == newest):
			units = append(units, list)
		case bytes < c.s.packBytes()/4 && len(list) <= mergeMost/4: // so that at least three fit in one
			spare = append(spare, list)
			free[list[0].object] = true
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
	defer func() { // what is not due gains nothing by itself
		merge = slices.DeleteFunc(merge, func(g []due) bool { return free[g[0].object] && g[0].object == g[len(g)-1].object })
	}()
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
	var many []due // to be compacted, each by itself
	if len(able) == 0 {
		return ctx.Err()
	}
	m, newest, err := c.look(ctx)
	if err != nil {
		return err
	}
	var judged []due
	for _, d := range able {
		d.live, err = c.live(ctx, m, d.info())
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		switch alone := d.object == d.id; {
		case err != nil:
			c.out.Left++
			c.s.o.Log.Warn("a pack stays as it is", "pack", d.id, "err", err)
		case d.live == 0 && d.id == newest: // it stays
		case alone && d.live > c.s.few(): // more is needed by now than when it was chosen
			if c.isDue(d.bytes, d.live) {
				many = append(many, d)
			}
		default:
			judged = append(judged, d)
		}
	}
	var dead, left, rest []due // files without a needed record; packs in objects without; others
	for _, d := range c.whole(judged, inside) {
		switch {
		case d.live > 0:
			rest = append(rest, d)
		case d.object == d.id:
			dead = append(dead, d)
		default:
			left = append(left, d)
		}
	}
	if one := len(rest) == 1 && rest[0].object == rest[0].id; one && len(left) == 0 {
		if c.isDue(rest[0].bytes, rest[0].live) {
			many = append(many, rest[0])
		}
		rest = nil
	}
	if len(dead)+len(left)+len(rest)+len(many) == 0 {
		return nil
	}
	if err := c.announce(ctx, m, slices.Concat(dead, left), slices.Concat(rest, many)); err != nil {
		return err
	}
	if err := c.drop(dead); err != nil {
		return err
	}
	for _, d := range many {
		if err := c.compact(ctx, m, d); err != nil {
			return err
		}
	}
	if len(rest) == 0 {
		return c.drop(left)
	}
	return c.mergeNow(ctx, m, slices.Concat(rest, left))
}

// whole are those of which the whole object is among them.
func (c *collector) whole(all []due, inside map[meta.PackID]int) []due {
	have := map[meta.PackID]int{}
	for _, d := range all {
		have[d.object]++
	}
	return slices.DeleteFunc(slices.Clone(all), func(d due) bool { return have[d.object] < inside[d.object] })
}

// mergeNow writes one object. Packs without a needed record are left out of it. One that
// cannot be read stays, with those that share its object. Where there is no room for all at
// once, it is done in parts.
func (c *collector) mergeNow(ctx context.Context, m *marked, all []due) error {
	list := make([]pack.Merging, len(all))
	live := 0
	for i, d := range all {
		list[i].ID = d.id
		if d.live > 0 {
			list[i].Keep = needs(m.of(d.id), c.base)
			live++
		}
	}
	if live == 0 {
		return c.drop(all)
	}
	ins, err := c.s.packs.Merge(ctx, list, c.pacer(ctx))
	if errors.Is(err, object.ErrNoSpace) && !errors.Is(err, pack.ErrDoubt) && c.s.dropBallast() {
		ins, err = c.s.packs.Merge(ctx, list, c.pacer(ctx))
	}
	var one *pack.MergeError
	switch {
	case err == nil:
		return c.merged(ctx, all, ins)
	case ctx.Err() != nil:
		return errors.Join(context.Cause(ctx), c.again(ctx, all))
	case errors.As(err, &one):
		at := slices.IndexFunc(all, func(d due) bool { return d.id == one.ID })
		if at < 0 {
			return errors.Join(err, c.again(ctx, all))
		}
		c.s.o.Log.Warn("a pack stays as it is", "pack", one.ID, "err", err)
		var stay, rest []due
		for _, d := range all {
			if d.object == all[at].object {
				stay = append(stay, d)
			} else {
				rest = append(rest, d)
			}
		}
		c.out.Left += len(stay)
		if err := c.again(ctx, stay); err != nil || len(rest) == 0 {
			return err
		}
		return c.mergeNow(ctx, m, rest)
	case errors.Is(outward(err), ErrNoSpace) && !errors.Is(err, pack.ErrDoubt):
		if first, second := halves(all); len(second) > 0 {
			if err := c.mergeNow(ctx, m, first); err != nil {
				return errors.Join(err, c.again(ctx, second))
			}
			return c.mergeNow(ctx, m, second)
		}
		if d := all[0]; d.object == d.id && c.isDue(d.bytes, d.live) { // needs less
			return c.compact(ctx, m, d)
		}
		c.out.Left += len(all)
		c.s.o.Log.Warn("packs stay as they are", "packs", len(all), "err", err)
		return c.again(ctx, all)
	}
	return errors.Join(err, c.again(ctx, all))
}

// halves splits packs in two, but not those of one object; second is empty if they all are.
func halves(all []due) (first, second []due) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b due) int { return cmp.Compare(a.object, b.object) })
	border := func(i int) bool { return all[i].object != all[i-1].object }
	for i := (len(all) + 1) / 2; i < len(all); i++ {
		if border(i) {
			return all[:i], all[i:]
		}
	}
	for i := len(all) / 2; i > 0; i-- {
		if border(i) {
			return all[:i], all[i:]
		}
	}
	return all, nil
}

// again has the database know those without a needed record that are there after all.
func (c *collector) again(ctx context.Context, all []due) error {
	var ins []pack.Info
	for _, d := range all {
		if in, ok := c.s.packs.Info(d.id); ok && d.live == 0 && in.Sealed {
			if sum, err := c.s.packs.Summary(context.WithoutCancel(ctx), d.id); err == nil {
				in = sum
			}
			ins = append(ins, in)
		}
	}
	return c.s.registerPacks(context.WithoutCancel(ctx), ins)
}

// merged tells the database where packs are now.
func (c *collector) merged(ctx context.Context, all []due, ins []pack.Info) error {
	if err := c.s.registerPacks(ctx, ins); err != nil {
		return err
	}
	for _, d := range all {
		if d.live == 0 {
			c.out.Dropped++
			c.freed(d, 0)
			continue
		}
		c.out.Merged++
		c.freed(d, ins[0].Bytes)
		ins = ins[1:]
	}
	return nil
}
