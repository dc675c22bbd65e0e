package dav

import "net/http"

// options answers OPTIONS (RFC 4918 §10.1): the classes we have, always 200, because
// Windows XP takes nothing else, and MS-Author-Via, without which Office opens files
// read-only. Nothing is looked up: only the address has to be a possible one.
//
// x/net/webdav's answer depends on what is there, and cannot be extended.
func (q *request) options() error {
	h := q.w.Header()
	h.Set("DAV", "1, 2, 3")
	h.Set("MS-Author-Via", "DAV")
	h.Set("Allow", allow)
	if q.h.o.Announce != nil {
		h.Set("Allow", allow+", POST")
		q.h.o.Announce(h)
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", "0")
	return q.status(http.StatusOK)
}
