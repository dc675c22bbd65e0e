package dav

import (
	"encoding/xml"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"cairn/server/httperr"
	"cairn/store"
)

// request is one request on its way through the door.
type request struct {
	h  *Handler
	w  http.ResponseWriter
	r  *http.Request
	rc *http.ResponseController

	sc    store.Scope
	user  string
	p     store.Path
	slash bool     // the address ended with one
	cond  preconds // of the request's own resource

	body    *deadlineReader // once asked for
	writing time.Time       // when the write deadline was last set; zero: it is not
	started bool            // a status has been sent
}

// status sends a status without a body.
func (q *request) status(code int) error {
	q.started = true
	q.w.WriteHeader(code)
	return nil
}

// clientLeft reports whether err is the connection's, once the answer has begun: the
// client has gone, or takes nothing.
func clientLeft(err error) bool {
	for _, gone := range []error{syscall.EPIPE, syscall.ECONNRESET, net.ErrClosed, os.ErrDeadlineExceeded} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// fail answers with err. Where the answer has already begun it breaks the
// connection, so that the client does not take a part for the whole.
func (q *request) fail(err error) {
	p := httperr.Of(err)
	if q.started {
		if level := slog.LevelError; p.Status >= 500 || clientLeft(err) {
			if clientLeft(err) || q.r.Context().Err() != nil {
				level = slog.LevelDebug
			}
			q.h.o.Log.Log(q.r.Context(), level, "answer broken off", "method", q.r.Method, "path", q.r.URL.Path,
				"error", err, "request_id", httperr.RequestID(q.r.Context()))
		}
		panic(http.ErrAbortHandler)
	}
	if p.Locked != nil {
		p.Condition = "<D:lock-token-submitted>" + q.hrefXML(p.Locked.Path) + "</D:lock-token-submitted>"
		if q.r.Method == "LOCK" {
			p.Condition = "<D:no-conflicting-lock>" + q.hrefXML(p.Locked.Path) + "</D:no-conflicting-lock>"
		}
	}
	if p.Status == http.StatusMethodNotAllowed && p.Allow == "" {
		p.Allow = allow
	}
	write := httperr.DAV
	if q.r.Method == "GET" || q.r.Method == "HEAD" {
		write = httperr.Text // people meet these in a browser
	}
	body := q.unreadBody()
	if body != nil {
		q.w.Header().Set("Connection", "close")
		q.rc.EnableFullDuplex() // or net/http reads before it answers
	}
	write(q.w, q.r, q.h.o.Log, p)
	if body != nil {
		q.rc.Flush()
		linger(q.rc, body)
	}
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
// "1,noroot" is what Windows sends for 1.
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

// setValidators sends ETag and Last-Modified of a node.
func (q *request) setValidators(n *store.Node) {
	h := q.w.Header()
	h.Set("ETag", `"`+n.ETag()+`"`)
	h.Set("Last-Modified", n.ModTime.UTC().Format(http.TimeFormat))
}

// existed is the status of a write: 201 for a new resource, else 204.
func existed(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusNoContent
}

// notFound reports whether err says that nothing is there.
func notFound(err error) bool { return errors.Is(err, store.ErrNotExist) }
