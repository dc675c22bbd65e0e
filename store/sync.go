package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cairn/store/meta"
)

// maxSync bounds what one call of ChangedSince finds.
const maxSync = 10_000

// SyncPoint implements API.
func (s *Store) SyncPoint(ctx context.Context, sc Scope) (at SyncPoint, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		at, err = syncPoint(r, sc)
		return err
	})
	return at, fail("sync point", "", err)
}

func syncPoint(r *meta.Reader, sc Scope) (at SyncPoint, err error) {
	root, ok, err := r.NodeByID(sc.Root)
	if err == nil && (!ok || root.Space != sc.Space) {
		err = ErrNotExist
	}
	if err != nil {
		return at, err
	}
	newest, _, err := r.NewestChange(sc.Space)
	return SyncPoint{Epoch: root.Epoch, Space: sc.Space, Seq: newest.Seq}, err
}

// String is the moment as clients keep it: epoch, space and change number.
func (p SyncPoint) String() string { return fmt.Sprintf("%d:%d:%d", p.Epoch, p.Space, p.Seq) }

// ParseSyncPoint reads what SyncPoint.String wrote; it may be of another store, or of none.
func ParseSyncPoint(s string) (p SyncPoint, ok bool) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return p, false
	}
	var n [3]int64
	for i, part := range parts {
		var err error
		if n[i], err = strconv.ParseInt(part, 10, 64); err != nil {
			return p, false
		}
	}
	return SyncPoint{Epoch: n[0], Space: SpaceID(n[1]), Seq: n[2]}, true
}

// AwaitChange implements API.
func (s *Store) AwaitChange(ctx context.Context, sc Scope, since SyncPoint) (at SyncPoint, err error) {
	for {
		changed := s.changes.await(sc.Space) // before looking: what changes then is not missed
		if at, err = s.SyncPoint(ctx, sc); err != nil || at != since {
			return at, err
		}
		select {
		case <-changed:
		case <-s.closing:
			return at, fail("await change", "", ErrClosed)
		case <-ctx.Done():
			return at, fail("await change", "", context.Cause(ctx))
		}
	}
}

// changes tells those who wait that something has changed in a space.
type changes struct {
	mu     sync.Mutex
	spaces map[SpaceID]chan struct{} // of those that somebody waits for
}

// await is closed at the next change.
func (c *changes) await(space SpaceID) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, ok := c.spaces[space]
	if !ok {
		if c.spaces == nil {
			c.spaces = map[SpaceID]chan struct{}{}
		}
		ch = make(chan struct{})
		c.spaces[space] = ch
	}
	return ch
}

func (c *changes) note(space SpaceID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch, ok := c.spaces[space]; ok {
		close(ch)
		delete(c.spaces, space)
	}
}

// ChangedSince implements API.
func (s *Store) ChangedSince(ctx context.Context, sc Scope, p Path, since SyncPoint, deep bool, limit int) (out []Changed, upto SyncPoint, more bool, err error) {
	if limit <= 0 || limit > maxSync {
		limit = maxSync
	}
	u := &sinceThen{p: p, since: since.Seq, deep: deep, seen: map[NodeID]bool{}, told: map[NodeID]bool{}}
	err = s.db.View(ctx, func(r *meta.Reader) error {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		pl, err := find(r, sc, p)
		if err == nil && !pl.node.IsFolder() {
			err = ErrNotFolder
		}
		if err != nil {
			return err
		}
		u.folder = pl.node.ID
		if upto, err = syncPoint(r, sc); err != nil {
			return err
		}
		if since.Epoch != upto.Epoch || since.Space != upto.Space || since.Seq < 0 || since.Seq > upto.Seq {
			return ErrSyncPoint
		}
		return nil
	})
	for after := since.Seq; err == nil && after < upto.Seq && !more; {
		err = s.db.View(ctx, func(r *meta.Reader) error {
			first, err := r.Changes(sc.Space, 0, 1)
			if err == nil && (len(first) == 0 || first[0].Seq > after+1) { // pruned, maybe meanwhile
				err = ErrSyncPoint
			}
			if err != nil {
				return err
			}
			cs, err := r.Changes(sc.Space, after, undoPage)
			if len(cs) == 0 {
				after = upto.Seq
			}
			for _, c := range cs {
				if err != nil || c.Seq > upto.Seq {
					break
				}
				if len(u.out) >= limit {
					more = true
					break
				}
				after = c.Seq
				err = u.change(r, c)
			}
			return err
		})
	}
	if more {
		upto.Seq = u.last
	}
	return u.out, upto, more, fail("changes", p, err)
}

