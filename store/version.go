package store

import (
	"context"

	"cairn/store/meta"
)

// Versions implements API.
func (s *Store) Versions(ctx context.Context, sc Scope, p Path, before int64, limit int) (n Node, vs []Version, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		pl, err := find(r, sc, p)
		if err != nil {
			return err
		}
		n = pl.node
		vs, err = r.VersionPage(n.ID, before, limit)
		return err
	})
	return n, vs, fail("versions", p, err)
}

// OpenVersion implements API.
func (s *Store) OpenVersion(ctx context.Context, sc Scope, p Path, id VersionID) (Content, error) {
	c := &openFile{s: s}
	err := s.db.View(ctx, func(r *meta.Reader) error {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		pl, err := find(r, sc, p)
		if err != nil {
			return err
		}
		if pl.node.IsFolder() {
			return ErrIsFolder
		}
		c.node, err = asOf(r, pl.node, id)
		return err
	})
	if err == nil {
		err = c.load()
	}
	if err != nil {
		return nil, fail("open version", p, err)
	}
	return c, nil
}

// OpenKept implements API.
func (s *Store) OpenKept(ctx context.Context, sc Scope, id VersionID) (Content, error) {
	c := &openFile{s: s}
	err := s.db.View(ctx, func(r *meta.Reader) (err error) {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		c.node, err = kept(r, sc, id)
		return err
	})
	if err == nil {
		err = c.load()
	}
	if err != nil {
		return nil, fail("open version", Root, err)
	}
	return c, nil
}

// kept finds a version of a node, or of one of those that took its contents over.
func kept(r *meta.Reader, sc Scope, id VersionID) (Node, error) {
	n, ok, err := r.NodeByID(sc.Root)
	if err != nil {
		return n, err
	}
	if ok && n.Space == sc.Space && n.IsFolder() {
		return n, ErrIsFolder
	}
	// What is detached has lost its content, which may have become a version.
	if ok && n.Space == sc.Space && n.Version == id && n.Parent != 0 {
		return n, nil
	}
	v, isOld, err := r.Version(id)
	if err != nil {
		return n, err
	}
	at, more := sc.Root, true
	for hops := 0; more && hops < 64; hops++ {
		if isOld && v.Node == at && v.Space == sc.Space {
			return Node{ID: sc.Root, Space: sc.Space, Kind: File, Version: id, Size: v.Size, ModTime: v.ModTime, Created: v.Created,
				Author: v.Author, Since: v.Since, Seq: v.Since, Manifest: v.Manifest}, nil
		}
		if at, more, err = r.Heir(at); err != nil || !more {
			break
		}
		heir, ok, err := r.NodeByID(at)
		if err != nil {
			return n, err
		}
		if ok && heir.Space == sc.Space && heir.Version == id && heir.Parent != 0 {
			heir.ID, heir.Name = sc.Root, ""
			return heir, nil
		}
	}
	if err == nil {
		err = ErrNotExist
	}
	return Node{}, err
}

// asOf is a file as it was at one of its versions, or is.
func asOf(r *meta.Reader, n Node, id VersionID) (Node, error) {
	if id == n.Version {
		return n, nil
	}
	v, ok, err := r.Version(id)
	if err != nil {
		return n, err
	}
	if !ok || v.Node != n.ID {
		return n, ErrNotExist
	}
	n.Version, n.Size, n.ModTime, n.Author, n.Since, n.Manifest = v.ID, v.Size, v.ModTime, v.Author, v.Since, v.Manifest
	return n, nil
}

// RestoreVersion implements API.
func (s *Store) RestoreVersion(ctx context.Context, sc Scope, p Path, id VersionID, c Conditions) (n Node, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		n, err = planRestoreVersion(tx, sc, p, id, c)
		return err
	})
	return n, fail("restore version", p, err)
}

// planRestoreVersion writes a file with the manifest of an older version, as Copy does
// with that of another file.
func planRestoreVersion(tx *meta.Tx, sc Scope, p Path, id VersionID, c Conditions) (Node, error) {
	if err := sc.need(MayRead); err != nil {
		return Node{}, err
	}
	pl, err := allowPut(&tx.Reader, sc, p, tx.Now(), PutOptions{Conditions: c})
	if pl.missing != nil {
		err = ErrNotExist
	}
	if err != nil {
		return Node{}, err
	}
	if !pl.exists {
		return Node{}, ErrNotExist
	}
	old, err := asOf(&tx.Reader, pl.node, id)
	if err != nil || id == pl.node.Version {
		return old, err
	}
	if err := allowGrowth(tx, sc.Space, old.Size-pl.node.Size); err != nil {
		return Node{}, err
	}
	w, err := writeFile(tx, sc, &pl, content{old.Manifest, old.Size, old.ModTime})
	return w.Node, err
}
