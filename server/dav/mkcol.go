package dav

import (
	"io"
	"net/http"

	"cairn/server/httperr"
)

// mkcol makes a collection (RFC 4918 §9.3): 201; 405 where something is, 409 without
// a parent, 415 with a body, since none means anything here.
//
// x/net/webdav lets a chunked body pass, and calls every other failure 405.
func (q *request) mkcol() error {
	if q.r.ContentLength != 0 {
		if n, _ := io.ReadFull(q.body, make([]byte, 1)); n > 0 || q.r.ContentLength > 0 {
			return httperr.Problem{Status: http.StatusUnsupportedMediaType, Code: "body",
				Title: "A folder is made without a body.", Hint: "Send MKCOL with an empty body."}
		}
	}
	if _, err := q.h.store.Mkdir(q.r.Context(), q.sc, q.p, q.forStore()); err != nil {
		return err
	}
	return q.status(http.StatusCreated)
}
