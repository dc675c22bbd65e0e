package dav

import (
	"bufio"
	"encoding/xml"
	"errors"
	"net/http"
	"path"
	"strconv"

	"github.com/klauspost/compress/gzip"

	"cairn/store"
)

// multistatus writes the answer of a PROPFIND as it goes: a page of members is read
// from the store, its elements pass through one small buffer, and it is forgotten. A
// client that does not read holds that buffer and one page; no read of the store is
// open meanwhile. Elements are put together by hand: a folder of 10,000 would spend
// most of its time in encoding/xml.
type multistatus struct {
	*bufio.Writer
	out *listing
	q   *request
	a   *asked

	at      store.Path // the collection whose members are written
	folder  string     // its escaped href
	entries int        // members written
	usage   [2]int64
	point   store.SyncPoint               // of the sync tokens
	dead    map[store.NodeID][]store.Prop // of the page
	held    store.MemberLocks             // likewise
	scratch []byte
	dated   int64  // the second that date writes
	date    []byte // the last getlastmodified
}

// multistatusBuffer is how much is collected before it is sent, under one deadline.
const multistatusBuffer = 32 << 10

func (q *request) multistatus(a *asked) *multistatus {
	b, ok := q.h.buffers.Get().(*bufio.Writer)
	if !ok {
		b = bufio.NewWriterSize(nil, multistatusBuffer)
	}
	out := &listing{q: q}
	b.Reset(out)
	return &multistatus{Writer: b, out: out, q: q, a: a}
}

// free gives the buffer back.
func (m *multistatus) free() {
	m.out.free()
	m.Reset(nil)
	m.q.h.buffers.Put(m.Writer)
}

// started writes the body of a 207 and notes that it has begun.
type started struct{ q *request }

func (s started) Write(b []byte) (int, error) {
	if !s.q.w.Started() {
		s.begin()
	}
	return s.q.w.Write(b)
}

func (s started) begin() {
	h := s.q.w.Header()
	h.Set("Content-Type", "application/xml; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache")
	s.q.status(http.StatusMultiStatus)
}

// listing is started, compressed if the client takes that and a writer is free.
type listing struct {
	q   *request
	gz  *gzip.Writer
	all bool // what is written first is the whole
}

func (l *listing) Write(b []byte) (int, error) {
	if q := l.q; !q.w.Started() {
		h := q.w.Header()
		h.Add("Vary", "Accept-Encoding")
		if len(b) >= zipFrom && acceptsGzip(q.r.Header) {
			l.gz = q.h.zippers.take(q.w)
		}
		if l.gz != nil {
			h.Set("Content-Encoding", "gzip")
		} else if l.all {
			h.Set("Content-Length", strconv.Itoa(len(b)))
		}
		if l.gz != nil { // its header is the first that is written
			started{q}.begin()
		}
	}
	if l.gz != nil {
		return l.gz.Write(b)
	}
	return started{l.q}.Write(b)
}

// flush sends what was written so far.
func (l *listing) flush() error {
	if l.gz != nil {
		if err := l.gz.Flush(); err != nil {
			return err
		}
	}
	l.q.w.Flush()
	return nil
}

// end writes what is due at the end.
func (l *listing) end() error {
	if l.gz == nil {
		return nil
	}
	return l.gz.Close()
}

func (l *listing) free() {
	if l.gz != nil {
		l.q.h.zippers.give(l.gz)
		l.gz = nil
	}
}

// zipFrom is the least that is worth compressing.
const zipFrom = 1 << 10

