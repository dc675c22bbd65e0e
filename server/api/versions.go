package api

import (
	"context"

	"cairn/server/httperr"
	"cairn/store"
)

// version is one content of a file as the app sees it.
type version struct {
	ID      string  `json:"id"`      // 32 hexadecimal digits; the ETag of the file while it is current
	Size    int64   `json:"size"`    // bytes
	MTime   int64   `json:"mtime"`   // milliseconds since 1970: when what it holds was changed
	Created int64   `json:"created"` // and when it was stored here
	By      *string `json:"by"`      // who stored it; null: an account that is gone
}

// versions tells what a file holds and pages what it held before. Both are of one moment
// on the first page.
func (a *API) versions(q *request) error {
	v, err := q.query("path", "before", "limit")
	if err != nil {
		return err
	}
	p, err := store.ParsePath(v.Get("path"))
	if err != nil {
		return err
	}
	var now *store.Node
	who := q.names()
	return history[store.Version]{
		name: "older",
		read: func(before int64, size int) ([]store.Version, error) {
			n, vs, err := a.o.Store.Versions(q.r.Context(), q.sc, p, before, size)
			if err == nil && n.IsFolder() {
				err = store.ErrIsFolder
			}
			if now == nil {
				now = &n
			}
			return vs, err
		},
		show: func(v *store.Version) (any, int64, error) {
			by, err := who.of(v.Author)
			return version{v.ID.String(), v.Size, v.ModTime.UnixMilli(), v.Created.UnixMilli(), by}, v.Until, err
		},
		more: func(s *stream) error {
			by, err := who.of(now.Author)
			if err != nil {
				return err
			}
			s.WriteString(`,"current":`)
			return s.value(version{now.ETag(), now.Size, now.ModTime.UnixMilli(), now.Version.Time().UnixMilli(), by})
		},
	}.answer(q, v)
}

// restoreVersion makes an older version of a file the current one. The condition is
// about what it holds now.
func (a *API) restoreVersion(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	p, err := o.path(o.Path, "path")
	if err != nil {
		return result{}, err
	}
	id, err := o.version()
	if err != nil {
		return result{}, err
	}
	n, err := a.o.Store.RestoreVersion(ctx, sc, p, id, o.conditions())
	if err != nil {
		return result{}, err
	}
	return done(&n, p), nil
}

// dropVersion deletes an older version of a file for good. The condition is about what it
// holds now.
func (a *API) dropVersion(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	p, err := o.path(o.Path, "path")
	if err != nil {
		return result{}, err
	}
	id, err := o.version()
	if err != nil {
		return result{}, err
	}
	if err := a.o.Store.DropVersion(ctx, sc, p, id, o.conditions()); err != nil {
		return result{}, err
	}
	one := 1
	return result{Count: &one}, nil
}

// version reads the id of a version, which the operation needs.
func (o *operation) version() (id store.VersionID, err error) {
	if o.Version == nil {
		return id, httperr.BadRequest("bad-operation", "The operation lacks version.", "Send an id that versions answered.")
	}
	id, ok := store.ParseVersionID(*o.Version)
	if !ok {
		err = store.ErrNotExist
	}
	return id, err
}
