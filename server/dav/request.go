package dav

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strings"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"
)

// request is one request on its way through the door.
type request struct {
	h    *Handler
	w    *transfer.Answer
	r    *http.Request
	body *transfer.Body // r's

	sc    store.Scope
	user  string
	known bool // whose scope it is
	p     store.Path
	slash bool       // the address ended with one
	to    store.Path // of a COPY or MOVE, once it is known
	hasTo bool
	cond  preconds // of the request's own resource
}

// status sends a status without a body.
func (q *request) status(code int) error {
	q.w.WriteHeader(code)
	return nil
}

// fail answers with err. Where the answer has already begun it breaks the
// connection, so that the client does not take a part for the whole.
func (q *request) fail(err error) {
	p := httperr.Of(err)
	if q.w.Started() {
		q.w.Abort(q.h.o.Log, err)
	}
	if p.Locked != nil {
		p.Condition = "<D:lock-token-submitted>" + q.hrefXML(p.Locked.Path) + "</D:lock-token-submitted>"
		if q.r.Method == "LOCK" {
			p.Condition = "<D:no-conflicting-lock>" + q.hrefXML(p.Locked.Path) + "</D:no-conflicting-lock>"
		}
	}
	if q.aboutMember(&p) {
		transfer.Refuse(q.w, q.r, nil, func() { q.memberLocked(&p) })
		return
	}
	if p.Status == http.StatusMethodNotAllowed && p.Allow == "" {
		p.Allow = allow
	}
	write := httperr.DAV
	if q.r.Method == "GET" || q.r.Method == "HEAD" {
		write = httperr.Text // people meet these in a browser
	}
	transfer.Refuse(q.w, q.r, nil, func() { write(q.w, q.r, q.h.o.Log, p) })
}

func (q *request) hrefXML(p store.Path) string {
	return "<D:href>" + escapeXML(q.h.href(p, false)) + "</D:href>"
}

// escapeXML makes text of s.
func escapeXML(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}

// depth reads the Depth header: 0, 1, or infinite; absent if there is none.
// "1,noroot" is Microsoft's: see prefers.
func (q *request) depth() (int, error) {
	switch strings.ToLower(strings.TrimSpace(q.r.Header.Get("Depth"))) {
	case "":
		return absent, nil
	case "0":
		return 0, nil
	case "1", "1,noroot":
		return 1, nil
	case "infinity":
		return infinite, nil
	}
	return 0, errDepth
}

const (
	infinite = -1
	absent   = -2
)

var errDepth = httperr.BadRequest("depth", "The Depth header does not fit the method.", "RFC 4918 §10.2 lists its values.")

// existed is the status of a write: 201 for a new resource, else 204.
func existed(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusNoContent
}

// notFound reports whether err says that nothing is there.
func notFound(err error) bool { return errors.Is(err, store.ErrNotExist) }
