package store

import (
	"context"
	"strings"

	"cairn/store/meta"
)

// MaxSnapshots bounds the snapshots of a space.
const MaxSnapshots = 256

// MakeSnapshot implements API: one row, whatever the space holds.
func (s *Store) MakeSnapshot(ctx context.Context, sc Scope, name string) (sn Snapshot, err error) {
	if !ValidName(name) {
		return sn, fail("snapshot", Path(name), ErrName)
	}
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		if err := wholeSpace(&tx.Reader, sc, MayWrite); err != nil {
			return err
		}
		have, err := tx.Snapshots(sc.Space)
		if err != nil {
			return err
		}
		if len(have) >= MaxSnapshots {
			return ErrSnapshotLimit
		}
		for _, other := range have {
			if keyOf(other.Name) == keyOf(name) {
				return ErrExist
			}
		}
		seq, err := tx.Seq(sc.Space)
		if err != nil {
			return err
		}
		sn = Snapshot{ID: SnapshotID(tx.NewNodeID()), Space: sc.Space, Seq: seq, Name: name, Author: sc.User, Created: tx.Now().UTC()}
		return tx.Apply(&meta.PutSnapshot{Snapshot: sn})
	})
	return sn, fail("snapshot", Path(name), err)
}

// Snapshots implements API.
func (s *Store) Snapshots(ctx context.Context, sc Scope) (out []Snapshot, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		if err := wholeSpace(r, sc, MayRead); err != nil {
			return err
		}
		out, err = r.Snapshots(sc.Space)
		return err
	})
	return out, fail("snapshots", "", err)
}

// DropSnapshot implements API. What only it kept of nodes that are deleted for good goes in
// the background; what is left of it else is the past, as of any time.
func (s *Store) DropSnapshot(ctx context.Context, sc Scope, id SnapshotID) error {
	err := s.freeing(ctx, func(tx *meta.Tx) error {
		if err := wholeSpace(&tx.Reader, sc, MayWrite); err != nil {
			return err
		}
		if _, err := snapshotOf(&tx.Reader, sc, id); err != nil {
			return err
		}
		return tx.Apply(&meta.DropSnapshot{ID: id})
	})
	if err == nil {
		s.unheld.Store(true)
		s.reap()
	}
	return fail("drop snapshot", "", err)
}

// snapshotOf finds a snapshot of the scope's space.
func snapshotOf(r *meta.Reader, sc Scope, id SnapshotID) (Snapshot, error) {
	sn, ok, err := r.Snapshot(id)
	if err == nil && (!ok || sn.Space != sc.Space) {
		err = ErrNotExist
	}
	return sn, err
}

// at walks a path as it was at a snapshot, from any node of the space on.
func at(r *meta.Reader, sc Scope, id SnapshotID, p Path) (n Node, sn Snapshot, err error) {
	if err = sc.need(MayRead); err != nil {
		return n, sn, err
	}
	if sn, err = snapshotOf(r, sc, id); err != nil {
		return n, sn, err
	}
	n, ok, err := r.NodeAt(sc.Root, sn.Seq)
	ok = ok && n.Space == sc.Space
	for rest, more := string(p), !p.IsRoot(); more && ok && err == nil; {
		if !n.IsFolder() {
			return n, sn, ErrNotExist
		}
		var name string
		name, rest, more = strings.Cut(rest, "/")
		n, ok, err = r.ChildAt(n.ID, keyOf(name), sn.Seq)
	}
	if err == nil && !ok {
		err = ErrNotExist
	}
	n.Seq = sn.Seq
	return n, sn, err
}

// StatAt implements API.
func (s *Store) StatAt(ctx context.Context, sc Scope, id SnapshotID, p Path) (n Node, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		n, _, err = at(r, sc, id, p)
		return err
	})
	return n, fail("stat in a snapshot", p, err)
}

// ListAt implements API.
func (s *Store) ListAt(ctx context.Context, sc Scope, id SnapshotID, p Path, after string, limit int) (nodes []Node, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		n, sn, err := at(r, sc, id, p)
		if err != nil {
			return err
		}
		if !n.IsFolder() {
			return ErrNotFolder
		}
		nodes, err = r.ChildrenAt(n.ID, keyOf(after), limit, sn.Seq)
		for i := range nodes {
			nodes[i].Seq = sn.Seq
		}
		return err
	})
	return nodes, fail("list a snapshot", p, err)
}

// OpenAt implements API.
func (s *Store) OpenAt(ctx context.Context, sc Scope, id SnapshotID, p Path) (Content, error) {
	c := &openFile{s: s}
	err := s.db.View(ctx, func(r *meta.Reader) error {
		n, _, err := at(r, sc, id, p)
		if err != nil {
			return err
		}
		if n.IsFolder() {
			return ErrIsFolder
		}
		var ok bool
		if n.Manifest, ok, err = r.ManifestOf(n.ID, n.Version); err == nil && !ok {
			err = ErrNotExist
		}
		c.node = n
		return err
	})
	if err == nil {
		err = c.load()
	}
	if err != nil {
		return nil, fail("open in a snapshot", p, err)
	}
	return c, nil
}

// dropUnpinned looks again at nodes that snapshots held, and drops what none needs any more.
func (s *Store) dropUnpinned(ctx context.Context, did *Pruned) error {
	for after := heldPrefix; ; {
		var some []Node
		err := s.db.View(ctx, func(r *meta.Reader) (err error) {
			some, err = r.Children(0, after, prunePage)
			return err
		})
		if err != nil {
			return err
		}
		for i, n := range some {
			if !strings.HasPrefix(n.Name, heldPrefix) {
				some = some[:i]
				break
			}
		}
		if len(some) == 0 {
			return nil
		}
		after = some[len(some)-1].Name
		for len(some) > 0 {
			used := 0
			err := s.dropping(ctx, did, func(d *dropper) (bool, error) {
				used = 0
				for _, was := range some {
					whole := true
					n, ok, err := d.tx.NodeByID(was.ID)
					if err == nil && ok && n.Parent == 0 && n.Name == was.Name {
						whole, err = d.node(n)
					}
					if err != nil {
						return false, err
					}
					if !whole { // it has more than this transaction drops
						break
					}
					if used++; d.full() {
						break
					}
				}
				return used == 0, nil
			})
			if err != nil {
				return err
			}
			some = some[used:]
		}
	}
}
