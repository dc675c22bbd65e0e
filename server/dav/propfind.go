package dav

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/webdav"

	"cairn/server/httperr"
)

// propfind answers PROPFIND (RFC 4918 §9.1) through x/net/webdav, one Handler a
// request, over a FileSystem of its own (tree) that carries the scope and lists a
// collection by pages, once. In front of it: bounds on the body, which x/net never
// sees but as we write it anew; no Depth infinity, also not for want of a header
// (403 propfind-finite-depth); the status of a failure, which x/net calls 405.
func (q *request) propfind() error {
	depth, err := q.depth()
	if err != nil {
		return err
	}
	body, release, err := q.readXML()
	defer release()
	if err != nil {
		return err
	}
	a, err := parsePropfind(body)
	release()
	if err != nil {
		return err
	}
	if err := q.checkIf(); err != nil {
		return err
	}
	n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p)
	if err != nil {
		return err
	}
	if depth < 0 {
		if n.IsFolder() {
			return errFinite
		}
		depth = 0
	}
	a.depth0 = depth == 0
	t := newTree(q, &n, a)
	r := q.forXNet("PROPFIND", n.IsFolder(), a.xml())
	r.Header.Set("Depth", string(rune('0'+depth)))
	return q.xnet(t, r)
}

var errFinite = httperr.Problem{Status: http.StatusForbidden, Code: "finite-depth", Condition: "<D:propfind-finite-depth/>",
	Title: "A whole tree is not listed at once.", Hint: "Ask folder by folder, with Depth: 1."}

// maxPropNames bounds the properties asked for by name: each one missing is an
// element of the answer for every member of a collection.
const maxPropNames = 1000

// asked is what a PROPFIND wants to know.
type asked struct {
	all, names bool
	props      []xml.Name // by name, or included
	has        map[xml.Name]bool
	dead       bool // a name that only a client can have set is among them
	depth0     bool
}

// parsePropfind reads a body that checkXML let pass; nil asks for all properties.
// Elements it does not know are ignored (RFC 4918 §17).
func parsePropfind(body []byte) (*asked, error) {
	a := &asked{has: make(map[xml.Name]bool)}
	if body == nil {
		a.all = true
		return a, nil
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := root(d, "propfind"); err != nil {
		return nil, err
	}
	var prop, include bool
	name := func(s xml.StartElement) error {
		if !a.has[s.Name] {
			a.has[s.Name] = true
			a.props = append(a.props, s.Name)
			a.dead = a.dead || s.Name.Space != "DAV:"
		}
		if len(a.props) > maxPropNames {
			return badXML("asks for too many properties")
		}
		return d.Skip()
	}
	err := children(d, func(s xml.StartElement) error {
		switch s.Name {
		case dav("allprop"):
			a.all = true
		case dav("propname"):
			a.names = true
		case dav("prop"):
			prop = true
			return children(d, name)
		case dav("include"):
			include = true
			return children(d, name)
		}
		return d.Skip()
	})
	if err != nil {
		return nil, err
	}
	if one := b2i(a.all) + b2i(a.names) + b2i(prop); one != 1 || include && !a.all {
		return nil, badXML("asks for nothing, or for too much")
	}
	return a, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// xml is the request as x/net/webdav reads it. That refuses an empty prop, which
// means nothing to be answered: resourcetype, which everything has, stands for it.
func (a *asked) xml() []byte {
	var b bytes.Buffer
	list := func(tag string) {
		b.WriteString("<D:" + tag + ">")
		for _, n := range a.props {
			b.WriteString("<" + n.Local + ` xmlns="` + escapeXML(n.Space) + `"/>`)
		}
		b.WriteString("</D:" + tag + ">")
	}
	b.WriteString(`<D:propfind xmlns:D="DAV:">`)
	switch {
	case a.names:
		b.WriteString("<D:propname/>")
	case a.all:
		b.WriteString("<D:allprop/>")
		if len(a.props) > 0 {
			list("include")
		}
	default:
		if len(a.props) == 0 {
			a.props = []xml.Name{dav("resourcetype")}
		}
		list("prop")
	}
	b.WriteString("</D:propfind>")
	return b.Bytes()
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

// xnet lets x/net/webdav answer, and answers itself where that fails.
func (q *request) xnet(t *tree, r *http.Request) error {
	w := &xnetWriter{q: q, t: t}
	(&webdav.Handler{FileSystem: t, LockSystem: noLocks{}}).ServeHTTP(w, r)
	return w.end()
}

// xnetWriter stands between x/net/webdav and the client. It passes a 207 on and
// swallows everything else: the error that tree has seen says more. It collects what
// x/net flushes resource by resource.
type xnetWriter struct {
	q      *request
	t      *tree
	buf    *bufio.Writer
	failed int // the status x/net would have sent
}

func (w *xnetWriter) Header() http.Header { return w.q.w.Header() }

// WriteHeader is called a second time by x/net when a listing breaks off after it
// has begun.
func (w *xnetWriter) WriteHeader(code int) {
	if code != http.StatusMultiStatus || w.buf != nil {
		w.failed = code
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache")
	w.buf = bufio.NewWriterSize(started{w.q}, 16<<10)
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

// started writes the body of a 207 and notes that it has begun.
type started struct{ q *request }

func (s started) Write(b []byte) (int, error) {
	if !s.q.started {
		s.q.status(http.StatusMultiStatus)
	}
	return timedWriter{s.q.w, s.q}.Write(b)
}

// tellsQuota reports whether the quota properties are told. They are only when asked for by name (RFC 4331 §2), and never to the
// macOS client, which from 15.4 on hangs for a minute and a half on them.
func (q *request) tellsQuota() bool { return !strings.HasPrefix(q.r.UserAgent(), "WebDAVFS/") }
