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