// sinceThen is one run of ChangedSince.
type sinceThen struct {
	p      Path
	folder NodeID
	since  int64
	deep   bool
	seen   map[NodeID]bool // a change of it was looked at
	told   map[NodeID]bool // it is in out, where it is now
	last   int64           // change that was looked at
	out    []Changed
}

// change notes what has become of the node of a change, the first time that one is about it.
func (u *sinceThen) change(r *meta.Reader, c Change) error {
	u.last = c.Seq
	if u.seen[c.Node] || c.Node == u.folder {
		return nil
	}
	u.seen[c.Node] = true
	was, then, err := r.NodeAt(c.Node, u.since)
	if err != nil {
		return err
	}
	now, exists, err := r.NodeByID(c.Node)
	if err != nil {
		return err
	}
	if !then && (!exists || deleted(now)) && c.Kind != meta.Created && c.Kind != meta.Restored {
		return ErrSyncPoint // it was deleted for good: where it was nobody knows any more
	}
	var from, to Path
	if then {
		from, then, err = u.path(was, func(id NodeID) (Node, bool, error) { return r.NodeAt(id, u.since) })
	}
	if exists && err == nil {
		to, exists, err = u.path(now, r.NodeByID)
	}
	if err != nil {
		return err
	}
	if then && (!exists || from != to) {
		if err := u.gone(r, from, was); err != nil {
			return err
		}
	}
	if !exists {
		return nil
	}
	u.tell(to, now)
	if u.deep && now.IsFolder() && (!then || from != to) {
		return u.below(r, to, now.ID)
	}
	return nil
}

// gone notes that a node is not any more where it was. If something else is there now, that
// is told; then it is what was in a folder that has gone.
func (u *sinceThen) gone(r *meta.Reader, p Path, was Node) error {
	_, taken, err := u.lookUp(r, p)
	if err != nil {
		return err
	}
	if len(u.out) >= 2*maxSync {
		return ErrSyncPoint
	}
	if !taken {
		u.out = append(u.out, Changed{Path: p, Node: was, Gone: true})
	}
	for after, more := "", taken && u.deep && was.IsFolder(); more; {
		kids, err := r.ChildrenAt(was.ID, after, undoPage, u.since)
		if err != nil {
			return err
		}
		for _, n := range kids {
			after = keyOf(n.Name)
			if err := u.gone(r, p.Join(n.Name), n); err != nil {
				return err
			}
		}
		more = len(kids) == undoPage
	}
	return nil
}

// tell notes where a node is now, once.
func (u *sinceThen) tell(p Path, n Node) {
	if !u.told[n.ID] {
		u.told[n.ID] = true
		n.Manifest = meta.Manifest{}
		u.out = append(u.out, Changed{Path: p, Node: n})
	}
}

// path is where a node lies below the folder; ok is false if that is elsewhere, or too deep.
func (u *sinceThen) path(n Node, node func(NodeID) (Node, bool, error)) (p Path, ok bool, err error) {
	names := []string{n.Name}
	for up := n.Parent; up != u.folder; {
		if up == 0 || !u.deep || len(names) > 2*MaxPathDepth {
			return "", false, nil
		}
		above, ok, err := node(up)
		if err != nil || !ok {
			return "", false, err
		}
		names, up = append(names, above.Name), above.Parent
	}
	p = u.p
	for _, name := range slices.Backward(names) {
		p = p.Join(name)
	}
	return p, true, nil
}

// lookUp finds what is at a path below the folder now.
func (u *sinceThen) lookUp(r *meta.Reader, p Path) (n Node, ok bool, err error) {
	n.ID = u.folder
	for _, name := range p.Names()[len(u.p.Names()):] {
		if n, ok, err = r.Node(n.ID, keyOf(name)); err != nil || !ok || n.Name != name {
			return n, false, err
		}
	}
	return n, ok, nil
}

// below notes all that is in a folder that has come to another place.
func (u *sinceThen) below(r *meta.Reader, p Path, id NodeID) error {
	for after := ""; ; {
		kids, err := r.Children(id, after, undoPage)
		if err != nil {
			return err
		}
		for _, n := range kids {
			after = keyOf(n.Name)
			if len(u.out) >= 2*maxSync {
				return ErrSyncPoint // who asks had better look at everything
			}
			q := p.Join(n.Name)
			if u.tell(q, n); n.IsFolder() {
				if err := u.below(r, q, n.ID); err != nil {
					return err
				}
			}
		}
		if len(kids) < undoPage {
			return nil
		}
	}
}
