package api

import (
	"errors"

	"cairn/store"
)

// maxUploads bounds the answer of uploads: each may hold 64 KiB of its client's own.
const maxUploads = 256

// upload is an unfinished upload as the app sees it.
type upload struct {
	ID      string `json:"id"`      // 32 hexadecimal digits, the last part of its tus address
	Path    string `json:"path"`    // empty: a part of a file, to be joined with others
	Size    int64  `json:"size"`    // -1: not known yet
	Offset  int64  `json:"offset"`  // durable bytes
	Created int64  `json:"created"` // milliseconds since 1970
	Expires int64  `json:"expires"`
	// Arriving: a request brings bytes for it just now.
	Arriving bool `json:"arriving,omitempty"`
}

func shownUpload(u *store.Upload) upload {
	return upload{ID: u.ID.String(), Path: u.Path, Size: u.Size, Offset: u.Offset(), Created: u.Created.UnixMilli(), Expires: u.Expires.UnixMilli()}
}

// uploads lists the account's unfinished uploads, oldest first, at most maxUploads, and says
// whether there are more.
func (a *API) uploads(q *request) error {
	if _, err := q.query(); err != nil {
		return err
	}
	us, err := a.o.Store.Uploads(q.r.Context(), q.sc, maxUploads+1)
	if err != nil {
		return err
	}
	more := len(us) > maxUploads
	us = us[:min(len(us), maxUploads)]
	out := make([]upload, len(us))
	for i := range us {
		out[i] = shownUpload(&us[i])
		out[i].Arriving = a.o.Underway.Has(q.sc, us[i].ID)
	}
	return q.json(struct {
		Uploads []upload `json:"uploads"`
		More    bool     `json:"more"`
	}{out, more})
}

// finish commits an upload whose bytes are all there: at the path it was begun for, or
// at another. It is how the app goes on after a commit that was refused. Asked again
// it answers the same.
func (a *API) finish(q *request) error {
	id, ok := store.ParseUploadID(q.c.Param("id"))
	if !ok {
		return store.ErrNotExist
	}
	var in struct {
		Path        *pathText `json:"path"`
		IfNoneMatch *string   `json:"ifNoneMatch"`
		IfMatch     *string   `json:"ifMatch"`
		Parents     bool      `json:"parents"`
	}
	if err := q.decode(&in); err != nil {
		return err
	}
	ctx := q.r.Context()
	u, err := a.o.Store.GetUpload(ctx, q.sc, id)
	if err != nil {
		return err
	}
	to := store.Path(u.Path)
	if in.Path != nil {
		if to, err = store.ParsePath(string(*in.Path)); err != nil {
			return err
		}
		if to.IsRoot() {
			return store.ErrIsFolder
		}
	}
	var c store.Conditions
	if in.IfMatch != nil {
		c.IfMatch = []string{*in.IfMatch}
	}
	if in.IfNoneMatch != nil {
		c.IfNoneMatch = []string{*in.IfNoneMatch}
	}
	w, err := a.o.Store.FinishUpload(ctx, q.sc, id, to, -1, c)
	if errors.Is(err, store.ErrNoParent) && in.Parents {
		if _, err = a.mkdirAll(ctx, q.sc, to.Dir(), store.Conditions{}); err != nil {
			return err
		}
		w, err = a.o.Store.FinishUpload(ctx, q.sc, id, to, -1, c)
	}
	if err != nil {
		return err
	}
	r := done(&w.Node, to)
	if u.Finished { // before, and perhaps elsewhere
		if n, err := a.o.Store.Stat(ctx, q.sc, to); err != nil || n.ID != w.ID {
			r.Path = nil
		}
	}
	return q.json(r)
}
