package store

import (
	"time"

	"cairn/store/meta"
)

// safeSave is how long a name waits for a file that has left it: programs save by moving
// a file aside, or deleting it, and giving its name to another (Office, KeePass, vim).
const safeSave = 15 * time.Second

// putAside finds the file that becomes the newest version of what was at a free place: the
// same user has moved it away, or deleted it, a moment ago, and nobody has changed it since.
// One that was moved over another file is no more: its versions are the other's.
func putAside(r *meta.Reader, sc Scope, pl *place, now time.Time) (n Node, trashed, ok bool, err error) {
	was, end, ok, err := r.LastAt(pl.parent().ID, keyOf(pl.path.Base()))
	if err != nil || !ok {
		return n, false, false, err
	}
	ago := now.Sub(end.At)
	if was.IsFolder() || end.Node != was.ID || end.Author != sc.User || sc.User == 0 || ago < 0 || ago > safeSave ||
		end.Kind != meta.Moved && end.Kind != meta.Removed {
		return n, false, false, nil
	}
	if n, ok, err = r.NodeByID(was.ID); err != nil || !ok || n.Since != end.Seq || n.Space != sc.Space {
		return n, false, false, err
	}
	_, trashed, err = r.Trashed(n.ID)
	return n, trashed, true, err
}

// takeBack puts such a file back to its name, if there is one; what follows supersedes its
// content. Where it was moved to stays a file with the same content and properties, which
// is a new one. not is left where it is.
//
// The caller may write to the place, and has checked quota as for a new file.
func takeBack(tx *meta.Tx, sc Scope, pl *place, not NodeID) error {
	if pl.exists || pl.missing != nil || isJunk(pl.path.Base()) || !tx.MayHaveLeft(pl.parent().ID, keyOf(pl.path.Base()), safeSave) {
		return nil
	}
	was, trashed, ok, err := putAside(&tx.Reader, sc, pl, tx.Now())
	if err != nil || !ok || was.ID == not {
		return err
	}
	if !trashed {
		if ok, err = mayLeave(tx, sc, was); err != nil || !ok {
			return err
		}
	}
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return err
	}
	n, kind, key := was, meta.Moved, keyOf(was.Name)
	n.Parent, n.Name, n.Since = pl.parent().ID, pl.path.Base(), seq
	if trashed {
		kind, key = meta.Restored, was.ID.String()
	}
	tx.AddSum(was.Parent, -n.Size, -1, seq)
	tx.AddSum(n.Parent, n.Size, 1, seq)
	err = tx.Apply(&meta.PutPast{Node: was, Key: key, Until: seq}, &meta.PutNode{Node: n, Key: keyOf(n.Name)}, change(tx, sc, n, seq, kind))
	switch {
	case err != nil:
	case trashed:
		err = tx.Apply(&meta.DropTrash{Node: n.ID})
	default:
		err = standIn(tx, sc, was)
	}
	pl.node, pl.exists = n, true
	return err
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
