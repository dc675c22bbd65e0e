package store

import (
	"context"
	"errors"

	"cairn/store/meta"
)

// Copy implements API. A folder is copied aside, in transactions of bounded size, and
// then attached in one; what a crash leaves of it is dropped at the next start.
func (s *Store) Copy(ctx context.Context, sc Scope, from, to Path, o MoveOptions) (w Written, err error) {
	var t transfer
	err = s.db.View(ctx, func(r *meta.Reader) error {
		t, err = planTransfer(r, sc, from, to, o, s.o.Clock())
		return err
	})
	if err == nil && t.dst.exists && t.dst.node.ID == t.src.node.ID {
		err = ErrSame
	}
	if err == nil && t.src.node.IsFolder() && !o.Shallow { // before all rows are made
		err = s.roomFor(ctx, sc, t.src.node.Bytes-t.dst.node.Bytes-t.dst.node.Size)
	}
	if err != nil {
		return w, fail("copy", from, err)
	}
	if !t.src.node.IsFolder() || o.Shallow {
		err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
			w, err = s.copyOne(tx, sc, from, to, o)
			return err
		})
		return w, fail("copy", from, err)
	}
	staged, err := s.stage(ctx, sc, t.src.node)
	if err == nil {
		err = s.db.Commit(context.WithoutCancel(ctx), nil, func(tx *meta.Tx) error {
			w, err = attach(tx, sc, from, to, o, staged)
			return err
		})
	}
	if err != nil && staged != 0 {
		if err2 := s.dropTree(context.WithoutCancel(ctx), staged); err2 != nil {
			s.o.Log.Warn("a copy that failed is dropped at the next start", "err", err2)
		}
	}
	return w, fail("copy", from, err)
}

// copyOne copies a file, or a folder without what is in it.
func (s *Store) copyOne(tx *meta.Tx, sc Scope, from, to Path, o MoveOptions) (Written, error) {
	t, err := planTransfer(&tx.Reader, sc, from, to, o, tx.Now())
	if err != nil {
		return Written{}, err
	}
	src := t.src.node
	if t.dst.exists && t.dst.node.ID == src.ID {
		return Written{}, ErrSame
	}
	replaced := t.dst.exists
	if replaced && (t.dst.node.IsFolder() || src.IsFolder()) {
		if err := toTrash(tx, sc, t.locks, t.dst.node); err != nil {
			return Written{}, err
		}
		t.dst.exists, t.dst.node = false, Node{}
	}
	var w Written
	if src.IsFolder() {
		if w.Node, err = makeFolder(tx, sc, t.dst.parent().ID, to.Base()); err != nil {
			return w, err
		}
	} else {
		if err := allowGrowth(tx, sc.Space, src.Size-t.dst.node.Size); err != nil {
			return w, err
		}
		if err := takeBack(tx, sc, &t.dst, src.ID); err != nil {
			return w, err
		}
		if w, err = writeFile(tx, sc, &t.dst, content{src.Manifest, src.Size, src.ModTime}); err != nil {
			return w, err
		}
	}
	w.Created = !replaced
	return w, copyProps(tx, src.ID, w.ID)
}

func copyProps(tx *meta.Tx, from, to NodeID) error {
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
	for _, p := range props {
		if err := tx.Apply(&meta.PutProp{Node: to, Prop: p}); err != nil {
			return err
		}
	}
	return err
}

// attach puts a staged tree where the copy is to be.
func attach(tx *meta.Tx, sc Scope, from, to Path, o MoveOptions, staged NodeID) (Written, error) {
	t, err := planTransfer(&tx.Reader, sc, from, to, o, tx.Now())
	if err != nil {
		return Written{}, err
	}
	if t.dst.exists && t.dst.node.ID == t.src.node.ID {
		return Written{}, ErrSame
	}
	n, ok, err := tx.NodeByID(staged)
	if err != nil || !ok {
		return Written{}, errors.Join(err, ErrNotExist)
	}
	bytes, files, err := weight(tx, n)
	if err != nil {
		return Written{}, err
	}
	if t.dst.exists {
		if err := toTrash(tx, sc, t.locks, t.dst.node); err != nil {
			return Written{}, err
		}
	}
	if err := allowGrowth(tx, sc.Space, bytes); err != nil {
		return Written{}, err
	}
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return Written{}, err
	}
	n.Parent, n.Name, n.Since, n.Bytes, n.Files, n.Seq = t.dst.parent().ID, to.Base(), seq, bytes, files, seq
	tx.AddSum(n.Parent, bytes, files, seq)
	tx.AddSum(n.ID, 0, 0, seq)
	err = tx.Apply(&meta.PutNode{Node: n, Key: keyOf(n.Name)}, change(tx, sc, n, seq, meta.Created))
	return Written{n, !t.dst.exists}, err
}

// roomFor asks early whether a space may grow.
func (s *Store) roomFor(ctx context.Context, sc Scope, bytes int64) error {
	return s.db.View(ctx, func(r *meta.Reader) error {
		left, err := quotaLeft(r, sc.Space)
		if err == nil && bytes > left {
			err = ErrQuota
		}
		return err
	})
}