// answer writes the whole of it for n and, unless the depth is 0, its members. An
// error before anything was sent can still be told; later the connection is broken.
func (m *multistatus) answer(n *store.Node) error {
	q := m.q
	if m.a.quota && q.tellsQuota() {
		used, _, available, err := q.h.store.Usage(q.r.Context(), q.sc)
		if err != nil {
			return err
		}
		m.usage = [2]int64{used, available}
	}
	if m.a.has[dav("sync-token")] { // before what it is about
		var err error
		if m.point, err = q.h.store.SyncPoint(q.r.Context(), q.sc); err != nil {
			return err
		}
	}
	var dead []store.Prop
	if m.wantsDead() {
		var err error
		if dead, err = q.h.store.Props(q.r.Context(), q.sc, q.p); err != nil {
			return err
		}
	}
	self := member{Node: n, p: q.p, href: escapeXML(q.h.href(q.p, n.IsFolder())), dead: dead}
	if q.p.IsRoot() { // its node has no name
		root := *n
		root.Name = path.Base(path.Clean(q.h.urlPath(q.p, false)))
		self.Node = &root
	}
	m.begin()
	if !m.a.noRoot {
		if err := m.response(&self); err != nil {
			return err
		}
	}
	if !m.a.depth0 && n.IsFolder() {
		var err error
		if m.a.infinite {
			err = m.tree(q.p)
		} else {
			err = m.members(q.p)
		}
		if errors.Is(err, errTooMany) {
			err = m.cutShort(self.href)
		}
		if err != nil {
			return err
		}
	}
	return m.end()
}

func (m *multistatus) begin() {
	m.WriteString(`<?xml version="1.0" encoding="UTF-8"?><D:multistatus xmlns:D="DAV:">`)
}

func (m *multistatus) end() error {
	m.WriteString("</D:multistatus>")
	m.out.all = true // if nothing was written yet, it is all in the buffer
	if err := m.Flush(); err != nil {
		return err
	}
	return m.out.end()
}

// The members that one call of the store brings: few at first, so that the first byte
// leaves early. Where dead properties are wanted too, which may take 256 KiB each, a
// page grows only while they are small.
const (
	firstPage     = 50
	firstDeadPage = 8
	maxPage       = 250
	deadPageBytes = 128 << 10
)

// members writes the members of a collection, a page at a time.
func (m *multistatus) members(at store.Path) error {
	q, after, size := m.q, "", firstPage
	m.at, m.folder = at, escapeXML(q.h.href(at, true))
	if m.wantsDead() {
		size = firstDeadPage
	}
	for {
		nodes, err := q.h.store.List(q.r.Context(), q.sc, at, after, size)
		if err != nil {
			return err
		}
		if len(nodes) == 0 {
			return nil
		}
		last := nodes[len(nodes)-1].Name
		bytes := 0
		if m.wantsDead() {
			if m.dead, err = q.h.store.ListProps(q.r.Context(), q.sc, at, after, last); err != nil {
				return err
			}
			bytes = propBytes(m.dead)
		}
		if m.a.has[dav("lockdiscovery")] {
			if m.held, err = q.h.store.ListLocks(q.r.Context(), q.sc, at); err != nil && !absentPath(err) {
				return err
			}
		}
		for i := range nodes {
			n := &nodes[i]
			if m.entries++; m.a.infinite && m.entries > q.h.o.InfiniteDepth {
				return errTooMany
			}
			if err := m.response(&member{Node: n, dead: m.dead[n.ID]}); err != nil {
				return err
			}
		}
		if len(nodes) < size {
			return nil
		}
		if after == "" { // there is more: let go of what there is
			if err := m.Flush(); err != nil {
				return err
			}
			if err := m.out.flush(); err != nil {
				return err
			}
		}
		if after = last; bytes > deadPageBytes {
			size = max(1, size/4)
		} else {
			size = min(4*size, maxPage)
		}
	}
}

func propBytes(dead map[store.NodeID][]store.Prop) (n int) {
	for _, props := range dead {
		for _, p := range props {
			n += len(p.Name.Space) + len(p.Name.Local) + len(p.Value)
		}
	}
	return n
}

// wantsDead reports whether the dead properties have to be read.
func (m *multistatus) wantsDead() bool { return m.a.all || m.a.names || m.a.dead }

// member is a resource of the answer.
type member struct {
	*store.Node
	p    store.Path // of the resource of the request; else empty
	href string     // likewise
	dead []store.Prop
}

