package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cairn/store/meta"
)

// Undone is what Revert or Undo did.
type Undone struct {
	Placed  int // nodes that are where they were again
	Trashed int // nodes that were not there then; they are in the trash now
	Written int // files that hold again what they held, or have their time again
	Left    []LeftAsIs
	LeftOut int // how many are left as they are; Left has the first hundred
	// From and To bound the change numbers that it made, from < number <= to: Undo of them
	// takes it back. Changes of others may lie between them, if it took several transactions.
	// Both are 0 if nothing had to be changed.
	From, To int64
}

// LeftAsIs is a node that could not be put right.
type LeftAsIs struct {
	Node NodeID
	Name string // that it had then, or has
	Why  error
}

func (u *Undone) left(id NodeID, name string, why error) {
	if u.LeftOut++; len(u.Left) < 100 {
		u.Left = append(u.Left, LeftAsIs{id, name, why})
	}
}

// The bounds of one transaction of an undo: nodes, and the time that it takes.
const (
	undoBatch = 512
	undoTime  = 10 * time.Millisecond
	undoPage  = 256
)

// MaxRevert bounds the nodes that one Revert changes, MaxUndo those of an Undo, which keeps
// more of each in memory: 8 and about 80 bytes.
const (
	MaxRevert = 1 << 20
	MaxUndo   = 1 << 18
)

// maxDeep ends a way up that goes round, which there is none of. A tree may be deeper than a
// path is long, since folders are moved with all below them.
const maxDeep = 1 << 16

// maxShown is how many folders are remembered that were in a tree, or were not.
const maxShown = 1 << 16

