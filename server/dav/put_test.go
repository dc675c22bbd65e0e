package dav

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestPut(t *testing.T) {
	d := newDoor(t, nil)
	a := d.do(req{method: "PUT", path: "/f", body: "one", want: 201})
	one := a.Header.Get("ETag")
	if one == "" || a.Header.Get("Last-Modified") == "" {
		t.Errorf("no validators: %v", a.Header)
	}
	two := d.do(req{method: "PUT", path: "/f", body: "two", head: []string{"If-Match", one}, want: 204}).Header.Get("ETag")
	if one == two {
		t.Errorf("ETag %s names two contents", one)
	}
	d.all(
		req{method: "PUT", path: "/f", body: "x", head: []string{"If-Match", one}, want: 412},
		req{method: "PUT", path: "/f", body: "x", head: []string{"If-Match", "W/" + two}, want: 412},
		req{method: "PUT", path: "/f", body: "x", head: []string{"If-Match", "garbage"}, want: 412},
		req{method: "PUT", path: "/f", body: "x", head: []string{"If-None-Match", "*"}, want: 412},
		req{method: "PUT", path: "/f", body: "x", head: []string{"If-None-Match", two}, want: 412},
		req{method: "PUT", path: "/new", body: "x", head: []string{"If-Match", "*"}, want: 412},
		req{method: "PUT", path: "/f", body: "x", head: []string{"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"}, want: 412},
		req{method: "PUT", path: "/f", body: "x", head: []string{"Content-Range", "bytes 0-0/3"}, want: 400},
		req{method: "PUT", path: "/f", body: "x", head: []string{"Content-Encoding", "gzip"}, want: 415},
		req{method: "PUT", path: "/f/", body: "x", want: 405},
		req{method: "PUT", path: "/", body: "x", want: 405},
		req{method: "PUT", path: "/no/f", body: "x", want: 409},
		req{method: "PUT", path: "/f/below", body: "x", want: 409},
		req{method: "MKCOL", path: "/c", want: 201},
		req{method: "PUT", path: "/c", body: "x", want: 405},
		req{method: "PUT", path: "/f", body: "x", head: []string{"Chunked", "", "X-Expected-Entity-Length", "2"}, want: 400},
	)
	d.holds("/f", "two")
	d.holds("/new", "-")
	d.all(
		req{method: "PUT", path: "/f", body: "3", head: []string{"If-None-Match", "JoplinIgnore-123"}, want: 204},
		req{method: "PUT", path: "/f", body: "4", head: []string{"If-Match", `"no", ` + `garbage, *`}, want: 204},
		req{method: "PUT", path: "/f", body: "four", head: []string{"Chunked", "", "X-Expected-Entity-Length", "4"}, want: 204},
		req{method: "PUT", path: "/empty", want: 201},
		req{method: "PUT", path: "/e2", head: []string{"Chunked", ""}, want: 201},
	)
	d.holds("/f", "four")
	d.holds("/empty", "")
	a = d.do(req{method: "PUT", path: "/old", body: "x", head: []string{"X-OC-Mtime", "1000000000"}, want: 201})
	if a.Header.Get("X-OC-Mtime") != "accepted" || a.Header.Get("Last-Modified") != "Sun, 09 Sep 2001 01:46:40 GMT" {
		t.Errorf("X-OC-Mtime: %v", a.Header)
	}
	if a = d.do(req{method: "PUT", path: "/old", body: "x", head: []string{"X-OC-Mtime", "-7"}, want: 204}); a.Header.Get("Last-Modified") != "Thu, 01 Jan 1970 00:00:00 GMT" {
		t.Errorf("a time before 1970: %v", a.Header)
	}
	if a = d.do(req{method: "PUT", path: "/old", body: "x", head: []string{"X-OC-Mtime", "yesterday"}, want: 204}); a.Header.Get("X-OC-Mtime") != "" {
		t.Errorf("X-OC-Mtime that is no time is accepted")
	}
}