// response writes one response element (§14.24): what was found, and what was not.
func (m *multistatus) response(r *member) error {
	m.WriteString("<D:response><D:href>")
	if r.href != "" {
		m.WriteString(r.href)
	} else {
		m.WriteString(m.folder)
		m.scratch = appendHref(m.scratch[:0], r.Name, r.IsFolder())
		m.Write(m.scratch)
	}
	m.WriteString("</D:href>")
	a, found, lost := m.a, false, 0
	have := func() {
		if !found {
			found = true
			m.WriteString("<D:propstat><D:prop>")
		}
	}
	if a.all || a.names {
		have()
		for l := firstLive; l <= lastLive; l++ {
			if (l <= lastCheap || l == lockDiscovery && a.depth0) && m.has(l, r) {
				if err := m.live(l, r, !a.names); err != nil {
					return err
				}
			}
		}
		for i := range r.dead {
			if p := &r.dead[i]; lives[xml.Name(p.Name)] == 0 {
				m.deadProp(p, r, !a.names)
			}
		}
	}
	for i := range a.props {
		p := &a.props[i]
		switch {
		case p.live > 0 && m.has(p.live, r):
			if a.all && (p.live <= lastCheap || p.live == lockDiscovery && a.depth0) {
				continue // it is there
			}
			have()
			if err := m.live(p.live, r, true); err != nil {
				return err
			}
		case p.live == 0 && find(r.dead, p.Name) != nil:
			if !a.all {
				have()
				m.deadProp(find(r.dead, p.Name), r, true)
			}
		default:
			lost++
		}
	}
	if a.minimal {
		lost = 0
	}
	if found || lost == 0 {
		have()
		m.WriteString("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
	}
	if lost > 0 {
		m.lost(r)
	}
	_, err := m.WriteString("</D:response>")
	return err // of any write before it
}

// lost writes what was asked for by name and is not there.
func (m *multistatus) lost(r *member) {
	m.WriteString("<D:propstat><D:prop>")
	for i := range m.a.props {
		p := &m.a.props[i]
		if p.live > 0 && !m.has(p.live, r) || p.live == 0 && find(r.dead, p.Name) == nil {
			m.startTag(p.Name, "")
			m.endTag(p.Name)
		}
	}
	m.WriteString("</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>")
}

// deadProp writes a property that a client has set, or its name alone.
func (m *multistatus) deadProp(p *store.Prop, r *member, value bool) {
	lang := p.Lang
	if !value {
		lang = ""
	}
	m.startTag(xml.Name(p.Name), lang)
	if value {
		m.Write(tells(p, r.Node))
	}
	m.endTag(xml.Name(p.Name))
}

// startTag writes a start tag that stands alone, but for the prefix D.
func (m *multistatus) startTag(n xml.Name, lang string) {
	if n.Space == "DAV:" {
		m.WriteString("<D:")
		m.WriteString(n.Local)
	} else {
		m.WriteString("<")
		m.WriteString(n.Local)
		if n.Space != "" {
			m.WriteString(` xmlns="`)
			m.text(n.Space)
			m.WriteString(`"`)
		}
	}
	if lang != "" {
		m.WriteString(` xml:lang="`)
		m.text(lang)
		m.WriteString(`"`)
	}
	m.WriteString(">")
}

func (m *multistatus) endTag(n xml.Name) {
	m.WriteString("</")
	if n.Space == "DAV:" {
		m.WriteString("D:")
	}
	m.WriteString(n.Local)
	m.WriteString(">")
}

// text writes s escaped.
func (m *multistatus) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '<' || c == '>' || c == '&' || c == '"' || c == '\'' {
			xml.EscapeText(m, []byte(s))
			return
		}
	}
	m.WriteString(s)
}

// appendHref appends a name as Handler.href and escapeXML write it.
func appendHref(b []byte, name string, collection bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '$', c == '+', c == ',', c == ':', c == ';', c == '=', c == '@':
			b = append(b, c)
		case c == '&':
			b = append(b, "&amp;"...)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	if collection {
		b = append(b, '/')
	}
	return b
}

func find(props []store.Prop, name xml.Name) *store.Prop {
	for i := range props {
		if xml.Name(props[i].Name) == name {
			return &props[i]
		}
	}
	return nil
}
