package dav

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"

	"golang.org/x/net/webdav"

	"cairn/server/httperr"
)

// proppatch sets and removes properties (RFC 4918 §9.2), all or none, through
// x/net/webdav, which reads the body and writes the 207; the change is one
// transaction of the store (resource.Patch), under its locks. Works on collections,
// where x/net's own answer is 500 (golang/go#43929).
func (q *request) proppatch() error {
	body, release, err := q.readXML()
	defer release()
	if err != nil {
		return err
	}
	if err := root(xml.NewDecoder(bytes.NewReader(body)), "propertyupdate"); err != nil {
		return err
	}
	if err := q.checkIf(); err != nil { // a patch of protected names alone never gets to the store
		return err
	}
	n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p)
	if err != nil {
		return err
	}
	t := newTree(q, &n)
	w := &xnetWriter{q: q, t: t}
	(&webdav.Handler{FileSystem: t, LockSystem: noLocks{}}).ServeHTTP(w, q.forXNet("PROPPATCH", n.IsFolder(), body))
	return w.end()
}

// forXNet is the request as x/net/webdav gets it: the resource in its one canonical
// spelling, so that hrefs are, and without conditions, which are ours to check.
func (q *request) forXNet(method string, collection bool, body []byte) *http.Request {
	r := &http.Request{
		Method: method, URL: &url.URL{Path: q.h.urlPath(q.p, collection)}, Host: q.r.Host,
		Proto: q.r.Proto, ProtoMajor: q.r.ProtoMajor, ProtoMinor: q.r.ProtoMinor,
		Header: make(http.Header), Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	return r.WithContext(q.r.Context())
}

// xnetWriter stands between x/net/webdav and the client. It passes a 207 on and
// swallows everything else: the error that tree has seen says more.
type xnetWriter struct {
	q      *request
	t      *tree
	buf    *bufio.Writer
	failed int // the status x/net would have sent
}

func (w *xnetWriter) Header() http.Header { return w.q.w.Header() }

// WriteHeader is called a second time by x/net when an answer breaks off after it
// has begun.
func (w *xnetWriter) WriteHeader(code int) {
	if code != http.StatusMultiStatus || w.buf != nil {
		w.failed = code
		return
	}
	w.buf = bufio.NewWriterSize(started{w.q}, 4<<10)
}

func (w *xnetWriter) Write(b []byte) (int, error) {
	if w.buf == nil || w.failed != 0 {
		return len(b), nil
	}
	return w.buf.Write(b)
}

// end sends what is left, or says what went wrong.
func (w *xnetWriter) end() error {
	switch {
	case w.t.err != nil:
		return w.t.err
	case w.failed == http.StatusBadRequest:
		return badXML("is not what the method takes")
	case w.failed != 0:
		return httperr.Problem{Status: 500, Code: "internal", Title: "Something went wrong on the server.", Hint: "Try again."}
	case w.buf == nil:
		return nil
	}
	return w.buf.Flush()
}
