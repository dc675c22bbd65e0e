package store

import (
	"context"

	"cairn/store/meta"
)

// Mkdir implements API.
func (s *Store) Mkdir(ctx context.Context, sc Scope, p Path, c Conditions) (n Node, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		if err := sc.need(MayWrite); err != nil {
			return err
		}
		if p.IsRoot() {
			return ErrExist
		}
		pl, err := target(&tx.Reader, sc, p)
		if err != nil {
			return err
		}
		if pl.exists {
			return ErrExist
		}
		if err := c.check(&tx.Reader, sc, tx.Now(), nil); err != nil {
			return err
		}
		ls, err := liveLocks(&tx.Reader, sc.Space, tx.Now())
		if err != nil {
			return err
		}
		if err := ls.allowName(sc, c.Tokens, &pl); err != nil {
			return err
		}
		n, err = makeFolder(tx, sc, pl.parent().ID, p.Base())
		return err
	})
	return n, fail("mkdir", p, err)
}

func makeFolder(tx *meta.Tx, sc Scope, parent NodeID, name string) (Node, error) {
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return Node{}, err
	}
	now := tx.Now().UTC()
	n := Node{ID: tx.NewNodeID(), Space: sc.Space, Parent: parent, Name: name, Kind: Folder, Since: seq, Seq: seq,
		ModTime: now, Created: now, Author: sc.User}
	err = tx.Apply(&meta.PutNode{Node: n, Key: keyOf(name), Fresh: true}, change(tx, sc, n, seq, meta.Created))
	tx.AddSum(parent, 0, 0, seq)
	return n, err
}

// makeParents makes the folders that are missing above p, and resolves it again.
func makeParents(tx *meta.Tx, sc Scope, p Path) (place, error) {
	var up Path
	for _, name := range p.Dir().Names() {
		up = up.Join(name)
		pl, err := target(&tx.Reader, sc, up)
		if err != nil {
			return pl, err
		}
		if pl.exists {
			continue
		}
		if _, err := makeFolder(tx, sc, pl.parent().ID, name); err != nil {
			return pl, err
		}
	}
	return target(&tx.Reader, sc, p)
}
