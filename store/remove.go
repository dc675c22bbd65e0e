package store

import (
	"context"

	"cairn/store/meta"
)

// Remove implements API.
func (s *Store) Remove(ctx context.Context, sc Scope, p Path, c Conditions) error {
	more := false
	err := s.freeing(ctx, func(tx *meta.Tx) error {
		more = false
		if err := sc.need(MayWrite); err != nil {
			return err
		}
		if p.IsRoot() {
			return ErrRoot
		}
		pl, err := find(&tx.Reader, sc, p)
		if err != nil {
			return err
		}
		if err := c.check(&tx.Reader, sc, tx.Now(), &pl.node); err != nil {
			return err
		}
		ls, err := liveLocks(&tx.Reader, sc.Space, tx.Now())
		if err != nil {
			return err
		}
		if err := ls.allowName(sc, c.Tokens, &pl); err != nil {
			return err
		}
		if err := ls.allowSubtree(&tx.Reader, sc, c.Tokens, &pl); err != nil {
			return err
		}
		if err := toTrash(tx, sc, ls, pl.node); err != nil || pl.node.IsFolder() || !isJunk(pl.node.Name) {
			return err
		}
		t, _, err := tx.Trashed(pl.node.ID)
		if err != nil {
			return err
		}
		more, err = s.purge(tx, t)
		return err
	})
	if more && err == nil {
		s.reap()
	}
	return fail("remove", p, err)
}

// toTrash moves a node below the space's trash folder, under its id as a name.
func toTrash(tx *meta.Tx, sc Scope, ls lockSet, n Node) error {
	sp, ok, err := tx.Space(n.Space)
	if err != nil {
		return err
	}
	if !ok {
		return ErrNotExist
	}
	if err := ls.end(tx, n); err != nil {
		return err
	}
	seq, err := tx.NextSeq(n.Space)
	if err != nil {
		return err
	}
	bytes, files, err := weight(tx, n)
	if err != nil {
		return err
	}
	if err := supersede(tx, n, seq, false); err != nil {
		return err
	}
	from := n.Parent
	n.Parent, n.Since = sp.Trash, seq
	tx.Grow(n.Space, -bytes)
	tx.AddSum(from, -bytes, -files, seq)
	tx.AddSum(sp.Trash, bytes, files, seq)
	gone := change(tx, sc, n, seq, meta.Removed)
	gone.Parent = from
	return tx.Apply(&meta.PutNode{Node: n, Key: n.ID.String()}, gone,
		&meta.PutTrash{Trashed: Trashed{Node: n.ID, Space: n.Space, Parent: from, Name: n.Name, Deleted: tx.Now(), By: sc.User, Seq: seq}})
}

// weight is the bytes and files that a node adds to the folders above it.
func weight(tx *meta.Tx, n Node) (bytes, files int64, err error) {
	if !n.IsFolder() {
		return n.Size, 1, nil
	}
	if err := tx.Fold(); err != nil {
		return 0, 0, err
	}
	now, _, err := tx.NodeByID(n.ID)
	return now.Bytes, now.Files, err
}

// wholeSpace refuses scopes that are only a part of a space: the trash is not theirs.
func wholeSpace(r *meta.Reader, sc Scope, right Rights) error {
	if err := sc.need(right); err != nil {
		return err
	}
	sp, ok, err := r.Space(sc.Space)
	if err == nil && (!ok || sp.Root != sc.Root) {
		err = ErrNotExist
	}
	return err
}

// Restore implements API.
func (s *Store) Restore(ctx context.Context, sc Scope, id NodeID, to Path, c Conditions) (n Node, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		if err := wholeSpace(&tx.Reader, sc, MayWrite); err != nil {
			return err
		}
		n, err = planRestore(tx, sc, id, to, c)
		return err
	})
	return n, fail("restore", to, err)
}

func planRestore(tx *meta.Tx, sc Scope, id NodeID, to Path, c Conditions) (n Node, err error) {
	t, ok, err := tx.Trashed(id)
	if err != nil {
		return n, err
	}
	n, there, err := tx.NodeByID(id)
	if err != nil {
		return n, err
	}
	if !ok || !there || t.Space != sc.Space {
		return n, ErrNotExist
	}
	if to.IsRoot() {
		root, _, err := tx.NodeByID(sc.Root)
		if err != nil {
			return n, err
		}
		up, ok, err := pathFrom(&tx.Reader, root, Root, t.Parent)
		if err != nil {
			return n, err
		}
		if !ok {
			return n, ErrNoParent // the folder it was in is in the trash itself
		}
		to = up.Join(t.Name)
	}
	pl, err := target(&tx.Reader, sc, to)
	if err != nil {
		return n, err
	}
	if pl.exists {
		return n, ErrExist
	}
	if err := c.check(&tx.Reader, sc, tx.Now(), nil); err != nil {
		return n, err
	}
	ls, err := liveLocks(&tx.Reader, sc.Space, tx.Now())
	if err != nil {
		return n, err
	}
	if err := ls.allowName(sc, c.Tokens, &pl); err != nil {
		return n, err
	}
	bytes, files, err := weight(tx, n)
	if err != nil {
		return n, err
	}
	if err := allowGrowth(tx, sc.Space, bytes); err != nil {
		return n, err
	}
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return n, err
	}
	trash := n.Parent
	if err := tx.Apply(&meta.PutPast{Node: n, Key: n.ID.String(), Until: seq}); err != nil {
		return n, err
	}
	n.Parent, n.Name, n.Since = pl.parent().ID, to.Base(), seq
	tx.AddSum(trash, -bytes, -files, seq)
	tx.AddSum(n.Parent, bytes, files, seq)
	return n, tx.Apply(&meta.PutNode{Node: n, Key: keyOf(n.Name)}, &meta.DropTrash{Node: id}, change(tx, sc, n, seq, meta.Restored))
}
