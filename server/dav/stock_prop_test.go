package dav

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/net/webdav"
)

// breakingFS cannot look at the file called "sick", and not because it is not there.
type breakingFS struct{ sickFS }

func (f breakingFS) Stat(ctx context.Context, name string) (os.FileInfo, error) {
	if f.sick(name) {
		return nil, syscall.EIO
	}
	return f.sickFS.Stat(ctx, name)
}

func stockPropfind() []defect {
	ask := func(path, body, has string, want int, head ...string) []req {
		return []req{{method: "PROPFIND", path: path, head: append([]string{"Depth", "0"}, head...), body: body, want: want, has: has}}
	}
	one := func(name, has string) []req { return ask("/c", propfind("<D:prop><D:"+name+"/></D:prop>"), has, 207) }
	crowd := make([]req, 0, 302)
	crowd = append(crowd, aFolder)
	for i := range 300 {
		crowd = append(crowd, req{method: "PUT", path: fmt.Sprintf("/c/f%03d", i), body: "x"})
	}
	crowd = append(crowd, req{method: "PUT", path: "/c/sick", body: "x"})
	return []defect{
		{
			name: "no Depth lists the tree", source: "handlePropfind", before: []req{aFolder, aMember},
			play: []req{{method: "PROPFIND", path: "/c", want: 403, has: "<D:propfind-finite-depth/>"}}, stock: "207, want 403",
		},
		{
			name: "Infinity in capitals is 400", source: "parseDepth", before: []req{aFolder},
			play: []req{{method: "PROPFIND", path: "/c", head: []string{"Depth", "Infinity"}, want: 403}}, stock: "400, want 403",
		},
		{
			name: "1,noroot is 400", source: "parseDepth", before: []req{aFolder},
			play: []req{{method: "PROPFIND", path: "/c", head: []string{"Depth", "1,noroot"}, want: 207}}, stock: "400, want 207",
		},
		{
			name: "a body without bounds", source: "readPropfind", before: []req{aFolder},
			play: ask("/c", propfind("<!--"+strings.Repeat("x", 2<<20)+"--><D:allprop/>"), "", 413), stock: "207, want 413",
		},
		{
			name: "names without bounds", source: "internal/xml", before: []req{aFolder},
			play: ask("/c", propfind("<D:prop>"+strings.Repeat(`<x xmlns="urn:none"/>`, 20_000)+"</D:prop>"), "", 400), stock: "207, want 400",
		},
		{
			name: "xmlns:x=\"\" is taken", source: "internal/xml, of 2015", before: []req{aFolder},
			play: ask("/c", propfind(`<D:prop><b:x xmlns:b=""/></D:prop>`), "", 400), stock: "207, want 400",
		},
		{
			name: "an empty prop is 400", source: "propfindProps", before: []req{aFolder},
			play: ask("/c", propfind("<D:prop/>"), "", 207), stock: "400, want 207",
		},
		{
			name: "text in a prop is 400", source: "propfindProps", before: []req{aFolder},
			play: ask("/c", propfind("<D:prop><D:getetag>x</D:getetag></D:prop>"), "", 207), stock: "400, want 207",
		},
		{
			name: "an answer that broke off looks whole", source: "handlePropfind", before: crowd,
			fs:   func(fs webdav.FileSystem, ill *atomic.Bool) webdav.FileSystem { return breakingFS{sickFS{fs, ill}} },
			ours: ill,
			show: func(d *door) error {
				hr, err := http.NewRequest("PROPFIND", d.srv.URL+mount+"/c", strings.NewReader(propfind(`<D:prop><x xmlns="urn:x"/></D:prop>`)))
				if err != nil {
					return err
				}
				hr.Header.Set("Depth", "1")
				res, err := d.srv.Client().Do(hr)
				if err != nil {
					return err
				}
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				if err == nil && res.StatusCode == 207 {
					return fmt.Errorf("PROPFIND: 207, read to its end %q", body[max(0, len(body)-40):])
				}
				return nil
			},
			stock: "Internal Server Error",
		},
		{
			name: "Prefer is not heard", source: "handlePropfind", before: []req{aFolder},
			show: func(d *door) error {
				a := d.ask(ask("/c", propfind(`<D:prop><x xmlns="urn:none"/></D:prop>`), "", 0, "Prefer", "return=minimal")[0])
				if strings.Contains(a.body, "404 Not Found") {
					return fmt.Errorf("PROPFIND: what is missing is told, %d bytes", len(a.body))
				}
				return nil
			},
			stock: "what is missing is told",
		},
		{
			name: "each member is asked for many times", source: "props, findContentType, walkFS",
			unseen: "calls of the file system and statements, not answers: TestLockDiscoveryOfMembers counts ours, test/bench compares the time.",
		},
		{
			name: "a folder is read whole before the answer", source: "walkFS: Readdir(0)",
			unseen: "memory and the time to the first byte: test/bench and test/memory measure them.",
		},
		{name: "no creationdate", source: "liveProps", before: []req{aFolder}, play: one("creationdate", "200 OK"), stock: "without \"200 OK\""},
		{name: "no lockdiscovery", source: "liveProps, TODO", before: []req{aFolder, {method: "LOCK", path: "/c", body: exclusive}}, play: one("lockdiscovery", "<D:locktoken>"), stock: "404 Not Found"},
		{name: "no quota", source: "liveProps", before: []req{aFolder}, play: one("quota-available-bytes", "200 OK"), stock: "without \"200 OK\""},
		{name: "no ETag of a collection", source: "liveProps", before: []req{aFolder}, play: one("getetag", "200 OK"), stock: "without \"200 OK\""},
		{
			name: "no getcontentlanguage, owner, current-user-principal, sync-token", source: "liveProps",
			unseen: "there is none here either: nothing sets a language, and the others belong to RFC 3744, 5397 and 6578, which this door does not announce.",
		},
		{
			name: "D: on every element", source: "golang/go#11177", before: []req{aFolder}, play: one("resourcetype", "<D:collection"),
			mended: "multistatusWriter writes D: since 2015; Windows needs it",
		},
	}
}

