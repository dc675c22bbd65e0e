package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cairn/store/meta"
	"cairn/store/pack"
)

// RemoveSpaceForTest marks a space as removed as older versions did, which did not tell when.
func (s *Store) RemoveSpaceForTest(ctx context.Context, id SpaceID) error {
	return s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		sp, _, err := tx.Space(id)
		if sp.Removed = true; err != nil {
			return err
		}
		return tx.Apply(&meta.PutSpace{Space: sp})
	})
}

// DetachForTest takes a node of the trash out of it and leaves its rows, as a crash does.
func (s *Store) DetachForTest(ctx context.Context, id NodeID) error {
	return s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		t, _, err := tx.Trashed(id)
		if err == nil {
			_, err = s.dropper(tx).trashed(t)
		}
		return err
	})
}

// RowsForTest counts what a space has left: nodes, versions, superseded rows, changes, and
// properties and roots of the whole store.
func (s *Store) RowsForTest(ctx context.Context, space SpaceID) (n RowCounts, err error) {
	err = s.db.Dump(ctx, func(uint64) {}, func(op meta.Op) error {
		switch o := op.(type) {
		case *meta.PutNode:
			if o.Space == space {
				n.Nodes++
			}
			if o.Parent == 0 && strings.HasPrefix(o.Name, gonePrefix) {
				n.Gone++
			}
		case *meta.PutFolder:
			n.Sums++
		case *meta.PutVersion:
			if o.Space == space {
				n.Versions++
			}
		case *meta.PutPast:
			if o.Space == space {
				n.Past++
			}
		case *meta.PutChange:
			if o.Space == space {
				n.Changes++
			}
		case *meta.PutTrash:
			if o.Space == space {
				n.Trash++
			}
		case *meta.PutProp:
			n.Props++
		case *meta.PutWatch:
			n.Watch = o.Watch
		}
		return nil
	})
	return n, err
}

// RowCounts are of RowsForTest.
type RowCounts struct {
	Nodes, Gone, Sums, Versions, Past, Changes, Trash, Props int
	Watch                                                    meta.Watch
}

// LackingForTest is what a disk with so much free lacks.
type LackingForTest struct{ p pressure }

// Lacking tells it; did is what was released then.
func (l *LackingForTest) Lacking(free, total int64) int64 { return l.p.lacking(free, total) }

// Released notes that.
func (l *LackingForTest) Released(n int64) { l.p.released += n }

// RelieveForTest is what the hourly sweep does for the disk.
func (s *Store) RelieveForTest(ctx context.Context) (Pruned, error) { return s.relieve(ctx) }

// OrphansForTest tells of rows that belong to no node.
func (s *Store) OrphansForTest(ctx context.Context) (out []string, err error) {
	nodes := map[NodeID]NodeID{}
	err = s.db.Dump(ctx, func(uint64) {}, func(op meta.Op) error {
		if o, ok := op.(*meta.PutNode); ok {
			nodes[o.ID] = o.Parent
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = s.db.Dump(ctx, func(uint64) {}, func(op meta.Op) error {
		of := NodeID(0)
		switch o := op.(type) {
		case *meta.PutNode:
			of = o.Parent
		case *meta.PutFolder:
			of = o.Node
		case *meta.PutVersion:
			of = o.Node
		case *meta.PutProp:
			of = o.Node
		case *meta.PutTrash:
			of = o.Node
		}
		if _, there := nodes[of]; of != 0 && !there {
			out = append(out, fmt.Sprintf("%T %+v", op, op))
		}
		return nil
	})
	return out, err
}

// OldVersionsForTest lists the versions of a space, those superseded first before the others.
func (s *Store) OldVersionsForTest(ctx context.Context, space SpaceID) (out []meta.OldVersion, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		out, err = r.OldVersions(space, 0, 1<<30)
		return err
	})
	return out, err
}

// BytesOfHistoryForTest is what the past of a space comes to.
func (s *Store) BytesOfHistoryForTest(ctx context.Context, id SpaceID) (n int64, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		sp, _, err := r.Space(id)
		if err == nil {
			n, err = history(r, sp)
		}
		return err
	})
	return n, err
}

// AncestorForTest is the node of the trash that a node lies below, or is; 0 if it is none.
func (s *Store) AncestorForTest(ctx context.Context, id NodeID) (top NodeID, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		for id != 0 {
			_, ok, err := r.Trashed(id)
			if err != nil || ok {
				top = id
				return err
			}
			if id, _, err = r.Parent(id); err != nil {
				return err
			}
		}
		return nil
	})
	return top, err
}

