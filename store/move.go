package store

import (
	"context"
	"time"

	"cairn/store/meta"
)

// Move implements API.
func (s *Store) Move(ctx context.Context, sc Scope, from, to Path, o MoveOptions) (w Written, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		t, err := planTransfer(&tx.Reader, sc, from, to, o, tx.Now())
		if err != nil {
			return err
		}
		if err := t.locks.allowName(sc, o.Tokens, &t.src); err != nil {
			return err
		}
		if err := t.locks.allowSubtree(&tx.Reader, sc, o.Tokens, &t.src); err != nil {
			return err
		}
		w, err = move(tx, sc, t)
		return err
	})
	return w, fail("move", from, err)
}

// transfer is a move or copy whose two places have been looked at.
type transfer struct {
	src, dst place
	locks    lockSet
}

// planTransfer looks at both ends: nothing is touched before both are right.
func planTransfer(r *meta.Reader, sc Scope, from, to Path, o MoveOptions, now time.Time) (t transfer, err error) {
	if err := sc.need(MayWrite | MayRead); err != nil {
		return t, err
	}
	if t.src, err = find(r, sc, from); err != nil {
		return t, err
	}
	if from.IsRoot() || to.IsRoot() {
		return t, ErrRoot
	}
	if t.dst, err = target(r, sc, to); err != nil {
		return t, err
	}
	if t.dst.exists && t.dst.node.ID == t.src.node.ID && from.Base() == to.Base() {
		return t, ErrSame
	}
	for _, n := range t.dst.above {
		if n.ID == t.src.node.ID {
			return t, ErrIntoItself
		}
	}
	if t.dst.exists {
		for _, n := range t.src.above {
			if n.ID == t.dst.node.ID {
				return t, ErrIntoItself
			}
		}
	}
	if err := o.check(r, sc, now, &t.src.node); err != nil {
		return t, err
	}
	if t.dst.exists && t.dst.node.ID != t.src.node.ID && !o.Overwrite {
		return t, ErrExist
	}
	if t.locks, err = liveLocks(r, sc.Space, now); err != nil {
		return t, err
	}
	if !t.dst.exists {
		return t, t.locks.allowName(sc, o.Tokens, &t.dst)
	}
	if t.dst.node.IsFolder() || t.src.node.IsFolder() { // another node takes the name
		if err := t.locks.allowName(sc, o.Tokens, &t.dst); err != nil {
			return t, err
		}
	}
	return t, t.locks.allowSubtree(r, sc, o.Tokens, &t.dst)
}

func move(tx *meta.Tx, sc Scope, t transfer) (Written, error) {
	if err := t.locks.end(tx, t.src.node); err != nil {
		return Written{}, err
	}
	created := !t.dst.exists
	if created && !t.src.node.IsFolder() {
		if err := takeBack(tx, sc, &t.dst, t.src.node.ID); err != nil {
			return Written{}, err
		}
	}
	replaced := t.dst.exists && t.dst.node.ID != t.src.node.ID
	if replaced && !t.dst.node.IsFolder() && !t.src.node.IsFolder() {
		w, err := moveOver(tx, sc, t)
		w.Created = created
		return w, err
	}
	if replaced {
		if err := toTrash(tx, sc, t.locks, t.dst.node); err != nil {
			return Written{}, err
		}
	}
	n := t.src.node
	bytes, files, err := weight(tx, n)
	if err != nil {
		return Written{}, err
	}
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return Written{}, err
	}
	if err := supersede(tx, n, seq, false); err != nil {
		return Written{}, err
	}
	from := n.Parent
	n.Parent, n.Name, n.Since = t.dst.parent().ID, t.dst.path.Base(), seq
	tx.AddSum(from, -bytes, -files, seq)
	tx.AddSum(n.Parent, bytes, files, seq)
	if n.IsFolder() {
		tx.AddSum(n.ID, 0, 0, seq) // its own ETag
	}
	err = tx.Apply(&meta.PutNode{Node: n, Key: keyOf(n.Name)}, change(tx, sc, n, seq, meta.Moved))
	return Written{n, !replaced}, err
}

// moveOver moves a file over a file: the name's node stays and gets the other's
// content as its newest version, with the id that it has; its properties come along,
// and so do its older versions.
func moveOver(tx *meta.Tx, sc Scope, t transfer) (Written, error) {
	src, dst := t.src.node, t.dst.node
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return Written{}, err
	}
	keep, err := keepsContent(tx, &t.dst, seq)
	if err == nil {
		err = supersede(tx, dst, seq, keep)
	}
	if err != nil {
		return Written{}, err
	}
	gone, err := tx.NextSeq(sc.Space)
	if err != nil {
		return Written{}, err
	}
	if err := supersede(tx, src, gone, false); err != nil {
		return Written{}, err
	}
	if err := tx.Apply(&meta.PutVersionOwner{From: src.ID, To: dst.ID}, &meta.PutHeir{Node: src.ID, Taker: dst.ID}); err != nil {
		return Written{}, err
	}
	n := dst
	n.Since, n.Version, n.Size, n.ModTime, n.Manifest, n.Author = seq, src.Version, src.Size, src.ModTime, src.Manifest, sc.User
	if err := tx.Apply(&meta.DropNode{ID: src.ID}, &meta.PutNode{Node: n, Key: keyOf(n.Name)},
		change(tx, sc, n, seq, meta.Written), change(tx, sc, src, gone, meta.Removed)); err != nil {
		return Written{}, err
	}
	if err := moveProps(tx, src.ID, dst.ID); err != nil {
		return Written{}, err
	}
	tx.Grow(sc.Space, -dst.Size)
	tx.AddSum(src.Parent, -src.Size, -1, gone)
	tx.AddSum(dst.Parent, src.Size-dst.Size, 0, seq)
	return Written{n, false}, nil
}

func moveProps(tx *meta.Tx, from, to NodeID) error {
	had, err := tx.Props(to)
	if err != nil {
		return err
	}
	if len(had) > 0 {
		if err := tx.Apply(&meta.DropProp{Node: to}); err != nil {
			return err
		}
	}
	props, err := tx.Props(from)
	if err != nil || len(props) == 0 {
		return err
	}
	for _, p := range props {
		if err := tx.Apply(&meta.PutProp{Node: to, Prop: p}); err != nil {
			return err
		}
	}
	return tx.Apply(&meta.DropProp{Node: from})
}
