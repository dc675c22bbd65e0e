package httperr

import (
	"encoding/json"
	"encoding/xml"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
)

// InJSON is Of as the doors say it that speak JSON: 409 where a name is taken, or is a
// folder's. That 405 is its answer to some of its methods is RFC 4918's own idea.
func InJSON(err error) Problem {
	p := Of(err)
	if p.Status == http.StatusMethodNotAllowed && (p.Code == "exists" || p.Code == "is-a-folder") {
		p.Status = http.StatusConflict
	}
	return p
}

// JSON answers with InJSON(err) as application/problem+json (RFC 9457) and the members
// code and request_id beside the standard ones. Call it before anything was written,
// and for each error once: it is logged here (Problem.Log). log may be nil.
func JSON(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	p := InJSON(err)
	body, _ := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
		Code   string `json:"code"`
		ID     string `json:"request_id,omitempty"`
	}{"about:blank", p.Title, p.Status, p.Hint, p.Code, RequestID(r.Context())})
	p.send(w, r, log, "application/problem+json", body)
}

// DAV answers with err as a DAV:error element (RFC 4918 §14.5): the precondition if
// there is one, and the message in an element of our own, which clients ignore and
// people read. Otherwise as JSON.
func DAV(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	p := Of(err)
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<D:error xmlns:D="DAV:">`)
	b.WriteString(p.Condition)
	b.WriteString(`<m:message xmlns:m="urn:cairn:error">`)
	xml.EscapeText(&b, []byte(p.text(r)))
	b.WriteString("</m:message></D:error>\n")
	p.send(w, r, log, "application/xml; charset=utf-8", []byte(b.String()))
}

// Text answers with err as one or two lines of plain text. Otherwise as JSON.
func Text(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	p := Of(err)
	p.send(w, r, log, "text/plain; charset=utf-8", []byte(p.text(r)+"\n"))
}

// text is title and hint, and for a failure of the server the id to report.
func (p Problem) text(r *http.Request) string {
	s := p.Title
	if p.Hint != "" {
		s += " " + p.Hint
	}
	if id := RequestID(r.Context()); id != "" && p.Status >= 500 {
		s += " (request " + id + ")"
	}
	return s
}

// Log notes a failure of the server: a status of 500 and above, but for 501, and 502 (a
// Destination on another server), which are the client's doing. Only for what none of the above answers with. log may be nil.
func (p Problem) Log(r *http.Request, log *slog.Logger) {
	if p.Status < 500 || p.Status == http.StatusNotImplemented || p.Status == http.StatusBadGateway || log == nil {
		return
	}
	level := slog.LevelError
	if p.Status == http.StatusInsufficientStorage || p.Status == http.StatusServiceUnavailable {
		level = slog.LevelWarn
	}
	log.Log(r.Context(), level, "request failed", "method", r.Method, "path", r.URL.Path,
		"status", p.Status, "code", p.Code, "error", p.Cause, "request_id", RequestID(r.Context()))
}

func (p Problem) send(w http.ResponseWriter, r *http.Request, log *slog.Logger, ctype string, body []byte) {
	p.Log(r, log)
	h := w.Header()
	for _, k := range []string{"Content-Disposition", "Content-Encoding", "Content-Range", "Digest", "Etag", "Last-Modified", "Accept-Ranges", "Repr-Digest"} {
		h.Del(k) // meant for the answer that did not come
	}
	h.Set("Content-Type", ctype)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}