// DropTrashForTest drops entries of the trash as they were seen before.
func (s *Store) DropTrashForTest(ctx context.Context, seen ...Trashed) (did Pruned, err error) {
	err = s.dropTrash(ctx, seen, &did)
	return did, err
}

// ForgetForTest drops all older versions of files in one folder, in one transaction, and
// calls also in it.
func (s *Store) ForgetForTest(ctx context.Context, sc Scope, also func(tx *meta.Tx, v Version) error) (n int, err error) {
	var all []Version
	err = s.db.View(ctx, func(r *meta.Reader) error {
		kids, err := r.Children(sc.Root, "", 1<<20)
		for _, k := range kids {
			vs, err := r.Versions(k.ID)
			if err != nil {
				return err
			}
			all = append(all, vs...)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(all), s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		for _, v := range all {
			if also != nil {
				if err := also(tx, v); err != nil {
					return err
				}
			}
			if err := tx.Apply(&meta.DropVersion{ID: v.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}

// AllRowsForTest is how many rows the database has.
func (s *Store) AllRowsForTest(ctx context.Context) (n int) {
	err := s.db.Dump(ctx, func(uint64) {}, func(meta.Op) error {
		n++
		return nil
	})
	if err != nil {
		return -1
	}
	return n
}

// StoredForTest is how many chunks lie in the packs.
func (s *Store) StoredForTest(ctx context.Context) (n int) {
	for _, p := range s.packs.Packs() {
		s.packs.EachEntry(ctx, p.ID, func(e *pack.Entry) {
			if e.Type == pack.Chunk {
				n++
			}
		})
	}
	return n
}

// TouchForTest makes n superseded rows of a node.
func (s *Store) TouchForTest(ctx context.Context, sc Scope, p Path, n int) error {
	for n > 0 {
		err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
			pl, err := find(&tx.Reader, sc, p)
			for i := 0; err == nil && i < min(n, 500); i++ {
				pl.node, err = retime(tx, sc, pl.node, tx.Now(), time.Time{})
			}
			return err
		})
		if err != nil {
			return err
		}
		n -= min(n, 500)
	}
	return nil
}

// TakeOverForTest has a file take over n others, each with its version.
func (s *Store) TakeOverForTest(ctx context.Context, sc Scope, p Path, n int) error {
	for n > 0 {
		err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
			pl, err := find(&tx.Reader, sc, p)
			for i := 0; err == nil && i < min(n, 500); i++ {
				var since, until int64
				if since, err = tx.NextSeq(sc.Space); err == nil {
					until, err = tx.NextSeq(sc.Space)
				}
				if err != nil {
					break
				}
				o := pl.node
				o.ID, o.Since, o.Version = tx.NewNodeID(), since, meta.NewVersionID(tx.Now())
				o.Name = o.ID.String()
				err = tx.Apply(&meta.PutPast{Node: o, Key: o.Name, Until: until}, &meta.PutHeir{Node: o.ID, Taker: pl.node.ID},
					&meta.PutVersion{Version: Version{ID: o.Version, Node: pl.node.ID, Space: o.Space, Size: o.Size, Manifest: o.Manifest, Since: since, Until: until}})
			}
			return err
		})
		if err != nil {
			return err
		}
		n -= min(n, 500)
	}
	return nil
}

// PutAsideForTest is the file that a new one at a place would go on with (see takeBack), and
// where it is. 0: there is none.
func (s *Store) PutAsideForTest(ctx context.Context, sc Scope, p Path) (id NodeID, at Path, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		id, at = 0, Root
		pl, err := target(&tx.Reader, sc, p)
		if err != nil {
			return nil
		}
		n, trashed, ok, err := putAside(&tx.Reader, sc, &pl, tx.Now())
		if err == nil && ok && !trashed {
			ok, err = mayLeave(tx, sc, n)
		}
		if err != nil || !ok {
			return err
		}
		if id = n.ID; trashed {
			return nil
		}
		root, _, err := tx.NodeByID(sc.Root)
		if err != nil {
			return err
		}
		at, _, err = pathFrom(&tx.Reader, root, Root, n.ID)
		return err
	})
	return id, at, err
}
