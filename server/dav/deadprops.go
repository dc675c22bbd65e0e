package dav

import (
	"encoding/xml"
	"strconv"
	"time"

	"golang.org/x/net/webdav"

	"cairn/store"
)

// DeadProps is webdav.DeadPropsHolder. x/net looks here first, so it holds, beside
// what clients have stored, the live properties that x/net has not or has wrong:
// creationdate; lockdiscovery; supportedlock with shared locks; the ETag of a
// collection; quota (RFC 4331). Each but creationdate costs the store a call or the
// client room, and comes only when it is asked for by name (lockdiscovery also with
// all others of a single resource).
func (r *resource) DeadProps() (map[xml.Name]webdav.Property, error) {
	a, q := r.t.a, r.t.q
	props := make(map[xml.Name]webdav.Property)
	set := func(name xml.Name, value string) {
		props[name] = webdav.Property{XMLName: name, InnerXML: []byte(value)}
	}
	if a.all || a.names || a.dead {
		dead, err := q.h.store.Props(q.r.Context(), q.sc, r.p)
		if err != nil {
			return nil, r.t.fail(err)
		}
		for _, p := range dead {
			name := xml.Name(p.Name)
			if a.all || a.names || a.has[name] {
				props[name] = webdav.Property{XMLName: name, Lang: p.Lang, InnerXML: p.Value}
			}
		}
	}
	if a.all || a.names || a.has[dav("creationdate")] {
		set(dav("creationdate"), r.created.UTC().Format(time.RFC3339))
	}
	if a.has[dav("getetag")] && r.dir {
		etag, _ := r.ETag(nil)
		set(dav("getetag"), escapeXML(etag))
	}
	if a.has[dav("supportedlock")] && !a.all {
		set(dav("supportedlock"), supportedLock)
	}
	if a.has[dav("lockdiscovery")] || a.depth0 && (a.all || a.names) {
		locks, roots, err := q.h.store.Locks(q.r.Context(), q.sc, r.p)
		if err != nil {
			return nil, r.t.fail(err)
		}
		var xml string
		for i := range locks {
			xml += q.h.activeLock(&locks[i], roots[i], roots[i] != r.p || r.dir)
		}
		set(dav("lockdiscovery"), xml)
	}
	if (a.has[dav("quota-used-bytes")] || a.has[dav("quota-available-bytes")]) && r.dir && q.tellsQuota() {
		if err := r.t.readUsage(); err != nil {
			return nil, err
		}
		for i, name := range []xml.Name{dav("quota-used-bytes"), dav("quota-available-bytes")} {
			if a.has[name] {
				set(name, strconv.FormatInt(r.t.usage[i], 10))
			}
		}
	}
	return props, nil
}

const supportedLock = `<D:lockentry xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>` +
	`<D:lockentry xmlns:D="DAV:"><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`

// readUsage asks once a request.
func (t *tree) readUsage() error {
	if t.usage != nil {
		return nil
	}
	used, _, available, err := t.q.h.store.Usage(t.q.r.Context(), t.q.sc)
	if err != nil {
		return t.fail(err)
	}
	t.usage = &[2]int64{used, available}
	return nil
}

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
			if own[p.XMLName] {
				protected = append(protected, name)
				continue
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
	if err := q.h.store.SetProps(q.r.Context(), q.sc, r.p, patch, r.t.cond()); err != nil {
		return nil, r.t.fail(err)
	}
	if !touch.IsZero() && !r.p.IsRoot() { // a root keeps its time
		if _, err := q.h.store.Touch(q.r.Context(), q.sc, r.p, touch, r.t.cond()); err != nil {
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
		return t, err == nil && t.Year() >= 1970 && t.Year() <= 9999
	case dav("lastmodified"):
		return mtime(string(p.InnerXML))
	}
	return time.Time{}, false
}
