package store

import (
	"slices"
	"time"

	"cairn/store/meta"
)

// lockSet is the live locks of a space.
type lockSet []Lock

func liveLocks(r *meta.Reader, space SpaceID, now time.Time) (lockSet, error) {
	all, err := r.Locks(space)
	return slices.DeleteFunc(all, func(l Lock) bool { return !l.Expires.After(now) }), err
}

// covering is the locks that cover the last node of a line from the root down: its
// own, and those of depth infinity above it. With exists false the line ends at the
// parent of a name that is free: only depth infinity covers that.
func (ls lockSet) covering(line []Node, exists bool) []Lock {
	var out []Lock
	for _, l := range ls {
		for i, n := range line {
			if l.Node == n.ID && (l.Infinite || exists && i == len(line)-1) {
				out = append(out, l)
			}
		}
	}
	return out
}

// allow checks that a set of locks that cover one resource leaves the user free to
// write: it is empty, or a token of it was submitted by the user it belongs to.
func allow(locks []Lock, sc Scope, tokens []string, p Path) error {
	if len(locks) == 0 {
		return nil
	}
	for _, l := range locks {
		if l.User == sc.User && slices.Contains(tokens, l.Token) {
			return nil
		}
	}
	return &LockedError{p, locks}
}

// allowContent checks the locks that protect what a resource holds, its properties
// and, of a folder, its members.
func (ls lockSet) allowContent(sc Scope, tokens []string, line []Node, p Path) error {
	return allow(ls.covering(line, true), sc, tokens, p)
}

// allowName checks the locks that protect the names in a folder: any lock on it, and
// depth infinity above it.
func (ls lockSet) allowName(sc Scope, tokens []string, pl *place) error {
	return ls.allowContent(sc, tokens, pl.above, pl.path.Dir())
}

// below is the locks on a node and on everything below it. What lies below is found
// by going up from each lock, once over each folder.
func (ls lockSet) below(r *meta.Reader, n Node) ([]Lock, error) {
	under := map[NodeID]bool{n.ID: true, 0: false}
	var out []Lock
	for _, l := range ls {
		var trail []NodeID
		id := l.Node
		for {
			if _, known := under[id]; known {
				break
			}
			trail = append(trail, id)
			up, ok, err := r.Parent(id)
			if err != nil {
				return nil, err
			}
			if !ok {
				up = 0
			}
			id = up
		}
		for _, t := range trail {
			under[t] = under[id]
		}
		if under[l.Node] {
			out = append(out, l)
		}
	}
	return out, nil
}

// allowSubtree checks the locks that protect a node and everything below it.
func (ls lockSet) allowSubtree(r *meta.Reader, sc Scope, tokens []string, pl *place) error {
	if err := ls.allowContent(sc, tokens, pl.line(), pl.path); err != nil {
		return err
	}
	locks, err := ls.below(r, pl.node)
	if err != nil {
		return err
	}
	on := map[NodeID][]Lock{} // shared locks on one resource: one token is enough
	for _, l := range locks {
		on[l.Node] = append(on[l.Node], l)
	}
	delete(on, pl.node.ID) // looked at above, with the locks of the folders
	for _, l := range locks {
		if allow(on[l.Node], sc, tokens, "") == nil {
			continue
		}
		p, _, err := pathFrom(r, pl.node, pl.path, l.Node)
		if err != nil {
			return err
		}
		return &LockedError{p, on[l.Node]}
	}
	return nil
}

// pathFrom is the path of a node that lies at or below top, whose path is p.
func pathFrom(r *meta.Reader, top Node, p Path, id NodeID) (Path, bool, error) {
	var names []string
	for id != top.ID {
		n, ok, err := r.NodeByID(id)
		if err != nil || !ok || n.Parent == 0 || len(names) > 2*MaxPathDepth {
			return "", false, err
		}
		names = append(names, n.Name)
		id = n.Parent
	}
	slices.Reverse(names)
	for _, name := range names {
		p = p.Join(name)
	}
	return p, true, nil
}

// end drops the locks on a node and everything below it: locks do not move, and a
// removed resource has none (RFC 4918, 9.6 and 9.9).
func (ls lockSet) end(tx *meta.Tx, n Node) error {
	if len(ls) == 0 {
		return nil
	}
	locks, err := ls.below(&tx.Reader, n)
	if err != nil {
		return err
	}
	for _, l := range locks {
		if err := tx.Apply(&meta.DropLock{Token: l.Token}); err != nil {
			return err
		}
	}
	return nil
}
