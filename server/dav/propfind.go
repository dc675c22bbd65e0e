package dav

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strings"

	"cairn/server/httperr"
)

// propfind answers PROPFIND (RFC 4918 §9.1) for one resource or for a collection and
// its members, whose answer is written page by page (multistatus). Depth infinity, which
// the want of a header means too, is 403 propfind-finite-depth unless it was switched on
// (Options.InfiniteDepth).
//
// x/net/webdav lists a folder whole before it writes, and keeps it until a slow client
// has read the last byte; asks the file system for each member several times; calls
// every failure 405; reads a body without bounds; and ends an answer that broke off
// like a whole one, with the words "Internal Server Error" behind it.
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
	if err := q.checkAll(); err != nil {
		return err
	}
	n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p)
	if err != nil {
		return err
	}
	switch {
	case !n.IsFolder():
		depth = 0
	case depth < 0 && q.h.o.InfiniteDepth <= 0:
		return errFinite
	}
	a.depth0, a.infinite = depth == 0, depth < 0
	a.prefers = q.prefers()
	a.noRoot = a.noRoot && !a.depth0 && n.IsFolder() // else there would be nothing
	q.applied(a.prefers)
	m := q.multistatus(a)
	defer m.free()
	return m.answer(&n)
}

var errFinite = httperr.Problem{Status: http.StatusForbidden, Code: "finite-depth", Condition: "<D:propfind-finite-depth/>",
	Title: "A whole tree is not listed at once.", Hint: "Ask folder by folder, with Depth: 1."}

// Bounds of the properties asked for by name: each one missing is an element of the
// answer for every member of a collection, and the names are kept until its end.
const (
	maxPropNames     = 1000
	maxPropNameBytes = 32 << 10 // namespaces counted with each name
)

// asked is what a PROPFIND wants to know.
type asked struct {
	all, names bool
	props      []askedProp // by name, or included
	has        map[xml.Name]bool
	dead       bool // a name that only a client can have set is among them
	quota      bool // one of the properties of the quota is among them
	depth0     bool
	infinite   bool
	prefers
}

// askedProp is a property asked for by name.
type askedProp struct {
	xml.Name
	live live // 0: only a client can have set it
}

// parsePropfind reads a body that checkXML let pass; nil asks for all properties.
// Elements it does not know are ignored (RFC 4918 §17). An empty prop asks for
// nothing, which cannot be answered: resourcetype, which everything has, stands for it.
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
	size := 0
	name := func(s xml.StartElement) error { return a.name(d, s, &size) }
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
	if prop && len(a.props) == 0 {
		a.props = []askedProp{{dav("resourcetype"), resourceType}}
	}
	return a, nil
}

// name notes a property that is asked for by name; size is what all names take.
func (a *asked) name(d *xml.Decoder, s xml.StartElement, size *int) error {
	if !a.has[s.Name] {
		a.has[s.Name] = true
		a.props = append(a.props, askedProp{s.Name, lives[s.Name]})
		l := lives[s.Name]
		a.dead = a.dead || l == 0
		a.quota = a.quota || l == quotaUsed || l == quotaAvailable || l == quotaBlocks || l == quotaUsedBlocks
		*size += len(s.Name.Space) + len(s.Name.Local)
	}
	if len(a.props) > maxPropNames || *size > maxPropNameBytes {
		return badXML("asks for too many properties")
	}
	return d.Skip()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// tellsQuota reports whether the quota properties are told. They are only when asked
// for by name (RFC 4331 §2), and not to the macOS client, which from 15.4 on hangs for a
// minute and a half on them, unless that was switched on.
func (q *request) tellsQuota() bool {
	return q.h.o.FinderQuota || !strings.HasPrefix(q.r.UserAgent(), "WebDAVFS/")
}
