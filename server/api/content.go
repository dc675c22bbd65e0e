package api

import (
	"net/url"

	"cairn/server/transfer"
	"cairn/store"
)

// content serves a file's bytes; see transfer.Answer.File. With download=1 browsers
// save it, whatever its type; with version=ID it is what the file held at that version,
// or holds; with snapshot=ID what was at the path then.
func (a *API) content(q *request) error {
	v, err := q.query("path", "version", "snapshot", "download")
	if err != nil {
		return err
	}
	p, err := store.ParsePath(v.Get("path"))
	if err != nil {
		return err
	}
	if d := v.Get("download"); v.Has("download") && d != "1" {
		return badQuery("asks for a download other than 1")
	}
	n, c, err := a.open(q, p, v)
	if err != nil {
		return err
	}
	if n.IsFolder() {
		return store.ErrIsFolder
	}
	if c != nil {
		defer c.Close()
	}
	return q.w.File(&n, c, transfer.FileOptions{Attachment: v.Has("download"), Digests: a.o.Digests})
}

func (a *API) open(q *request, p store.Path, v url.Values) (n store.Node, c store.Content, err error) {
	if v.Has("version") && v.Has("snapshot") {
		return n, nil, badQuery("asks for a version and for a snapshot")
	}
	if id, ok, err := readSnapshot(v); err != nil {
		return n, nil, err
	} else if ok {
		if c, err = a.o.Store.OpenAt(q.r.Context(), q.sc, id, p); err == nil {
			n = c.Node()
		}
		return n, c, err
	}
	if !v.Has("version") {
		return transfer.Open(q.r, a.o.Store, q.sc, p)
	}
	id, ok := store.ParseVersionID(v.Get("version"))
	if !ok {
		return n, nil, store.ErrNotExist
	}
	if c, err = a.o.Store.OpenVersion(q.r.Context(), q.sc, p, id); err == nil {
		n = c.Node()
	}
	return n, c, err
}
