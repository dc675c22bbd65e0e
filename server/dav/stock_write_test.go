package dav

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	"golang.org/x/net/webdav"
)

func stockWrite() []defect {
	old := []string{"If-Match", `"old"`}
	return []defect{
		{
			name: "If-Match is ignored", source: "handlePut, TODO", before: []req{aFile},
			play: []req{{method: "PUT", path: "/f", head: old, body: "x", want: 412}, {method: "GET", path: "/f", want: 200, has: "file"}}, stock: "201, want 412",
		},
		{
			name: "If-None-Match is ignored", source: "handlePut, TODO", before: []req{aFile},
			play: []req{{method: "PUT", path: "/f", head: []string{"If-None-Match", "*"}, body: "x", want: 412}}, stock: "201, want 412",
		},
		{
			name: "a part replaces the whole", source: "handlePut ignores Content-Range", before: []req{aFile},
			play: []req{{method: "PUT", path: "/f", head: []string{"Content-Range", "bytes 0-0/4"}, body: "F"}, {method: "GET", path: "/f", want: 200, has: "ile"}}, stock: "without \"ile\": F",
		},
		{
			name: "201 for what was there", source: "handlePut", before: []req{aFile},
			play: []req{{method: "PUT", path: "/f", body: "x", want: 204}}, stock: "201, want 204",
		},
		{
			name: "a full disk is 405", source: "handlePut, TODO", fs: sickly, ours: ill,
			play: []req{{method: "PUT", path: "/sick", body: "x", want: 507}}, stock: "405, want 507",
		},
		{
			name: "PUT on a folder is 404", source: "handlePut: any error of OpenFile", before: []req{aFolder}, dir: true,
			play: []req{{method: "PUT", path: "/c", body: "x", want: 405}}, stock: "404, want 405",
		},
		{
			name: "a body that breaks off destroys the file", source: "O_TRUNC, and Close is not told", before: []req{aFile},
			show: func(d *door) error {
				c := d.raw()
				fmt.Fprintf(c, "PUT %s/f HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", mount)
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c)
				return d.wrong(req{method: "GET", path: "/f", want: 200, has: "file"})
			},
			stock: "without \"file\": half",
		},
		{
			name: "the ETag of before Close", source: "handlePut: findETag on the FileInfo of before",
			fs: func(fs webdav.FileSystem, _ *atomic.Bool) webdav.FileSystem { return stamping{fs} },
			show: func(d *door) error {
				told := d.ask(aFile).Header.Get("ETag")
				if now := d.etag(); now != told {
					return fmt.Errorf("PUT told another ETag than HEAD: %s, %s", told, now)
				}
				return nil
			},
			stock: "another ETag",
		},
		{
			name: "no Last-Modified", source: "handlePut",
			show: func(d *door) error {
				if a := d.ask(aFile); a.Header.Get("Last-Modified") == "" {
					return fmt.Errorf("PUT: no Last-Modified: the client asks again")
				}
				return nil
			},
			stock: "no Last-Modified",
		},
		{
			name: "no X-OC-Mtime", source: "handlePut",
			show: func(d *door) error {
				d.ask(req{method: "PUT", path: "/f", body: "x", head: []string{"X-OC-Mtime", "1000000000"}})
				if got := d.ask(req{method: "HEAD", path: "/f"}).Header.Get("Last-Modified"); got != "Sun, 09 Sep 2001 01:46:40 GMT" {
					return fmt.Errorf("Last-Modified: %s, not what X-OC-Mtime said", got)
				}
				return nil
			},
			stock: "not what X-OC-Mtime said",
		},
		{
			name: "a refusal is lost in a reset", source: "no handler reads on",
			show: func(d *door) error {
				const size = 32 << 20
				c := d.raw()
				fmt.Fprintf(c, "PUT %s/none/f HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", mount, size)
				if _, err := io.CopyN(c, zeros{}, size); err != nil {
					return fmt.Errorf("sending, reset: %v", err)
				}
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil || res.StatusCode != 409 {
					return fmt.Errorf("%v, %v", res, err)
				}
				return nil
			},
			stock: "reset",
		},
		{
			name: "a DELETE that fails is 405", source: "handleDelete", before: []req{{method: "PUT", path: "/sick", body: "x"}}, fs: sickly, ours: ill,
			play: []req{{method: "DELETE", path: "/sick", want: 500}}, stock: "405, want 500",
		},
		{
			name: "locks outlive what they were on", source: "golang/go#42839", before: []req{aFile, lockF},
			play:  []req{{method: "DELETE", path: "/f", head: []string{"If", "({1})"}, want: 204}, {method: "PUT", path: "/f", body: "x", want: 201}},
			stock: "PUT /f: 423, want 201",
		},
		{
			name: "DELETE takes members that others have locked", source: "handleDelete: a lock of depth 0 on the folder alone, no 207",
			before: []req{aFolder, aMember, lockMember},
			play:   []req{{method: "DELETE", path: "/c", want: 207, has: "423 Locked"}, {method: "GET", path: "/c/f", want: 200}}, stock: "204, want 207",
		},
		{
			name: "MKCOL with a body, in chunks", source: "handleMkcol: ContentLength > 0",
			play: []req{{method: "MKCOL", path: "/d", body: "x", head: []string{"Chunked", ""}, want: 415}}, stock: "201, want 415",
		},
		{
			name: "MKCOL below a file is 405", source: "handleMkcol: any other error", before: []req{aFile},
			play: []req{{method: "MKCOL", path: "/f/d", want: 409}}, stock: "405, want 409",
		},
		{
			name: "MKCOL on a failing disk is 405", source: "handleMkcol: any other error", fs: sickly, ours: ill,
			play: []req{{method: "MKCOL", path: "/sick", want: 500}}, stock: "405, want 500",
		},
		{
			name: "PUT without a parent", source: "golang/net 2024-05-10",
			play: []req{{method: "PUT", path: "/none/f", body: "x", want: 409}}, mended: "handlePut: os.IsNotExist is StatusConflict",
		},
	}
}
