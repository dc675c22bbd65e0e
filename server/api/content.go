package api

import (
	"cairn/server/transfer"
	"cairn/store"
)

// content serves a file's bytes; see transfer.Answer.File. With download=1 browsers
// save it, whatever its type.
func (a *API) content(q *request) error {
	v, err := q.query("path", "download")
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
	n, c, err := transfer.Open(q.r, a.o.Store, q.sc, p)
	if err != nil {
		return err
	}
	if n.IsFolder() {
		return store.ErrIsFolder
	}
	if c != nil {
		defer c.Close()
	}
	return q.w.File(&n, c, transfer.FileOptions{Attachment: v.Has("download")})
}
