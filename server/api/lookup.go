package api

import (
	"errors"

	"cairn/store"
)

// lookup finds what is at many paths at once: an entry each, in order, or null where
// nothing is, or can be.
func (a *API) lookup(q *request) error {
	var in struct {
		Paths items[pathText] `json:"paths"`
	}
	if err := q.decode(&in); err != nil {
		return err
	}
	if in.Paths == nil {
		return badJSON("lacks paths", nil)
	}
	found := make([]*entry, len(in.Paths))
	for i, text := range in.Paths {
		p, err := store.ParsePath(string(text))
		if err != nil {
			continue
		}
		n, err := a.o.Store.Stat(q.r.Context(), q.sc, p)
		switch {
		case err == nil:
			e := entryAt(&n, p)
			found[i] = &e
		case !nothingThere(err):
			return err
		}
	}
	return q.json(struct {
		Entries []*entry `json:"entries"`
	}{found})
}

// nothingThere reports whether err only says that there is no such node.
func nothingThere(err error) bool {
	return errors.Is(err, store.ErrNotExist) || errors.Is(err, store.ErrNoParent) || errors.Is(err, store.ErrNotFolder)
}
