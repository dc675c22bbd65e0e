package dav

import (
	"encoding/xml"
	"strings"
	"time"

	"golang.org/x/net/webdav"

	"cairn/server/transfer"
	"cairn/store"
)

// Patch is webdav.DeadPropsHolder: all or none, in one transaction, which checks
// locks and conditions too. Names in "DAV:" that are live here are protected; x/net
// has refused the others it knows before it comes here.
func (r *resource) Patch(patches []webdav.Proppatch) ([]webdav.Propstat, error) {
	var protected, others, all []webdav.Property
	var patch []store.PropPatch
	var touch time.Time
	for _, pp := range patches {
		for _, p := range pp.Props {
			name := webdav.Property{XMLName: p.XMLName}
			all = append(all, name)
			if lives[p.XMLName] > 0 {
				protected = append(protected, name)
				continue
			}
			// A value that x/net cut in the wrong place would break every listing.
			if err := checkXML([]byte("<D:v xmlns:D=\"DAV:\">" + string(p.InnerXML) + "</D:v>")); err != nil {
				return nil, r.t.fail(err)
			}
			others = append(others, name)
			if t, ok := setsTime(p); ok && !pp.Remove {
				touch = t
			}
			patch = append(patch, store.PropPatch{Remove: pp.Remove, Prop: store.Prop{
				Name: store.PropName(p.XMLName), Lang: p.Lang, Value: p.InnerXML,
			}})
		}
	}
	if len(protected) > 0 {
		stats := []webdav.Propstat{{Status: 403, Props: protected, XMLError: `<D:cannot-modify-protected-property xmlns:D="DAV:"/>`}}
		if len(others) > 0 {
			stats = append(stats, webdav.Propstat{Status: webdav.StatusFailedDependency, Props: others})
		}
		return stats, nil
	}
	q := r.t.q
	if err := q.h.store.SetProps(q.r.Context(), q.sc, q.p, patch, q.forStore()); err != nil {
		return nil, r.t.fail(err)
	}
	if !touch.IsZero() && !q.p.IsRoot() { // a root keeps its time
		if _, err := q.h.store.Touch(q.r.Context(), q.sc, q.p, touch, q.forStore()); err != nil {
			return nil, r.t.fail(err)
		}
	}
	return []webdav.Propstat{{Status: 200, Props: all}}, nil
}

// setsTime reads the two properties by which clients set the modification time:
// Windows' (RFC 1123 date) and the one of rclone and ownCloud (Unix seconds). They
// are kept as they were sent as well.
func setsTime(p webdav.Property) (time.Time, bool) {
	switch p.XMLName {
	case xml.Name{Space: "urn:schemas-microsoft-com:", Local: "Win32LastModifiedTime"}:
		t, err := time.Parse(time.RFC1123, string(p.InnerXML))
		return transfer.Told(t), err == nil
	case dav("lastmodified"):
		return transfer.ParseSeconds(strings.TrimSpace(string(p.InnerXML)))
	}
	return time.Time{}, false
}