// raw speaks HTTP by hand, for what a client library would not do.
func (d *door) raw() net.Conn {
	d.Helper()
	c, err := net.Dial("tcp", d.srv.Listener.Addr().String())
	if err != nil {
		d.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	d.Cleanup(func() { c.Close() })
	return c
}

func TestPutBroken(t *testing.T) {
	d := newDoor(t, func(o *Options) { o.ReadTimeout = 300 * time.Millisecond })
	d.do(req{method: "PUT", path: "/f", body: "whole", want: 201})
	t.Run("the client goes away", func(t *testing.T) {
		c := d.raw()
		fmt.Fprintf(c, "PUT %s/f HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", mount)
		c.(*net.TCPConn).CloseWrite()
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil && res.StatusCode/100 == 2 {
			t.Errorf("got %d", res.StatusCode)
		}
		d.holds("/f", "whole")
	})
	t.Run("the client falls silent", func(t *testing.T) {
		c := d.raw()
		fmt.Fprintf(c, "PUT %s/f HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", mount)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != 408 {
			t.Errorf("got %v %v, want 408", res, err)
		}
		d.holds("/f", "whole")
	})
	t.Run("expect 100-continue is refused before the body", func(t *testing.T) {
		c := d.raw()
		fmt.Fprintf(c, "PUT %s/f HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nIf-None-Match: *\r\nContent-Length: 100\r\n\r\n", mount)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != 412 {
			t.Errorf("got %v %v, want 412", res, err)
		}
	})
	t.Run("a refused large body sees its status", func(t *testing.T) {
		c := d.raw()
		const size = 6 << 20
		fmt.Fprintf(c, "PUT %s/f HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\nContent-Length: %d\r\n\r\n", mount, size)
		if _, err := io.CopyN(c, zeros{}, size); err != nil {
			t.Fatalf("sending: %v", err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != 412 {
			t.Errorf("got %v %v, want 412", res, err)
		}
	})
	d.holds("/f", "whole")
}

// TestPutRefused checks that a client which sends 32 MiB without waiting for
// "100 Continue", and reads when it has sent them, reads why they were refused.
func TestPutRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "whole", want: 201})
	d.do(req{method: "PUT", path: "/locked", body: "whole", want: 201})
	d.take("/locked", "exclusive", 200)
	if err := d.st.SetQuota(t.Context(), d.alice.User, 1<<20); err != nil {
		t.Fatal(err)
	}
	const size = 32 << 20
	for _, c := range []struct {
		path, head string
		want       int
	}{{"/f", "If-None-Match: *\r\n", 412}, {"/locked", "", 423}, {"/g", "", 507}} {
		for i := range 20 {
			conn := d.raw()
			fmt.Fprintf(conn, "PUT %s%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n", mount, c.path, c.head, size)
			if _, err := io.CopyN(conn, zeros{}, size); err != nil {
				t.Fatalf("%d, time %d: sending: %v", c.want, i, err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != c.want {
				t.Fatalf("%d, time %d: %v %v", c.want, i, res, err)
			}
			conn.Close()
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestMkcolDelete(t *testing.T) {
	d := newDoor(t, nil)
	d.all(
		req{method: "MKCOL", path: "/c", want: 201},
		req{method: "MKCOL", path: "/c/", want: 405},
		req{method: "MKCOL", path: "/", want: 405},
		req{method: "MKCOL", path: "/x/y", want: 409},
		req{method: "MKCOL", path: "/d", body: "x", want: 415},
		req{method: "MKCOL", path: "/d", body: "x", head: []string{"Chunked", ""}, want: 415},
		req{method: "MKCOL", path: "/d", head: []string{"Chunked", ""}, want: 201},
		req{method: "PUT", path: "/c/f", body: "x", want: 201},
		req{method: "DELETE", path: "/c", head: []string{"Depth", "0"}, want: 400},
		req{method: "DELETE", path: "/c", head: []string{"Depth", "no"}, want: 400},
		req{method: "DELETE", path: "/", want: 403},
		req{method: "DELETE", path: "/c", head: []string{"If-Match", `"x"`}, want: 412},
		req{method: "DELETE", path: "/c/f", head: []string{"Depth", "0"}, want: 204},
		req{method: "DELETE", path: "/c", head: []string{"Depth", "infinity"}, want: 204},
		req{method: "DELETE", path: "/c", want: 404},
		req{method: "DELETE", path: "/d/#x", want: 404},
		req{method: "GET", path: "/d", want: 200, has: "WebDAV"},
	)
}

func TestPutLarge(t *testing.T) {
	d := newDoor(t, nil)
	big := strings.Repeat("0123456789abcdef", 3<<16) // 3 MiB: several chunks
	d.do(req{method: "PUT", path: "/big", body: big, head: []string{"Chunked", ""}, want: 201})
	d.holds("/big", big)
	d.do(req{method: "GET", path: "/big", head: []string{"Range", "bytes=1048570-1048589"}, want: 206, has: big[1048570:1048590]})
}

func TestQuota(t *testing.T) {
	d := newDoor(t, nil)
	if err := d.st.SetQuota(t.Context(), d.alice.User, 10); err != nil {
		t.Fatal(err)
	}
	d.all(
		req{method: "PUT", path: "/f", body: "12345", want: 201},
		req{method: "PUT", path: "/g", body: "123456", want: 507, has: "<D:quota-not-exceeded/>"},
		req{method: "PUT", path: "/g", body: "123456", head: []string{"Chunked", ""}, want: 507},
		req{method: "COPY", path: "/f", head: to(mount + "/g"), want: 201},
		req{method: "COPY", path: "/f", head: to(mount + "/h"), want: 507, has: "<D:quota-not-exceeded/>"},
		req{method: "PUT", path: "/f", body: "54321", want: 204},
		req{method: "PROPFIND", path: "/", head: depth0, body: propfind("<D:prop><D:quota-available-bytes/></D:prop>"), want: 207, has: "<D:quota-available-bytes>0<"},
	)
	d.holds("/h", "-")
}
