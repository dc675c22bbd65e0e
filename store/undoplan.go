package store

import (
	"context"
	"slices"

	"cairn/store/meta"
)

// branch of a tree that is compared with what it was: a folder that was, and the one that
// stands for it now, 0 if it has to be made.
type compared struct{ was, is NodeID }

// reachable is whether a node was in the tree that is reverted, and whether it was in the
// tree of the space at all. Unknown: a folder above it is deleted for good, and nobody can tell
// any more where that was. No number that a snapshot keeps has such nodes.
type reachable struct{ top, live, unknown bool }

// planTree notes what differs between a tree and what it was. Only folders in or below which
// something has changed since are looked at.
func (u *undoing) planTree(ctx context.Context, id SnapshotID, p Path) error {
	var left []compared
	err := u.s.db.View(ctx, func(r *meta.Reader) error {
		if err := wholeSpace(r, u.sc, MayWrite|MayRead); err != nil {
			return err
		}
		was, sn, err := at(r, u.sc, id, p)
		if err != nil {
			return err
		}
		sp, _, err := r.Space(u.sc.Space)
		if err != nil {
			return err
		}
		u.seq, u.trash = sn.Seq, sp.Trash
		pl, err := target(r, u.sc, p)
		if err != nil {
			return err
		}
		if pl.exists {
			u.top = pl.node.ID
			ls, err := liveLocks(r, u.sc.Space, u.s.o.Clock())
			if err != nil {
				return err
			}
			if err := ls.allowSubtree(r, u.sc, u.c.Tokens, &pl); err != nil {
				return err
			}
		}
		u.shown[was.ID] = reachable{top: true, live: true}
		if p.IsRoot() {
			left = append(left, compared{was.ID, was.ID})
			return nil
		}
		u.first, u.actual[was.Parent] = was.ID, pl.parent().ID
		left, err = u.planOne(r, left, was, pl.parent().ID)
		return err
	})
	for err == nil && len(left) > 0 {
		cur := left[len(left)-1]
		left = left[:len(left)-1]
		left, err = u.planFolder(ctx, left, cur)
	}
	return err
}

// planFolder compares a folder.
func (u *undoing) planFolder(ctx context.Context, left []compared, cur compared) ([]compared, error) {
	extras := func(r *meta.Reader, after string) ([]Node, error) {
		return r.NewChildren(cur.is, after, undoPage, u.seq)
	}
	were := func(r *meta.Reader, after string) ([]Node, error) {
		return r.PastChildrenAt(cur.was, after, undoPage, u.seq)
	}
	if cur.was != cur.is {
		extras = func(r *meta.Reader, after string) ([]Node, error) { return r.Children(cur.is, after, undoPage) }
		were = func(r *meta.Reader, after string) ([]Node, error) {
			return r.ChildrenAt(cur.was, after, undoPage, u.seq)
		}
	}
	if cur.is != 0 {
		if err := u.pages(ctx, extras, func(r *meta.Reader, n Node) error { return u.planExtra(r, n, cur) }); err != nil {
			return nil, err
		}
	}
	err := u.pages(ctx, were, func(r *meta.Reader, was Node) (err error) {
		left, err = u.planOne(r, left, was, cur.is)
		return err
	})
	if err != nil || cur.was != cur.is {
		return left, err
	}
	changed := func(r *meta.Reader, after string) ([]Node, error) {
		return r.ChangedFolders(cur.is, after, undoPage, u.seq)
	}
	err = u.pages(ctx, changed, func(_ *meta.Reader, n Node) error {
		left = append(left, compared{n.ID, n.ID})
		return nil
	})
	return left, err
}

