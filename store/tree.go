package store

import (
	"context"
	"errors"
	"strings"

	"cairn/store/meta"

	"golang.org/x/text/unicode/norm"
)

// keyOf is the form of a name that decides which names are the same.
func keyOf(name string) string { return norm.NFC.String(name) }

// place is a path as one transaction sees it: the folders down to its parent, and
// the node, if there is one.
type place struct {
	path    Path
	above   []Node // from the scope's root to the parent; empty for the root itself
	node    Node
	exists  bool
	draft   bool  // the node is an empty file that its maker has locked, and now fills
	missing error // why there is no parent: ErrNoParent or ErrNotFolder
}

// parent is the folder that holds, or would hold, the node.
func (p *place) parent() Node { return p.above[len(p.above)-1] }

// line is the nodes from the scope's root to the node itself, if it exists.
func (p *place) line() []Node {
	if !p.exists {
		return p.above
	}
	return append(p.above[:len(p.above):len(p.above)], p.node)
}

// resolve walks a path. A path that is not there is no error: see place. In a View the
// folders above may have old sums (meta.Reader.Step).
func resolve(r *meta.Reader, sc Scope, p Path) (place, error) {
	pl := place{path: p}
	root, ok, err := r.StepByID(sc.Root)
	if err == nil && (!ok || root.Space != sc.Space) {
		err = ErrNotExist
	}
	if err != nil {
		return pl, err
	}
	if p.IsRoot() {
		pl.node, pl.exists, err = r.NodeByID(sc.Root)
		return pl, err
	}
	pl.above = make([]Node, 1, 1+strings.Count(string(p), "/"))
	pl.above[0] = *root
	for {
		cur := pl.parent()
		if !cur.IsFolder() {
			pl.missing, pl.above = ErrNotFolder, pl.above[:len(pl.above)-1]
			return pl, nil
		}
		name, rest, more := strings.Cut(string(p), "/")
		if !more {
			pl.node, pl.exists, err = r.Node(cur.ID, keyOf(name))
			if !pl.exists {
				pl.node = Node{}
			}
			return pl, err
		}
		next, ok, err := r.Step(cur.ID, keyOf(name))
		if err != nil {
			return pl, err
		}
		if !ok {
			pl.missing = ErrNoParent
			return pl, nil
		}
		pl.above = append(pl.above, *next)
		p = Path(rest)
	}
}

// look is find for who wants nothing but the node.
func look(r *meta.Reader, sc Scope, p Path) (n Node, err error) {
	at, ok, err := r.StepByID(sc.Root)
	if err != nil {
		return n, err
	}
	if !ok || at.Space != sc.Space {
		return n, ErrNotExist
	}
	if p.IsRoot() {
		n, ok, err = r.NodeByID(sc.Root)
	}
	for rest, more := string(p), !p.IsRoot(); more; {
		if !at.IsFolder() {
			return n, ErrNotExist
		}
		var name string
		if name, rest, more = strings.Cut(rest, "/"); !more {
			n, ok, err = r.Node(at.ID, keyOf(name))
		} else if at, ok, err = r.Step(at.ID, keyOf(name)); err != nil || !ok {
			break
		}
	}
	if err == nil && !ok {
		err = ErrNotExist
	}
	return n, err
}

// find is resolve for what must exist.
func find(r *meta.Reader, sc Scope, p Path) (place, error) {
	pl, err := resolve(r, sc, p)
	if err == nil && (!pl.exists || pl.missing != nil) {
		err = ErrNotExist
	}
	return pl, err
}

// target is resolve for what is to be written: its parent must be a folder.
func target(r *meta.Reader, sc Scope, p Path) (place, error) {
	pl, err := resolve(r, sc, p)
	switch {
	case err != nil:
	case pl.missing != nil:
		err = pl.missing
	case !p.IsRoot() && pl.parent().Kind != Folder:
		err = ErrNotFolder
	}
	return pl, err
}

func (sc Scope) need(right Rights) error {
	if sc.Rights&right != right {
		return ErrPermission
	}
	return nil
}

// Home implements API.
func (s *Store) Home(ctx context.Context, u UserID) (Scope, error) {
	var sc Scope
	err := s.db.Look(ctx, func(r *meta.Reader) error {
		acc, ok, err := r.Account(u)
		if err != nil {
			return err
		}
		if !ok {
			return ErrNotExist
		}
		sp, ok, err := r.Space(acc.Space)
		if err == nil && !ok {
			err = ErrNotExist
		}
		sc = Scope{Space: sp.ID, Root: sp.Root, Rights: MayRead | MayWrite, User: u}
		return err
	})
	return sc, fail("home", "", err)
}

// Usage implements API.
func (s *Store) Usage(ctx context.Context, sc Scope) (used, quota, available int64, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		sp, ok, err := r.Space(sc.Space)
		if err != nil || !ok {
			return errors.Join(err, ErrNotExist)
		}
		root, _, err := r.NodeByID(sp.Root)
		used, quota = root.Bytes, sp.Quota
		return err
	})
	if err != nil {
		return 0, 0, 0, fail("usage", "", err)
	}
	available, err = s.diskFree()
	if quota > 0 {
		available = max(0, min(available, quota-used))
	}
	return used, quota, available, fail("usage", "", err)
}

// Stat implements API.
func (s *Store) Stat(ctx context.Context, sc Scope, p Path) (n Node, err error) {
	err = s.db.Look(ctx, func(r *meta.Reader) error {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		n, err = look(r, sc, p)
		return err
	})
	return n, fail("stat", p, err)
}

// List implements API.
func (s *Store) List(ctx context.Context, sc Scope, p Path, after string, limit int) (nodes []Node, err error) {
	err = s.db.Look(ctx, func(r *meta.Reader) error {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		n, err := look(r, sc, p)
		if err != nil {
			return err
		}
		if !n.IsFolder() {
			return ErrNotFolder
		}
		nodes, err = r.Page(&n, keyOf(after), limit)
		return err
	})
	return nodes, fail("list", p, err)
}
