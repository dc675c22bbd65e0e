package dav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"cairn/server/httperr"
	"cairn/store"
)

// report answers REPORT with sync-collection (RFC 6578): what has changed in a collection
// since a token, members or, with the level infinite, everything below. Without a token it
// is everything, which for the level infinite has to be switched on
// (Options.InfiniteDepth). A token that says nothing any more is 403 valid-sync-token: the
// history of that time is not kept, or the store was made anew from a backup or its packs.
//
// x/net/webdav has no REPORT.
func (q *request) report() error {
	depth, err := q.depth()
	if err != nil || depth > 0 || depth == infinite { // §3.2: the level says how deep
		return errDepth
	}
	body, release, err := q.readXML()
	defer release()
	if err != nil {
		return err
	}
	want, err := parseSync(body)
	release()
	if err != nil {
		return err
	}
	if err := q.checkIf(); err != nil {
		return err
	}
	n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p)
	switch {
	case err != nil:
		return err
	case !n.IsFolder():
		return errNoReport
	case !q.cond.Current(&n) || q.cond.Known(&n):
		return store.ErrPrecondition
	}
	want.prefers = q.prefers()
	q.applied(want.prefers)
	m := q.multistatus(&want.asked)
	defer m.free()
	if want.token == "" {
		return m.everything(want, &n)
	}
	since, ok := parseSyncToken(want.token)
	if !ok {
		return store.ErrSyncPoint
	}
	return m.changes(want, since)
}

var (
	errNoReport = httperr.Problem{Status: http.StatusForbidden, Code: "report", Condition: "<D:supported-report/>",
		Title: "There is no such report of this address.", Hint: "Collections have sync-collection."}
	errSyncDeep = httperr.Problem{Status: http.StatusForbidden, Code: "sync-level", Condition: "<D:sync-traversal-supported/>",
		Title: "A whole tree is not listed at once.", Hint: "Begin folder by folder with the level 1, or with the sync-token of PROPFIND."}
	errSyncBig = httperr.Problem{Status: http.StatusInsufficientStorage, Code: "sync-limit", Condition: "<D:number-of-matches-within-limits/>",
		Title: "There is more below than is listed at once.", Hint: "Begin folder by folder with the level 1, or with the sync-token of PROPFIND."}
	errSyncMany = httperr.Problem{Status: http.StatusInsufficientStorage, Code: "sync-limit", Condition: "<D:number-of-matches-within-limits/>",
		Title: "There are more members than that.", Hint: "Ask without a limit."}
)

// syncWanted is what a sync-collection wants to know.
type syncWanted struct {
	asked
	token string
	deep  bool
	limit int // 0: none
}

// parseSync reads a body that checkXML let pass.
func parseSync(body []byte) (*syncWanted, error) {
	if body == nil {
		return nil, badXML("is missing")
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := root(d, "sync-collection"); err != nil {
		return nil, errNoReport
	}
	w := &syncWanted{}
	level, prop, size := "", false, 0
	w.has = make(map[xml.Name]bool)
	err := children(d, func(s xml.StartElement) error {
		switch s.Name {
		case dav("sync-token"):
			return elementText(d, &w.token)
		case dav("sync-level"):
			return elementText(d, &level)
		case dav("limit"):
			return children(d, func(s xml.StartElement) (err error) {
				if s.Name != dav("nresults") {
					return d.Skip()
				}
				text := ""
				if err = elementText(d, &text); err == nil {
					if w.limit, err = strconv.Atoi(text); err != nil || w.limit <= 0 {
						err = badXML("has a limit that is no number")
					}
				}
				return err
			})
		case dav("prop"):
			prop = true
			return children(d, func(s xml.StartElement) error { return w.name(d, s, &size) })
		}
		return d.Skip()
	})
	switch {
	case err != nil:
		return nil, err
	case level != "1" && level != "infinite":
		return nil, badXML("has no sync-level of 1 or infinite")
	case !prop:
		return nil, badXML("asks for no prop")
	}
	if w.deep = level == "infinite"; len(w.props) == 0 {
		w.props = []askedProp{{dav("resourcetype"), resourceType}}
	}
	return w, nil
}

// elementText reads the text of the element that d has just entered, up to its end.
func elementText(d *xml.Decoder, into *string) error {
	var text strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return badXML("is not well-formed")
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			if err := d.Skip(); err != nil {
				return badXML("is not well-formed")
			}
		case xml.EndElement:
			*into = strings.TrimSpace(text.String())
			return nil
		}
	}
}

const syncTokenHead = "urn:x-cairn:sync:"

// syncTokenOf is a moment as clients keep it.
func syncTokenOf(at store.SyncPoint) string { return syncTokenHead + at.String() }

func parseSyncToken(s string) (at store.SyncPoint, ok bool) {
	rest, ok := strings.CutPrefix(s, syncTokenHead)
	if !ok {
		return at, false
	}
	return store.ParseSyncPoint(rest)
}

// everything writes all members of a folder, and the token of before.
func (m *multistatus) everything(want *syncWanted, folder *store.Node) error {
	q := m.q
	switch most := q.h.o.InfiniteDepth; {
	case !want.deep:
	case most <= 0:
		return errSyncDeep
	case folder.Files > int64(most): // folders count too: what they add breaks the answer
		return errSyncBig
	}
	if want.limit > 0 {
		some, err := q.h.store.List(q.r.Context(), q.sc, q.p, "", want.limit+1)
		if err != nil {
			return err
		}
		if len(some) > want.limit || want.deep {
			return errSyncMany
		}
	}
	at, err := q.h.store.SyncPoint(q.r.Context(), q.sc)
	if err != nil {
		return err
	}
	m.point = at
	m.begin()
	if m.a.infinite = want.deep; want.deep {
		err = m.tree(q.p)
	} else {
		err = m.members(q.p)
	}
	if errors.Is(err, errTooMany) { // what is left the next report would not tell
		return err
	}
	return m.endSync(err, at)
}

// changes writes what has changed.
func (m *multistatus) changes(want *syncWanted, since store.SyncPoint) error {
	q := m.q
	ctx := q.r.Context()
	all, upto, more, err := q.h.store.ChangedSince(ctx, q.sc, q.p, since, want.deep, want.limit)
	if err != nil {
		return err
	}
	m.point = upto
	m.begin()
	there := make(map[store.Path]bool, len(all)) // what is at a path now
	for _, c := range all {
		there[c.Path] = there[c.Path] || !c.Gone
	}
	for i := range all {
		c := &all[i]
		if is, due := there[c.Path]; !due || is == c.Gone {
			continue // each path is told of once
		}
		delete(there, c.Path)
		href := escapeXML(q.h.href(c.Path, c.Node.IsFolder()))
		if c.Gone {
			m.WriteString("<D:response><D:href>" + href + "</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>")
			continue
		}
		r := &member{Node: &c.Node, p: c.Path, href: href}
		if m.wantsDead() {
			if r.dead, err = q.h.store.Props(ctx, q.sc, c.Path); err != nil && !absentPath(err) {
				return err
			}
		}
		if err = m.response(r); err != nil {
			return err
		}
	}
	if more {
		err = m.cutShort(escapeXML(q.h.href(q.p, true)))
	}
	return m.endSync(err, upto)
}

func (m *multistatus) endSync(err error, at store.SyncPoint) error {
	if err != nil {
		return err
	}
	m.WriteString("<D:sync-token>" + syncTokenOf(at) + "</D:sync-token>")
	return m.end()
}
