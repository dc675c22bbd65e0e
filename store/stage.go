package store

import (
	"context"
	"slices"
	"time"

	"cairn/store/meta"
)

// The bounds of one transaction of a folder copy: nodes, and the bytes of their rows.
const (
	copyBatch      = 512
	copyPage       = 128 // nodes read at once
	copyBatchBytes = 512 << 10
	copyBatchTime  = 10 * time.Millisecond // looked at after each page
)

const stagePrefix = "copy-"

// branch is a folder of which the children with keys above after are still to be
// copied into another.
type branch struct {
	from, to NodeID
	after    string
}

// stage copies a tree to a root of its own, outside every space's tree.
func (s *Store) stage(ctx context.Context, sc Scope, src Node) (root NodeID, err error) {
	var todo []branch
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		sp, _, err := tx.Space(sc.Space)
		if err != nil {
			return err
		}
		n := Node{ID: tx.NewNodeID(), Space: sc.Space, Kind: Folder, Since: sp.Seq, Seq: sp.Seq, ModTime: src.ModTime, Created: tx.Now(), Author: sc.User}
		n.Name = stagePrefix + n.ID.String()
		root = n.ID
		if err := tx.Apply(&meta.PutNode{Node: n, Key: n.Name, Fresh: true}); err != nil {
			return err
		}
		todo = []branch{{src.ID, n.ID, ""}}
		return copyProps(tx, src.ID, n.ID)
	})
	for err == nil && len(todo) > 0 {
		var next []branch
		err = s.db.Commit(ctx, nil, func(tx *meta.Tx) (err error) {
			next, err = stageSome(tx, sc, slices.Clone(todo))
			return err
		})
		todo = next
	}
	return root, err
}

// stageSome copies nodes until a transaction is full, and returns what is left to do.
// Small pages would be dear: what is new goes into the database between two of them.
func stageSome(tx *meta.Tx, sc Scope, todo []branch) ([]branch, error) {
	begin, since := tx.Size(), time.Now()
	full := func() bool { return tx.Size()-begin >= copyBatchBytes }
	for made := 0; made < copyBatch && !full() && len(todo) > 0 && (made == 0 || time.Since(since) < copyBatchTime); {
		cur := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		want := min(copyPage, copyBatch-made)
		kids, err := tx.Children(cur.from, cur.after, want)
		if err != nil {
			return nil, err
		}
		var props map[NodeID]bool
		if len(kids) > 0 {
			if props, err = tx.WithProps(cur.from, cur.after, keyOf(kids[len(kids)-1].Name)); err != nil {
				return nil, err
			}
		}
		var below []branch
		more := len(kids) == want
		for i, k := range kids {
			id, err := stageNode(tx, sc, k, cur.to, props[k.ID])
			if err != nil {
				return nil, err
			}
			cur.after = keyOf(k.Name)
			if k.IsFolder() {
				below = append(below, branch{k.ID, id, ""})
			}
			if full() {
				more = more || i < len(kids)-1
				break
			}
		}
		if more {
			todo = append(todo, cur)
		}
		todo = append(todo, below...)
		made += max(1, len(kids))
	}
	return todo, nil
}

func stageNode(tx *meta.Tx, sc Scope, n Node, parent NodeID, props bool) (NodeID, error) {
	from := n.ID
	sp, _, err := tx.Space(sc.Space)
	if err != nil {
		return 0, err
	}
	n.ID, n.Parent, n.Since, n.Author, n.Created = tx.NewNodeID(), parent, sp.Seq, sc.User, tx.Now()
	if n.IsFolder() {
		tx.AddSum(parent, 0, 0, sp.Seq)
	} else {
		n.Version = meta.NewVersionID(tx.Now())
		tx.AddSum(parent, n.Size, 1, sp.Seq)
	}
	if err := tx.Apply(&meta.PutNode{Node: n, Key: keyOf(n.Name), Fresh: true}); err != nil || !props {
		return n.ID, err
	}
	return n.ID, copyProps(tx, from, n.ID)
}

// dropTree removes the rows of a tree that nothing shows, in bounded transactions.
func (s *Store) dropTree(ctx context.Context, root NodeID) error {
	for done := false; !done; {
		err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
			budget := copyBatch
			var drop func(id NodeID) error
			drop = func(id NodeID) error {
				for budget > 0 {
					kids, err := tx.Children(id, "", min(budget, 100))
					if err != nil {
						return err
					}
					if len(kids) == 0 {
						budget--
						return tx.Apply(&meta.DropProp{Node: id}, &meta.DropNode{ID: id})
					}
					for _, k := range kids {
						if err := drop(k.ID); err != nil || budget <= 0 {
							return err
						}
					}
				}
				return nil
			}
			if err := drop(root); err != nil {
				return err
			}
			_, left, err := tx.NodeByID(root)
			done = !left
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dropStaged drops what a crash left of folder copies.
func (s *Store) dropStaged(ctx context.Context) error {
	var roots []Node
	err := s.db.View(ctx, func(r *meta.Reader) error {
		var err error
		roots, err = r.Children(0, stagePrefix, 1000)
		return err
	})
	for _, n := range roots {
		if len(n.Name) > len(stagePrefix) && n.Name[:len(stagePrefix)] == stagePrefix && err == nil {
			err = s.dropTree(ctx, n.ID)
		}
	}
	return err
}