// pages calls f for all nodes that a query finds, page by page.
func (u *undoing) pages(ctx context.Context, query func(r *meta.Reader, after string) ([]Node, error), f func(*meta.Reader, Node) error) error {
	for after, more := "", true; more; {
		err := u.s.db.View(ctx, func(r *meta.Reader) error {
			some, err := query(r, after)
			more = len(some) == undoPage
			for _, n := range some {
				if after = keyOf(n.Name); err == nil {
					err = f(r, n)
				}
			}
			if err == nil && len(u.places)+len(u.removes) > MaxRevert {
				err = ErrUndoLimit
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// planExtra looks at a node in a folder that may not have been there.
func (u *undoing) planExtra(r *meta.Reader, n Node, cur compared) error {
	was, ok, err := r.NodeAt(n.ID, u.seq)
	if err != nil {
		return err
	}
	if ok {
		how, err := u.shownAt(r, was.Parent)
		if err != nil || how.top { // it is put where it was
			return err
		}
		if how.live {
			u.did.left(n.ID, n.Name, errElsewhere)
			return nil
		}
	}
	if n, ok, err = r.NodeByID(n.ID); err != nil || !ok {
		return err
	}
	u.growth -= n.Size + n.Bytes // of a folder in the trash: that is counted with it
	_, taken, err := r.ChildAt(cur.was, keyOf(n.Name), u.seq)
	if !taken { // else it gives way when that is placed, or stands for it
		u.removes = append(u.removes, n.ID)
	}
	return err
}

// shownAt tells whether a folder was in the tree.
func (u *undoing) shownAt(r *meta.Reader, id NodeID) (how reachable, err error) {
	var trail []NodeID
	for range maxDeep {
		known, ok := u.shown[id]
		if ok {
			how = known
			break
		}
		if id == u.sc.Root {
			how.live = true
			break
		}
		n, ok, err := r.NodeAt(id, u.seq)
		if err != nil {
			return how, err
		}
		if !ok {
			now, exists, err := r.NodeByID(id)
			if err != nil {
				return how, err
			}
			how.unknown = !exists || deleted(now)
			break
		}
		if n.Parent == 0 {
			break
		}
		trail = append(trail, id)
		id = n.Parent
	}
	if len(u.shown) < maxShown {
		for _, id := range trail {
			u.shown[id] = how
		}
	}
	return how, nil
}

// mayStand reports whether a folder may stand for another that was: it is not one of those
// that are put where they were themselves.
func (u *undoing) mayStand(r *meta.Reader, id NodeID) (bool, error) {
	was, ok, err := r.NodeAt(id, u.seq)
	if err != nil || !ok {
		return err == nil, err
	}
	how, err := u.shownAt(r, was.Parent)
	return !how.top && !how.live && !how.unknown, err
}

// planOne notes a node that was in a folder, and what is to be compared below it. parent is
// the folder now; 0: it has to be made.
func (u *undoing) planOne(r *meta.Reader, left []compared, was Node, parent NodeID) ([]compared, error) {
	u.places = append(u.places, was.ID)
	now, exists, err := r.NodeByID(was.ID)
	if err != nil {
		return nil, err
	}
	sp, err := u.spotOf(r, was.ID)
	if err != nil {
		return nil, err
	}
	weight := now.Size + now.Bytes
	switch {
	case exists && sp.live && sp.top:
		if !was.IsFolder() {
			u.growth += was.Size - now.Size
		}
	case exists && sp.trashed:
		if !was.IsFolder() {
			u.growth += was.Size - now.Size
		}
		if sp.entry == was.ID {
			u.growth += weight
		} else {
			u.nested = append(u.nested, nested{sp.entry, was.ID, weight})
		}
	default:
		u.growth += was.Size
		if !was.IsFolder() {
			return left, nil
		}
		stands := NodeID(0)
		if parent != 0 {
			other, ok, err := r.Node(parent, keyOf(was.Name))
			if err != nil {
				return nil, err
			}
			if ok && other.IsFolder() && other.Name == was.Name {
				if ok, err = u.mayStand(r, other.ID); err != nil {
					return nil, err
				} else if ok {
					stands = other.ID
				}
			}
		}
		u.makes[was.ID] = true
		return append(left, compared{was.ID, stands}), nil
	}
	if was.IsFolder() && now.Seq > u.seq {
		left = append(left, compared{was.ID, was.ID})
	}
	return left, nil
}

// planLog notes the nodes that changes from < number <= to are about (0: up to the newest),
// and that have not changed since.
func (u *undoing) planLog(ctx context.Context, from, to int64) error {
	deep := map[NodeID]int{}
	for after, more := from, true; more; {
		err := u.s.db.View(ctx, func(r *meta.Reader) error {
			if err := wholeSpace(r, u.sc, MayWrite|MayRead); err != nil {
				return err
			}
			sp, _, err := r.Space(u.sc.Space)
			if err != nil {
				return err
			}
			u.trash = sp.Trash
			if after == from {
				newest, _, err := r.NewestChange(u.sc.Space)
				if err != nil {
					return err
				}
				if to <= 0 || to > newest.Seq {
					to = newest.Seq
				}
				u.upto = to
			}
			first, err := r.Changes(u.sc.Space, 0, 1) // it may be pruned meanwhile
			if err != nil {
				return err
			}
			if len(first) > 0 && first[0].Seq > from+1 {
				return ErrHistory
			}
			cs, err := r.Changes(u.sc.Space, after, undoPage)
			more = len(cs) == undoPage
			for _, c := range cs {
				if err != nil {
					break
				}
				if after = c.Seq; c.Seq > to {
					more = false
					break
				}
				if u.planned[c.Node] || c.Kind == meta.Patched && c.Node == u.sc.Root {
					continue
				}
				u.planned[c.Node] = true
				if len(u.planned) > MaxUndo {
					return ErrUndoLimit
				}
				err = u.planChanged(r, c, to, deep)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(u.places, func(a, b NodeID) int { return deep[a] - deep[b] })
	return nil
}

// planChanged notes the node of a change, the first of it.
func (u *undoing) planChanged(r *meta.Reader, first Change, to int64, deep map[NodeID]int) error {
	id := first.Node
	now, exists, err := r.NodeByID(id)
	if err != nil {
		return err
	}
	was, ok, err := r.NodeAt(id, u.seq)
	if err != nil {
		return err
	}
	if exists && now.Since > to {
		u.did.left(id, now.Name, errChangedSince)
		return nil
	}
	depth := 0
	if ok {
		how, err := u.shownAt(r, was.Parent)
		if err != nil {
			return err
		}
		if how.unknown {
			u.did.left(id, was.Name, errNoFolder)
			return nil
		}
		if ok = how.live; ok {
			for up := was.Parent; up != u.sc.Root && depth < maxDeep; depth++ {
				n, found, err := r.NodeAt(up, u.seq)
				if err != nil {
					return err
				}
				if !found {
					break
				}
				up = n.Parent
			}
		}
	}
	sp, err := u.spotOf(r, id)
	if err != nil {
		return err
	}
	weight := now.Size + now.Bytes
	if !ok {
		if !sp.live && !sp.trashed && first.Kind != meta.Created && first.Kind != meta.Restored {
			u.did.left(id, id.String(), errNoContent) // deleted for good
		}
		if exists && sp.trashed && sp.entry != id {
			u.below = append(u.below, nested{sp.entry, id, weight})
		}
		if !exists || !sp.live {
			return nil
		}
		if now.IsFolder() && now.Seq > to {
			u.did.left(id, now.Name, errChangedSince)
			return nil
		}
		u.removes = append(u.removes, id)
		u.growth -= weight
		return nil
	}
	if exists && now.Since == was.Since {
		return nil // only its properties changed
	}
	deep[id] = depth
	u.places = append(u.places, id)
	switch {
	case exists && sp.entry == id:
		u.growth += weight
	case exists && sp.trashed:
		u.nested = append(u.nested, nested{sp.entry, was.ID, weight})
	case !exists || !sp.live:
		u.growth += was.Size
		if was.IsFolder() {
			return u.planGone(r, was, deep)
		}
		return nil
	}
	if !was.IsFolder() {
		u.growth += was.Size - now.Size
	}
	return nil
}

// planGone notes what was in a folder that is deleted for good, if a snapshot has kept that.
func (u *undoing) planGone(r *meta.Reader, was Node, deep map[NodeID]int) error {
	kept, err := pinsOf(r, u.sc.Space)
	if err != nil {
		return err
	}
	if !kept.in(u.seq, u.seq+1) {
		u.places = u.places[:len(u.places)-1]
		u.did.left(was.ID, was.Name, errNoContent)
		return nil
	}
	u.makes[was.ID] = true
	for left := []Node{was}; len(left) > 0; {
		cur := left[len(left)-1]
		left = left[:len(left)-1]
		for after := ""; ; {
			some, err := r.ChildrenAt(cur.ID, after, undoPage, u.seq)
			if err != nil {
				return err
			}
			for _, k := range some {
				after = keyOf(k.Name)
				if u.planned[k.ID] { // for itself
					continue
				}
				u.planned[k.ID] = true
				if len(u.planned) > MaxUndo {
					return ErrUndoLimit
				}
				deep[k.ID] = deep[cur.ID] + 1
				u.places = append(u.places, k.ID)
				u.growth += k.Size
				if k.IsFolder() {
					u.makes[k.ID] = true
					left = append(left, k)
				}
			}
			if len(some) < undoPage {
				break
			}
		}
	}
	return nil
}
