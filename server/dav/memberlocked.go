package dav

import (
	"net/http"
	"strconv"
	"strings"

	"cairn/server/httperr"
	"cairn/store"
)

// aboutMember reports whether what kept a request from being done is a lock on a member of
// what it is about, not on that itself.
func (q *request) aboutMember(p *httperr.Problem) bool {
	if p.Locked == nil || p.Status != http.StatusLocked {
		return false
	}
	below := func(top store.Path) bool { return top != p.Locked.Path && top.Contains(p.Locked.Path) }
	switch q.r.Method {
	case "DELETE", "LOCK":
		return below(q.p)
	case "MOVE", "COPY":
		return below(q.p) || q.hasTo && below(q.to)
	}
	return false
}

// memberLocked answers with a multistatus that names the member (RFC 4918 §9.6.1, §9.8.5,
// §9.9.4); of a LOCK also the resource itself, which is not locked for that (§9.10.9).
// Nothing was done: what the other methods say of members that are not named would have
// been done by a server that works member by member.
//
// x/net/webdav deletes and moves members that others have locked.
func (q *request) memberLocked(p *httperr.Problem) {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<D:multistatus xmlns:D="DAV:">`)
	response := func(p store.Path, status int, condition string) {
		b.WriteString("<D:response>" + q.hrefXML(p) + "<D:status>HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "</D:status>")
		if condition != "" {
			b.WriteString("<D:error>" + condition + "</D:error>")
		}
		b.WriteString("</D:response>")
	}
	response(p.Locked.Path, http.StatusLocked, p.Condition)
	if q.r.Method == "LOCK" {
		response(q.p, http.StatusFailedDependency, "")
	}
	b.WriteString("</D:multistatus>\n")
	h := q.w.Header()
	h.Set("Content-Type", "application/xml; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	q.w.WriteHeader(http.StatusMultiStatus)
	q.w.Write([]byte(b.String()))
}
