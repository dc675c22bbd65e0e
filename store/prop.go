package store

import (
	"context"
	"time"

	"cairn/store/meta"
)

// The bounds of the dead properties of one node.
const (
	MaxProps      = 256
	MaxPropsBytes = 256 << 10
)

// Props implements API.
func (s *Store) Props(ctx context.Context, sc Scope, p Path) (props []Prop, err error) {
	err = s.db.Look(ctx, func(r *meta.Reader) error {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		n, err := look(r, sc, p)
		if err != nil {
			return err
		}
		props, err = r.Props(n.ID)
		return err
	})
	return props, fail("props", p, err)
}

// ListProps implements API.
func (s *Store) ListProps(ctx context.Context, sc Scope, p Path, after, last string) (props map[NodeID][]Prop, err error) {
	err = s.db.Look(ctx, func(r *meta.Reader) error {
		if err := sc.need(MayRead); err != nil {
			return err
		}
		n, err := look(r, sc, p)
		if err != nil {
			return err
		}
		props, err = r.ChildProps(n.ID, keyOf(after), keyOf(last))
		return err
	})
	return props, fail("props", p, err)
}

// SetProps implements API.
func (s *Store) SetProps(ctx context.Context, sc Scope, p Path, patch []PropPatch, c Conditions) error {
	_, err := s.Patch(ctx, sc, p, Patch{Props: patch}, c)
	return err
}

// Touch implements API.
func (s *Store) Touch(ctx context.Context, sc Scope, p Path, t time.Time, c Conditions) (Node, error) {
	return s.Patch(ctx, sc, p, Patch{ModTime: t}, c)
}

// Patch implements API.
func (s *Store) Patch(ctx context.Context, sc Scope, p Path, patch Patch, c Conditions) (n Node, err error) {
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		pl, err := allowPatch(tx, sc, p, c)
		if err != nil {
			return err
		}
		n = pl.node
		timed := !patch.ModTime.IsZero() || !patch.Created.IsZero()
		if timed && n.Parent == 0 {
			return ErrRoot
		}
		if err := fitsProps(tx, n.ID, patch.Props); err != nil {
			return err
		}
		for _, x := range patch.Props {
			var op meta.Op = &meta.PutProp{Node: n.ID, Prop: x.Prop}
			if x.Remove {
				op = &meta.DropProp{Node: n.ID, Name: x.Name}
			}
			if err := tx.Apply(op); err != nil {
				return err
			}
		}
		if timed {
			n, err = retime(tx, sc, n, patch.ModTime, patch.Created)
			return err
		}
		return patched(tx, sc, n)
	})
	return n, fail("patch", p, err)
}

// fitsProps checks the bounds on what a node would have after a patch.
func fitsProps(tx *meta.Tx, node NodeID, patch []PropPatch) error {
	had, err := tx.Props(node)
	if err != nil {
		return err
	}
	size := map[PropName]int{}
	cost := func(p Prop) int { return len(p.Name.Space) + len(p.Name.Local) + len(p.Lang) + len(p.Value) }
	for _, p := range had {
		size[p.Name] = cost(p)
	}
	for _, x := range patch {
		if delete(size, x.Name); !x.Remove {
			size[x.Name] = cost(x.Prop)
		}
	}
	total := 0
	for _, n := range size {
		total += n
	}
	if len(size) > MaxProps || total > MaxPropsBytes {
		return ErrPropsTooLarge
	}
	return nil
}

// allowPatch finds a node whose properties are to change.
func allowPatch(tx *meta.Tx, sc Scope, p Path, c Conditions) (place, error) {
	if err := sc.need(MayWrite); err != nil {
		return place{}, err
	}
	pl, err := find(&tx.Reader, sc, p)
	if err != nil {
		return pl, err
	}
	if err := c.check(&tx.Reader, sc, tx.Now(), &pl.node); err != nil {
		return pl, err
	}
	ls, err := liveLocks(&tx.Reader, sc.Space, tx.Now())
	if err != nil {
		return pl, err
	}
	return pl, ls.allowContent(sc, c.Tokens, pl.line(), p)
}

// patched logs a change that leaves the content as it is.
func patched(tx *meta.Tx, sc Scope, n Node) error {
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return err
	}
	up := n.Parent
	if n.IsFolder() {
		up = n.ID
	}
	tx.AddSum(up, 0, 0, seq)
	if n.IsFolder() && n.Parent != 0 {
		tx.AddSum(n.Parent, 0, 0, seq) // what a copy has read of it is old (Unchanged)
	}
	return tx.Apply(change(tx, sc, n, seq, meta.Patched))
}

// retime gives a node other times; a zero one stays as it is.
func retime(tx *meta.Tx, sc Scope, n Node, modified, created time.Time) (Node, error) {
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return n, err
	}
	if err := supersede(tx, n, seq, false); err != nil {
		return n, err
	}
	if !modified.IsZero() {
		n.ModTime = modified.UTC()
	}
	if !created.IsZero() {
		n.Created = created.UTC()
	}
	n.Since = seq
	tx.AddSum(n.Parent, 0, 0, seq)
	if n.IsFolder() {
		tx.AddSum(n.ID, 0, 0, seq) // its own ETag
	}
	return n, tx.Apply(&meta.PutNode{Node: n, Key: keyOf(n.Name)}, change(tx, sc, n, seq, meta.Patched))
}
