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
		ModTime: now, Created: now, Author: sc.User, Epoch: tx.Epoch()}
	err = tx.Apply(&meta.PutNode{Node: n, Key: keyOf(name), Fresh: true}, change(tx, sc, n, seq, meta.Created))
	tx.AddSum(parent, 0, 0, seq)
	return n, err
}

// makeParents makes the folders that are missing above a place.
func makeParents(tx *meta.Tx, sc Scope, pl *place) error {
	names := pl.path.Names()
	for _, name := range names[len(pl.above)-1 : len(names)-1] {
		n, err := makeFolder(tx, sc, pl.parent().ID, name)
		if err != nil {
			return err
		}
		pl.above = append(pl.above, n)
	}
	pl.missing = nil
	return nil
}
