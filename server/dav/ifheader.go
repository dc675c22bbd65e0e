package dav

import (
	"net/url"
	"strings"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"
)

// ifHeader is a parsed If header (RFC 4918 §10.4): it holds if one of its lists does.
type ifHeader struct {
	lists []ifList
	// tokens are all state tokens named anywhere in the header: naming one submits
	// it (§10.4.1).
	tokens []string
}

// ifList holds if all its conditions hold for its resource.
type ifList struct {
	tag   string     // the resource tag as sent; empty: the request's resource
	p     store.Path // of the tag
	ours  bool       // the tag names something below the mount
	conds []ifCond
}

// ifCond is one condition: a state token or an entity-tag, perhaps negated.
type ifCond struct {
	not   bool
	token string
	etag  string
	weak  bool
}

// Bounds of one If header, which is evaluated while the one writer waits: each resource
// that is named costs it a walk down its path.
const (
	maxIfLists     = 64
	maxIfConds     = 256
	maxIfResources = 8
	maxIfNames     = 300 // of their paths in all
)

var errIf = httperr.BadRequest("if-header", "The If header cannot be understood.", "RFC 4918 §10.4.2 gives its grammar.")

// parseIf reads an If header; "" is none. A tag may be an absolute URL, of which
// only the path counts, or an absolute path.
//
// x/net/webdav evaluates neither entity-tags nor Not (golang/go#44493), is content
// with one token of a list, compares hosts (which a proxy changes), and lets a lock
// on a tagged resource stand for one on the resource of the request.
func (h *Handler) parseIf(s string) (ih ifHeader, err error) {
	var cur ifList
	conds, names := 0, 0
	tagged := make(map[store.Path]bool)
	for s = trim(s); s != ""; s = trim(s) {
		switch s[0] {
		case '<':
			if len(ih.lists) > 0 && ih.lists[len(ih.lists)-1].tag == "" || cur.tag != "" && len(cur.conds) == 0 {
				return ih, errIf // a tag after untagged lists, or a tag without a list
			}
			tag, rest, ok := strings.Cut(s[1:], ">")
			if !ok || tag == "" {
				return ih, errIf
			}
			cur = ifList{tag: tag}
			cur.p, cur.ours, err = h.parseTag(tag)
			if err != nil {
				return ih, err
			}
			if cur.ours && !tagged[cur.p] {
				tagged[cur.p] = true
				names += 1 + strings.Count(string(cur.p), "/")
			}
			if len(tagged) > maxIfResources || names > maxIfNames {
				return ih, errIf
			}
			s = rest
		case '(':
			l := ifList{tag: cur.tag, p: cur.p, ours: cur.ours}
			if l.conds, s, err = parseList(s[1:]); err != nil {
				return ih, err
			}
			cur.conds = l.conds
			ih.lists = append(ih.lists, l)
			if conds += len(l.conds); conds > maxIfConds || len(ih.lists) > maxIfLists {
				return ih, errIf
			}
			for _, c := range l.conds {
				if c.token != "" {
					ih.tokens = append(ih.tokens, c.token)
				}
			}
		default:
			return ih, errIf
		}
	}
	if cur.tag != "" && len(cur.conds) == 0 {
		return ih, errIf
	}
	return ih, nil
}

// parseList reads a list's conditions up to and with its ")".
func parseList(s string) (conds []ifCond, rest string, err error) {
	for {
		var c ifCond
		s = trim(s)
		if len(s) > 3 && strings.EqualFold(s[:3], "Not") {
			c.not = true
			s = trim(s[3:])
		}
		switch {
		case strings.HasPrefix(s, ")"):
			if c.not || len(conds) == 0 {
				return nil, "", errIf
			}
			return conds, s[1:], nil
		case strings.HasPrefix(s, "<"):
			tok, rest, ok := strings.Cut(s[1:], ">")
			if !ok || tok == "" {
				return nil, "", errIf
			}
			c.token, s = tok, rest
		case strings.HasPrefix(s, "["):
			var ok bool
			if c.etag, c.weak, s, ok = transfer.CutTag(trim(s[1:])); !ok {
				return nil, "", errIf
			}
			if s = trim(s); !strings.HasPrefix(s, "]") {
				return nil, "", errIf
			}
			s = s[1:]
		default:
			return nil, "", errIf
		}
		conds = append(conds, c)
		if len(conds) > maxIfConds {
			return nil, "", errIf
		}
	}
}

// parseTag finds the resource a tag names. One that cannot be ours has no state: no
// token and no entity-tag matches there.
func (h *Handler) parseTag(tag string) (p store.Path, ours bool, err error) {
	u, err := url.Parse(tag)
	if err != nil || !strings.HasPrefix(u.EscapedPath(), "/") {
		return "", false, errIf
	}
	p, _, err = h.parsePath(u.EscapedPath())
	return p, err == nil, nil
}

func trim(s string) string { return strings.TrimLeft(s, " \t") }
