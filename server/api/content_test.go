package api

import (
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

func TestContent(t *testing.T) {
	d := newDoor(t, nil)
	n := d.put("docs/f é.txt", "0123456789")
	tag, date := `"`+n.ETag()+`"`, n.ModTime.UTC().Format(http.TimeFormat)
	const file = "/content?path=docs/f%20%C3%A9.txt"
	for _, c := range []struct {
		head []string
		want int
		body string
	}{
		{nil, 200, "0123456789"},
		{[]string{"If-None-Match", tag}, 304, ""},
		{[]string{"If-Modified-Since", date}, 304, ""},
		{[]string{"If-Match", `"x"`}, 412, "-"},
		{[]string{"If-Match", tag}, 200, "0123456789"},
		{[]string{"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"}, 412, "-"},
		{[]string{"Range", "bytes=2-4"}, 206, "234"},
		{[]string{"Range", "bytes=-3"}, 206, "789"},
		{[]string{"Range", "bytes=10-"}, 416, ""},
		{[]string{"Range", "bytes=1-1", "If-Range", tag}, 206, "1"},
		{[]string{"Range", "bytes=1-1", "If-Range", `"x"`}, 200, "0123456789"},
	} {
		a := d.do(req{method: "GET", path: file, head: c.head, want: c.want})
		if c.body != "-" && (a.body != c.body || c.want < 300 && a.Header.Get("ETag") != tag) {
			t.Errorf("%q: %q %v, want %q", c.head, a.body, a.Header, c.body)
		}
	}
	a := d.do(req{method: "GET", path: file, head: []string{"Range", "bytes=0-1,4-5"}, want: 206})
	if ct := a.Header.Get("Content-Type"); !strings.HasPrefix(ct, "multipart/byteranges") || !strings.Contains(a.body, "\r\n\r\n45\r\n") {
		t.Errorf("two ranges: %s %q", ct, a.body)
	}
	a = d.do(req{method: "HEAD", path: file})
	h := a.Header
	if a.ContentLength != 10 || h.Get("ETag") != tag || h.Get("Last-Modified") != date || h.Get("Accept-Ranges") != "bytes" ||
		h.Get("Cache-Control") != "private, no-cache" || a.body != "" {
		t.Errorf("HEAD: %d %v", a.ContentLength, h)
	}
	d.all(
		req{method: "GET", path: "/content?path=docs", want: 409, code: "is-a-folder"},
		req{method: "HEAD", path: "/content?path=docs", want: 409},
		req{method: "GET", path: "/content", want: 409, code: "is-a-folder"},
		req{method: "GET", path: "/content?path=none", want: 404, code: "not-found"},
		req{method: "HEAD", path: "/content?path=none", want: 404},
		req{method: "GET", path: "/content?path=../docs", want: 400, code: "invalid-name"},
		req{method: "GET", path: "/content?path=a%00", want: 400, code: "invalid-name"},
		req{method: "GET", path: file + "&download=2", want: 400, code: "bad-query"},
		req{method: "GET", path: file + "&inline=1", want: 400, code: "bad-query"},
	)
}

// What is a page, or can hold a script, is saved and not shown.
func TestContent_hostile(t *testing.T) {
	d := newDoor(t, nil)
	const sandbox = "sandbox; default-src 'none'"
	for name, want := range map[string]struct{ ctype, csp, disposition string }{
		"a.html": {"text/html; charset=utf-8", sandbox, "attachment"},
		"a.svg":  {"image/svg+xml", sandbox, "attachment"},
		"a":      {"application/octet-stream", sandbox, "attachment"},
		"a.png":  {"image/png", sandbox, "inline"},
		"a.pdf":  {"application/pdf", "default-src 'none'", "inline"},
	} {
		d.put(name, "<script>alert(1)</script>")
		for _, query := range []string{"", "&download=1"} {
			if query != "" {
				want.disposition = "attachment"
			}
			for _, method := range []string{"GET", "HEAD"} {
				h := d.do(req{method: method, path: "/content?path=" + name + query}).Header
				if h.Get("Content-Type") != want.ctype || h.Get("Content-Security-Policy") != want.csp ||
					h.Get("Content-Disposition") != want.disposition+`; filename="`+name+`"` ||
					h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" {
					t.Errorf("%s %s%s: %v", method, name, query, h)
				}
			}
		}
	}
}

// spying stands for the innermost writer and notes what it is asked to read from.
type spying struct {
	http.ResponseWriter
	files, others *atomic.Int32
}

func (s spying) ReadFrom(r io.Reader) (int64, error) {
	n := s.others
	if l, ok := r.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			n = s.files
		}
	}
	n.Add(1)
	return s.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
}

// TestContent_sendfile checks that Echo's writer does not stand between a file and the
// socket.
func TestContent_sendfile(t *testing.T) {
	d := newDoor(t, nil)
	noise := make([]byte, 3<<20) // what could be compressed would not lie there as it is sent
	rand.NewChaCha8([32]byte{}).Read(noise)
	big := string(noise)
	d.put("big", big)
	var files, others atomic.Int32
	inner := d.srv.Config.Handler
	d.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(spying{w, &files, &others}, r)
	})
	if a := d.do(req{method: "GET", path: "/content?path=big"}); a.body != big {
		t.Errorf("%d bytes, want %d", len(a.body), len(big))
	}
	if files.Load() == 0 || others.Load() != 0 {
		t.Errorf("%d reads from files, %d from others", files.Load(), others.Load())
	}
}
