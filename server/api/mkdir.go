package api

import (
	"context"
	"errors"
	"slices"

	"cairn/store"
)

// mkdirAll makes a folder and those that are missing above it. A folder that is there
// is fine, if it has a tag of c.IfMatch; where a file is in the way it fails with
// ErrExist (at p) or ErrNotFolder. Not one transaction: what it made before a failure
// stays.
func (a *API) mkdirAll(ctx context.Context, sc store.Scope, p store.Path, c store.Conditions) (store.Node, error) {
	n, err := a.o.Store.Stat(ctx, sc, p)
	if err == nil {
		return n, existing(&n, c)
	}
	if !nothingThere(err) {
		return n, err
	}
	n, err = a.o.Store.Mkdir(ctx, sc, p, c)
	if errors.Is(err, store.ErrNoParent) && !p.IsRoot() {
		if _, err = a.mkdirAll(ctx, sc, p.Dir(), store.Conditions{}); errors.Is(err, store.ErrExist) {
			err = store.ErrNotFolder
		}
		if err == nil {
			n, err = a.o.Store.Mkdir(ctx, sc, p, c)
		}
	}
	if errors.Is(err, store.ErrExist) { // somebody else made it meanwhile
		if now, again := a.o.Store.Stat(ctx, sc, p); again == nil {
			return now, existing(&now, c)
		}
	}
	return n, err
}

// existing checks a node where a folder is to be.
func existing(n *store.Node, c store.Conditions) error {
	switch {
	case !n.IsFolder():
		return store.ErrExist
	case c.IfMatch != nil && !slices.Contains(c.IfMatch, n.ETag()) && !slices.Contains(c.IfMatch, "*"):
		return store.ErrPrecondition
	}
	return nil
}
