package store

import (
	"time"

	"cairn/store/meta"
)

// safeSave is how long a name waits for a file that has left it: programs save by moving
// a file aside, or deleting it, and giving its name to another (Office, KeePass, vim).
const safeSave = 15 * time.Second

// asideFile is what was at a name, as it is now.
type asideFile struct {
	Node
	trashed bool
	over    bool // it was moved over another file, which goes on with its content; it is no more
}

// putAside finds the file that becomes the newest version of what was at a free place: the
// same user has moved it away, or deleted it, a moment ago, and nobody has changed it since.
func putAside(r *meta.Reader, sc Scope, pl *place, now time.Time) (f asideFile, ok bool, err error) {
	was, end, ok, err := r.LastAt(pl.parent().ID, keyOf(pl.path.Base()))
	if err != nil || !ok {
		return f, false, err
	}
	ago := now.Sub(end.At)
	if was.IsFolder() || end.Node != was.ID || end.Author != sc.User || sc.User == 0 || ago < 0 || ago > safeSave ||
		end.Kind != meta.Moved && end.Kind != meta.Removed {
		return f, false, nil
	}
	if f.Node, ok, err = r.NodeByID(was.ID); err != nil {
		return f, false, err
	}
	if ok {
		_, f.trashed, err = r.Trashed(f.ID)
		return f, f.Since == end.Seq && f.Space == sc.Space, err
	}
	taker, ok, err := r.Heir(was.ID)
	if err != nil || !ok {
		return f, false, err
	}
	f.over = true
	if f.Node, ok, err = r.NodeByID(taker); err != nil || !ok || f.Version != was.Version || f.Since != end.Seq-1 || f.Space != sc.Space {
		return f, false, err // it was deleted for good, or changed
	}
	f.ID, f.Created = was.ID, was.Created
	return f, true, nil
}

// takeBack puts such a file back to its name, if there is one; what follows supersedes its
// content. Where it was moved to stays a file with the same content and properties: a new
// one, or the one that it was moved over, which then keeps the older versions too. not is
// left where it is.
//
// The caller may write to the place, and has checked quota as for a new file.
func takeBack(tx *meta.Tx, sc Scope, pl *place, not NodeID) error {
	if pl.exists || pl.missing != nil || isJunk(pl.path.Base()) || !tx.MayHaveLeft(pl.parent().ID, keyOf(pl.path.Base()), safeSave) {
		return nil
	}
	f, ok, err := putAside(&tx.Reader, sc, pl, tx.Now())
	if err != nil || !ok || f.ID == not {
		return err
	}
	if !f.trashed {
		if ok, err = mayLeave(tx, sc, f.Node); err != nil || !ok {
			return err
		}
	}
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return err
	}
	n := f.Node
	n.Parent, n.Name, n.Since = pl.parent().ID, pl.path.Base(), seq
	var ops []meta.Op
	kind := meta.Moved
	switch {
	case f.trashed:
		kind = meta.Restored
		ops = append(ops, &meta.PutPast{Node: f.Node, Key: f.ID.String(), Until: seq}, &meta.DropTrash{Node: f.ID})
	case f.over:
		n.Version = meta.NewVersionID(tx.Now().UTC())
	default:
		ops = append(ops, &meta.PutPast{Node: f.Node, Key: keyOf(f.Name), Until: seq})
	}
	if !f.over {
		tx.AddSum(f.Parent, -n.Size, -1, seq)
	}
	tx.AddSum(n.Parent, n.Size, 1, seq)
	if err := tx.Apply(append(ops, &meta.PutNode{Node: n, Key: keyOf(n.Name)}, change(tx, sc, n, seq, kind))...); err != nil {
		return err
	}
	if !f.trashed && !f.over {
		if err := standIn(tx, sc, f.Node); err != nil {
			return err
		}
	}
	pl.node, pl.exists = n, true
	return nil
}

// mayLeave reports whether a file may make way for another of the same content: it is in
// the scope, and no lock covers it.
func mayLeave(tx *meta.Tx, sc Scope, n Node) (bool, error) {
	line := []Node{n}
	for up := n.Parent; len(line) <= 2*MaxPathDepth; {
		folder, ok, err := tx.NodeByID(up)
		if err != nil || !ok || deleted(folder) {
			return false, err
		}
		line = append([]Node{folder}, line...)
		if folder.ID == sc.Root {
			ls, err := liveLocks(&tx.Reader, sc.Space, tx.Now())
			return len(ls.covering(line, true)) == 0, err
		}
		up = folder.Parent
	}
	return false, nil
}

// standIn makes a new file of what was where it was.
func standIn(tx *meta.Tx, sc Scope, was Node) error {
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return err
	}
	n := was
	n.ID, n.Since, n.Version = tx.NewNodeID(), seq, meta.NewVersionID(tx.Now().UTC())
	tx.AddSum(n.Parent, n.Size, 1, seq)
	if err := tx.Apply(&meta.PutNode{Node: n, Key: keyOf(n.Name), Fresh: true}, change(tx, sc, n, seq, meta.Created)); err != nil {
		return err
	}
	return copyProps(tx, was.ID, n.ID)
}