func stockProppatch() []defect {
	time := propfind("<D:prop><D:getlastmodified/></D:prop>")
	setTime := `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><Win32LastModifiedTime xmlns="urn:schemas-microsoft-com:">` +
		`Sun, 09 Sep 2001 01:46:40 GMT</Win32LastModifiedTime></D:prop></D:set></D:propertyupdate>`
	many := `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>` + strings.Repeat(`<x xmlns="urn:x"/>`, 20_000) + `</D:prop></D:set></D:propertyupdate>`
	return []defect{
		{
			name: "folders are 500", source: "golang/go#43929", before: []req{aFolder}, dir: true,
			play: []req{{method: "PROPPATCH", path: "/c", body: setProp, want: 207, has: "200 OK"}}, stock: "500, want 207",
		},
		{
			// An upload from Windows ends with such a PROPPATCH, and fails by it.
			name: "no properties on a disk", source: "patch: no DeadPropsHolder, golang/go#80232", before: []req{aFile}, dir: true,
			play: []req{{method: "PROPPATCH", path: "/f", body: setProp, want: 207, has: "200 OK"}}, stock: "403 Forbidden",
		},
		{
			name: "a client cannot set the time", source: "patch keeps live names from the file", before: []req{aFile},
			play:  []req{{method: "PROPPATCH", path: "/f", body: setTime, want: 207}, {method: "PROPFIND", path: "/f", head: depth0, body: time, want: 207, has: "09 Sep 2001"}},
			stock: "without \"09 Sep 2001\"",
		},
		{
			name: "properties without bounds", source: "readProppatch", before: []req{aFile},
			play: []req{{method: "PROPPATCH", path: "/f", body: many, want: 400}}, stock: "207, want 400",
		},
	}
}