// begin waits until few others plan, since that takes memory.
func (u *undoing) begin(ctx context.Context) (end func(), err error) {
	select {
	case u.s.undoing <- struct{}{}:
		return func() { <-u.s.undoing }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// undoing makes a tree, or some nodes of it, what they were at a change number. First it
// looks at what differs, on snapshots, and notes ids; then it puts one after the other right,
// each looked at again, in short transactions.
type undoing struct {
	s     *Store
	sc    Scope
	c     Conditions
	seq   int64  // what is to be again
	upto  int64  // of an undo: what has a newer change, of others, stays as it is
	own   []span // the changes that it has made, ascending
	trash NodeID // the space's
	// All: what is in the way gives way. Else only what is planned does.
	all bool
	// Top is what is reverted, as it is now: the root of the space, something below it, or 0.
	// What lies elsewhere, but for the trash, stays there.
	top     NodeID
	first   NodeID // what was there, if that is not the root
	removes []NodeID
	places  []NodeID // folders before what lies in them
	planned map[NodeID]bool
	placed  map[NodeID]bool      // places, if somebody asks
	growth  int64                // of the space, in bytes
	makes   map[NodeID]bool      // folders that are to be made again, with all that they held
	nested  []nested             // places of what lies below an entry of the trash
	below   []nested             // removes, if the entry is placed
	actual  map[NodeID]NodeID    // folders that stand for those that were
	shown   map[NodeID]reachable // whether a folder was in the tree
	did     Undone
}

// span is changes with after < number <= upto.
type span struct{ after, upto int64 }

// others reports whether a change is one of others, from after those that are undone.
func (u *undoing) others(t *undoTx, seq int64) bool {
	if u.all || seq <= u.upto || seq > t.before {
		return false
	}
	i, _ := slices.BinarySearchFunc(u.own, seq, func(s span, seq int64) int { return cmp.Compare(s.upto, seq) })
	return i == len(u.own) || seq <= u.own[i].after
}

// nested is a node that lies below an entry of the trash.
type nested struct {
	entry, node NodeID
	bytes       int64
}

// Revert implements API.
func (s *Store) Revert(ctx context.Context, sc Scope, id SnapshotID, p Path, c Conditions) (Undone, error) {
	u := &undoing{s: s, sc: sc, c: c, all: true, makes: map[NodeID]bool{}, actual: map[NodeID]NodeID{}, shown: map[NodeID]reachable{}}
	end, err := u.begin(ctx)
	if err != nil {
		return u.did, fail("revert", p, err)
	}
	defer end()
	err = u.planTree(ctx, id, p)
	if err == nil {
		err = u.run(ctx)
	}
	return u.did, fail("revert", p, err)
}

// Undo implements API.
func (s *Store) Undo(ctx context.Context, sc Scope, from, to int64, c Conditions) (Undone, error) {
	u := &undoing{s: s, sc: sc, c: c, seq: from, top: sc.Root, planned: map[NodeID]bool{}, makes: map[NodeID]bool{}, actual: map[NodeID]NodeID{},
		shown: map[NodeID]reachable{}}
	end, err := u.begin(ctx)
	if err != nil {
		return u.did, fail("undo", "", err)
	}
	defer end()
	err = u.planLog(ctx, from, to)
	if err == nil {
		err = u.run(ctx)
	}
	return u.did, fail("undo", "", err)
}

// run does what is planned, if the quota allows it.
func (u *undoing) run(ctx context.Context) error {
	u.placed = map[NodeID]bool{}
	if len(u.nested)+len(u.below) > 0 || !u.all {
		for _, id := range u.places {
			u.placed[id] = true
		}
	}
	for _, n := range u.nested {
		if !u.placed[n.entry] { // else it comes with that, which is counted
			u.growth += n.bytes
		}
	}
	for _, n := range u.below {
		if u.placed[n.entry] {
			u.removes = append(u.removes, n.node)
			u.growth -= n.bytes
		}
	}
	if u.growth > 0 {
		if err := u.s.roomFor(ctx, u.sc, u.growth); err != nil {
			return fmt.Errorf("%d bytes more: %w", u.growth, err)
		}
	}
	_, err := u.each(ctx, u.removes, (*undoing).remove)
	if err != nil {
		return err
	}
	left, err := u.each(ctx, u.places, (*undoing).place)
	if errors.Is(err, ErrQuota) { // in this order: what gets smaller goes first
		if _, err = u.each(ctx, left, (*undoing).shrink); err == nil {
			_, err = u.each(ctx, left, (*undoing).place)
		}
	}
	return err
}

// each makes transactions of what f does with nodes. After an error left is what is not done.
func (u *undoing) each(ctx context.Context, ids []NodeID, f func(u *undoing, t *undoTx, id NodeID) error) (left []NodeID, err error) {
	for len(ids) > 0 {
		if ctx.Err() != nil {
			return ids, context.Cause(ctx)
		}
		var t *undoTx
		used := 0
		err := u.s.db.Commit(ctx, nil, func(tx *meta.Tx) (err error) {
			begin := time.Now()
			t, used = &undoTx{Tx: tx, did: u.did, made: map[NodeID]NodeID{}}, 0
			t.did.Left = slices.Clone(u.did.Left)
			if err := wholeSpace(&tx.Reader, u.sc, MayWrite); err != nil {
				return err
			}
			if t.before, err = tx.Seq(u.sc.Space); err != nil {
				return err
			}
			if t.locks, err = liveLocks(&tx.Reader, u.sc.Space, tx.Now()); err != nil {
				return err
			}
			for _, id := range ids {
				if used > 0 && (used >= undoBatch || time.Since(begin) > undoTime) {
					break
				}
				if err := f(u, t, id); err != nil {
					if used > 0 { // what is done stays; this one is met again
						break
					}
					return err
				}
				used++
			}
			return t.span(u.sc.Space)
		})
		if err != nil {
			return ids, err
		}
		u.did = t.did
		if t.after > t.before {
			u.own = append(u.own, span{t.before, t.after})
		}
		for was, is := range t.made {
			u.actual[was] = is
		}
		ids = ids[used:]
	}
	return nil, nil
}

// undoTx is one transaction of an undo, which may run twice.
type undoTx struct {
	*meta.Tx
	locks lockSet
	did   Undone
	made  map[NodeID]NodeID // what it adds to undoing.actual

	before, after int64 // the newest change, before and after it
}

// span notes which changes the transaction made.
func (t *undoTx) span(space SpaceID) (err error) {
	if t.after, err = t.Seq(space); err != nil || t.after == t.before {
		return err
	}
	if t.did.To == 0 {
		t.did.From = t.before
	}
	t.did.To = t.after
	return nil
}

func (u *undoing) folder(t *undoTx, id NodeID) NodeID {
	if is, ok := t.made[id]; ok {
		return is
	}
	if is, ok := u.actual[id]; ok {
		return is
	}
	return id
}

// spot is where a node is.
type spot struct {
	live, trashed bool
	top           bool   // it is what is reverted, or lies below
	entry         NodeID // of the trash, that it is or lies below
	above         []NodeID
}

// spotOf goes up from a node.
func (u *undoing) spotOf(r *meta.Reader, id NodeID) (sp spot, err error) {
	last := id
	for range maxDeep {
		if id == u.top {
			sp.top = true
		}
		switch id {
		case u.sc.Root:
			sp.live = true
			return sp, nil
		case u.trash:
			sp.trashed, sp.entry = true, last
			return sp, nil
		}
		n, ok, err := r.StepByID(id)
		if err != nil || !ok || n.Parent == 0 {
			return sp, err
		}
		sp.above = append(sp.above, n.Parent)
		last, id = id, n.Parent
	}
	return sp, nil
}

// placeOf is a live node as locks are asked about it.
func (u *undoing) placeOf(r *meta.Reader, n Node) (pl place, err error) {
	pl = place{node: n, exists: true}
	pl.path, _, err = pathFrom(r, Node{ID: u.sc.Root}, Root, n.ID)
	for id := n.Parent; err == nil && id != 0; {
		up, ok, err := r.NodeByID(id)
		if err != nil || !ok {
			return pl, err
		}
		pl.above = append(pl.above, up)
		if id == u.sc.Root {
			break
		}
		id = up.Parent
	}
	slices.Reverse(pl.above)
	return pl, err
}
