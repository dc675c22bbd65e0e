package store

import (
	"slices"
	"time"

	"cairn/store/meta"
)

// check asks the conditions of a write about the node at a path (nil: none there).
func (c *Conditions) check(r *meta.Reader, sc Scope, now time.Time, n *Node) error {
	if c.IfMatch != nil && (n == nil || !tagIn(c.IfMatch, n)) {
		return ErrPrecondition
	}
	if !c.IfUnmodifiedSince.IsZero() && c.IfMatch == nil && (n == nil || n.ModTime.Truncate(time.Second).After(c.IfUnmodifiedSince)) {
		return ErrPrecondition
	}
	if c.IfNoneMatch != nil && n != nil && tagIn(c.IfNoneMatch, n) {
		return ErrPrecondition
	}
	if c.Guard != nil {
		return c.Guard(&view{r, sc, now})
	}
	return nil
}

// conditional reports whether the write depends on more than its place.
func (c *Conditions) conditional() bool {
	return c.IfMatch != nil || c.IfNoneMatch != nil || !c.IfUnmodifiedSince.IsZero() || c.Guard != nil
}

func tagIn(tags []string, n *Node) bool {
	return slices.Contains(tags, "*") || slices.Contains(tags, n.ETag())
}

// nodeOrNil is the node for check.
func (p *place) nodeOrNil() *Node {
	if !p.exists {
		return nil
	}
	return &p.node
}

// view shows a transaction to a Guard.
type view struct {
	r   *meta.Reader
	sc  Scope
	now time.Time
}

func (v *view) Stat(p Path) (Node, error) {
	pl, err := find(v.r, v.sc, p)
	return pl.node, err
}

func (v *view) Locks(p Path) ([]Lock, error) {
	pl, err := resolve(v.r, v.sc, p)
	if err != nil {
		return nil, err
	}
	ls, err := liveLocks(v.r, v.sc.Space, v.now)
	if err != nil {
		return nil, err
	}
	return ls.covering(pl.line(), pl.exists), nil
}
