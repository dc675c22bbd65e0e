package dav

import (
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"

	"golang.org/x/net/webdav"
)

// Most need a file, or a folder with one in it.
var (
	aFile   = req{method: "PUT", path: "/f", body: "file"}
	aFolder = req{method: "MKCOL", path: "/c"}
	aMember = req{method: "PUT", path: "/c/f", body: "member"}
)

func stockDoor() []defect {
	return []defect{
		{
			name: "prefix inside a name", source: "stripPrefix is strings.TrimPrefix",
			play: []req{{method: "PUT", path: "=" + mount + "note", body: "x", want: 404}}, stock: "201, want 404",
		},
		{
			// A proxy that guards a folder by its address, or a file system that does,
			// is walked around (hacdias/webdav f869dd6).
			name: "dots are resolved", source: "paths are not cleaned before FileSystem and LockSystem",
			before: []req{aFile, aFolder},
			play:   []req{{method: "GET", path: "/c/%2e%2e/f", want: 400}}, stock: "200, want 400",
		},
		{
			name: "unknown method is 400", source: "ServeHTTP",
			play: []req{{method: "BREW", path: "/", want: 501}}, stock: "400, want 501",
		},
		{
			name: "no class 3", source: "handleOptions",
			show: func(d *door) error {
				if dav := d.ask(req{method: "OPTIONS", path: "/"}).Header.Get("DAV"); !strings.Contains(dav, "3") {
					return fmt.Errorf("DAV: %s, want class 3 (RFC 4918 §18.3)", dav)
				}
				return nil
			},
			stock: "DAV: 1, 2,",
		},
		{
			name: "options cannot be extended", source: "handleOptions",
			unseen: "a matter of the interface: Allow and DAV are constants there. What we say is in TestMethods.",
		},
		{
			name: "POST is GET", source: "handleGetHeadPost", before: []req{aFile},
			play: []req{{method: "POST", path: "/f", body: "x", want: 405}}, stock: "200, want 405",
		},
		{
			// Sync clients delete what is 404.
			name: "a disk that fails is 404", source: "handleGetHeadPost: any error of OpenFile",
			before: []req{{method: "PUT", path: "/sick", body: "x"}}, fs: sickly, ours: ill,
			play: []req{{method: "GET", path: "/sick", want: 500}}, stock: "404, want 500",
		},
		{
			name: "GET of a collection is 405", source: "handleGetHeadPost", before: []req{aFolder},
			play: []req{{method: "HEAD", path: "/c", want: 200}, {method: "GET", path: "/c", want: 200, has: "WebDAV folder"}}, stock: "405, want 200",
		},
		{
			// Whoever may store a file here may run a script at this address.
			name: "content decides what a browser runs", source: "http.ServeContent reads 512 bytes, for HEAD too",
			before: []req{{method: "PUT", path: "/report", body: "<html><script>alert(1)</script></html>"}},
			show: func(d *door) error {
				a := d.ask(req{method: "HEAD", path: "/report"})
				if t := a.Header.Get("Content-Type"); strings.Contains(t, "html") || a.Header.Get("X-Content-Type-Options") != "nosniff" {
					return fmt.Errorf("HEAD: %s, nosniff %q", t, a.Header.Get("X-Content-Type-Options"))
				}
				return nil
			},
			stock: "HEAD: text/html",
		},
		{
			name: "GET and PROPFIND name other types", source: "handleGetHeadPost does not ask ContentTyper",
			before: []req{{method: "PUT", path: "/f.txt", body: "x"}},
			fs:     func(fs webdav.FileSystem, _ *atomic.Bool) webdav.FileSystem { return typed{fs} },
			show: func(d *door) error {
				got := d.ask(req{method: "GET", path: "/f.txt"}).Header.Get("Content-Type")
				return d.wrong(req{method: "PROPFIND", path: "/f.txt", head: depth0, want: 207, has: "<D:getcontenttype>" + got + "<"})
			},
			stock: "without \"<D:getcontenttype>text/plain",
		},
		{
			name: "errors are bare text", source: "ServeHTTP writes StatusText", before: []req{aFile, lockF},
			play: []req{{method: "PUT", path: "/f", body: "x", want: 423, has: "<D:lock-token-submitted>"}}, stock: "423 without",
		},
	}
}

// etag is that of /f as it is.
func (d *door) etag() string { return d.ask(req{method: "HEAD", path: "/f"}).Header.Get("ETag") }

var seconds = regexp.MustCompile(`Second-(\d+)`)
