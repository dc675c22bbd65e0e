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
		states := make(map[store.Path]*state)
		for _, l := range ih.lists {
			if l.tag == "" {
				l.p, l.ours = at, true
			}
			st := &state{}
			if l.ours {
				if st = states[l.p]; st == nil {
					var err error
					if st, err = look(v, l.p); err != nil {
						return err
					}
					states[l.p] = st
				}
			}
			if st.satisfies(l.conds) {
				return nil
			}
		}
		return store.ErrPrecondition
	}
}

// state is what conditions are about: the locks that cover a resource, and its
// entity-tag if it exists.
type state struct {
	etag   string
	tokens map[string]bool
}

func look(v store.View, p store.Path) (*state, error) {
	st := &state{tokens: make(map[string]bool)}
	n, err := v.Stat(p)
	switch {
	case err == nil:
		st.etag = n.ETag()
	case !absentPath(err):
		return nil, err
	}
	locks, err := v.Locks(p)
	if err != nil && !absentPath(err) {
		return nil, err
	}
	for _, l := range locks {
		st.tokens[l.Token] = true
	}
	return st, nil
}

// absentPath reports whether err only says that there is no such resource.
func absentPath(err error) bool {
	return errors.Is(err, store.ErrNotExist) || errors.Is(err, store.ErrNoParent) || errors.Is(err, store.ErrNotFolder)
}

// satisfies reports whether all conditions hold. Entity-tags are compared strongly.
func (st *state) satisfies(conds []ifCond) bool {
	for _, c := range conds {
		var is bool
		if c.token != "" {
			is = st.tokens[c.token]
		} else {
			is = c.etag != "" && !c.weak && c.etag == st.etag
		}
		if is == c.not {
			return false
		}
	}
	return true
}

// checkIf evaluates the If header of a request that changes nothing.
func (q *request) checkIf() error {
	if g := q.h.guard(q.cond.ifs, q.p); g != nil {
		return g(liveView{q.r.Context(), q.h.store, q.sc})
	}
	return nil
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
