package dav

import (
	"encoding/xml"
	"net/http"
	"strconv"

	"golang.org/x/net/webdav"

	"cairn/store"
)

// proppatch sets and removes properties of a file or a collection (RFC 4918 §9.2), all
// or none: dead properties and times change in one transaction of the store, which
// checks locks and conditions in it. What is wrong with one property is told in the 207,
// with 424 for the others; nothing has changed then. With return=minimal (RFC 8144 §2)
// or Brief: t a success is a 200 without a body.
//
// x/net/webdav protects every live property that it knows, the times too, which clients
// set; answers 500 to collections (golang/go#43929); refuses a remove with content and
// elements that it does not know, which are to be ignored (§17). Its types for a
// patch and its outcome are used.
func (q *request) proppatch() error {
	body, release, err := q.readXML()
	defer release()
	if err != nil {
		return err
	}
	patches, err := parsePropertyUpdate(body)
	release()
	if err != nil {
		return err
	}
	if err := q.checkIf(); err != nil { // a patch that is refused never gets to the store
		return err
	}
	n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p)
	if err != nil {
		return err
	}
	if !q.cond.Current(&n) || q.cond.Known(&n) {
		return store.ErrPrecondition
	}
	patch, stats := settle(patches, n.Parent == 0)
	if len(stats) == 1 && stats[0].Status == http.StatusOK {
		if _, err := q.h.store.Patch(q.r.Context(), q.sc, q.p, patch, q.forStore()); err != nil {
			return err
		}
		if p := q.prefers(); p.minimal {
			q.applied(prefers{minimal: true})
			q.w.Header().Set("Content-Length", "0")
			return q.status(http.StatusOK)
		}
	}
	return q.patchAnswer(stats, n.IsFolder())
}

// settle makes of what a client asks for what the store is to do, and what there is to
// answer: one Propstat of 200, or those that say why nothing is done. root: the resource
// is the root of a space, which keeps its times.
func settle(patches []webdav.Proppatch, root bool) (patch store.Patch, stats []webdav.Propstat) {
	var fine, protected, wrong []webdav.Property
	for _, pp := range patches {
		for _, p := range pp.Props {
			name := webdav.Property{XMLName: p.XMLName}
			times := timed[p.XMLName]
			switch {
			case lives[p.XMLName] > 0 && (times == nil || pp.Remove || root):
				protected = append(protected, name)
				continue
			case times != nil && !pp.Remove:
				t, ok := parseTime(p.InnerXML)
				if !ok {
					wrong = append(wrong, name)
					continue
				}
				if !root {
					*times.in(&patch) = t
				}
			}
			fine = append(fine, name)
			if lives[p.XMLName] == 0 {
				patch.Props = append(patch.Props, store.PropPatch{Remove: pp.Remove, Prop: store.Prop{
					Name: store.PropName(p.XMLName), Lang: p.Lang, Value: p.InnerXML,
				}})
			}
		}
	}
	status := http.StatusOK
	if len(protected)+len(wrong) > 0 {
		status = webdav.StatusFailedDependency
	}
	for _, s := range []webdav.Propstat{
		{Status: status, Props: fine},
		{Status: http.StatusForbidden, Props: protected, XMLError: `<D:cannot-modify-protected-property/>`},
		{Status: http.StatusConflict, Props: wrong, ResponseDescription: "This is no time: write it as RFC 1123 or ISO 8601 has it."},
	} {
		if len(s.Props) > 0 {
			stats = append(stats, s)
		}
	}
	return patch, stats
}

// patchAnswer writes the 207.
func (q *request) patchAnswer(stats []webdav.Propstat, collection bool) error {
	m := q.multistatus(&asked{})
	defer m.free()
	m.begin()
	m.WriteString("<D:response>" + "<D:href>" + escapeXML(q.h.href(q.p, collection)) + "</D:href>")
	for _, s := range stats {
		m.WriteString("<D:propstat><D:prop>")
		told := make(map[xml.Name]bool, len(s.Props))
		for _, p := range s.Props {
			if !told[p.XMLName] {
				told[p.XMLName] = true
				m.startTag(p.XMLName, "")
				m.endTag(p.XMLName)
			}
		}
		m.WriteString("</D:prop><D:status>HTTP/1.1 " + strconv.Itoa(s.Status) + " " + webdav.StatusText(s.Status) + "</D:status>")
		if s.XMLError != "" {
			m.WriteString("<D:error>" + s.XMLError + "</D:error>")
		}
		if s.ResponseDescription != "" {
			m.WriteString("<D:responsedescription>" + s.ResponseDescription + "</D:responsedescription>")
		}
		m.WriteString("</D:propstat>")
	}
	m.WriteString("</D:response>")
	return m.end()
}
