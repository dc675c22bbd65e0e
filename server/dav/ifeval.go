package dav

import (
	"context"
	"errors"

	"cairn/store"
)

// guard is the If header as the store asks it, inside the transaction of the change
// it protects; nil if there is no header. It fails with ErrPrecondition. at is the
// resource of the request.
func (h *Handler) guard(ih ifHeader, at store.Path) func(store.View) error {
	if len(ih.lists) == 0 {
		return nil
	}
	return func(v store.View) error {
		states := make(map[store.Path]*state) // each resource is looked at once
		for _, l := range ih.lists {
			if l.tag == "" {
				l.p, l.ours = at, true
			}
			st := &state{v: nowhere{}}
			if l.ours {
				if st = states[l.p]; st == nil {
					st = &state{v: v, p: l.p}
					states[l.p] = st
				}
			}
			if ok, err := st.satisfies(l.conds); ok || err != nil {
				return err
			}
		}
		return store.ErrPrecondition
	}
}

// state is what conditions are about: the locks that cover a resource, and its
// entity-tag if it exists. Each is looked up when a condition first asks for it.
type state struct {
	v store.View
	p store.Path

	etag       string
	tokens     map[string]bool // nil: not looked up
	etagLooked bool
}

func (st *state) hasTag(tag string) (bool, error) {
	if !st.etagLooked {
		n, err := st.v.Stat(st.p)
		if err == nil {
			st.etag = n.ETag()
		} else if !absentPath(err) {
			return false, err
		}
		st.etagLooked = true
	}
	return tag != "" && tag == st.etag, nil
}

func (st *state) hasToken(token string) (bool, error) {
	if st.tokens == nil {
		locks, err := st.v.Locks(st.p)
		if err != nil && !absentPath(err) {
			return false, err
		}
		st.tokens = make(map[string]bool)
		for _, l := range locks {
			st.tokens[l.Token] = true
		}
	}
	return st.tokens[token], nil
}

// nowhere is where a tag leads that is not below the mount.
type nowhere struct{}

func (nowhere) Stat(store.Path) (store.Node, error)    { return store.Node{}, store.ErrNotExist }
func (nowhere) Locks(store.Path) ([]store.Lock, error) { return nil, store.ErrNotExist }

// absentPath reports whether err only says that there is no such resource.
func absentPath(err error) bool {
	return errors.Is(err, store.ErrNotExist) || errors.Is(err, store.ErrNoParent) || errors.Is(err, store.ErrNotFolder)
}

// satisfies reports whether all conditions hold. Entity-tags are compared strongly.
func (st *state) satisfies(conds []ifCond) (bool, error) {
	for _, c := range conds {
		var is bool
		var err error
		switch {
		case c.token != "":
			is, err = st.hasToken(c.token)
		case !c.weak:
			is, err = st.hasTag(c.etag)
		}
		if err != nil || is == c.not {
			return false, err
		}
	}
	return true, nil
}

// checkIf evaluates the If header of a request that changes nothing.
func (q *request) checkIf() error {
	if g := q.h.guard(q.cond.ifs, q.p); g != nil {
		return g(liveView{q.r.Context(), q.h.store, q.sc})
	}
	return nil
}

// checkAll evaluates HTTP's conditions and the If header of a request that changes no
// content, and so needs no answer from within a transaction. That a method is not GET
// makes 412 of what the client has already (RFC 9110 §13.1.2).
func (q *request) checkAll() error {
	if c := &q.cond; c.Match != nil || c.NoneMatch != nil || !c.Unmodified.IsZero() {
		switch n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p); {
		case err != nil && !absentPath(err):
			return err
		case err != nil && c.Match != nil || err == nil && (!c.Current(&n) || c.Known(&n)):
			return store.ErrPrecondition
		}
	}
	return q.checkIf()
}

// liveView is the tree as it is now, call by call.
type liveView struct {
	ctx context.Context
	st  Store
	sc  store.Scope
}

func (v liveView) Stat(p store.Path) (store.Node, error) { return v.st.Stat(v.ctx, v.sc, p) }

func (v liveView) Locks(p store.Path) ([]store.Lock, error) {
	locks, _, err := v.st.Locks(v.ctx, v.sc, p)
	return locks, err
}
