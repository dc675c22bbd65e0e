package dav

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cairn/store"
)

// A date says which content it is only if the server set it: a client may give two contents
// the same one, and a range of the second must not be put behind the begin of the first.
func TestGetDates(t *testing.T) {
	d := newDoor(t, nil)
	for _, c := range []struct {
		path, first, second string
		want                int
	}{{"/client", "0123456789", "abcdefghij", 200}, {"/server", "", "abcdefghij", 206}} {
		head, put := []string{"X-OC-Mtime", "1000000000"}, 204
		if c.first == "" {
			head, put = nil, 201
		} else {
			d.do(req{method: "PUT", path: c.path, body: c.first, head: head, want: 201})
		}
		date := d.do(req{method: "PUT", path: c.path, body: c.second, head: head, want: put}).Header.Get("Last-Modified")
		want := c.second[5:]
		if c.want == 200 {
			want = c.second
		}
		if a := d.do(req{method: "GET", path: c.path, head: []string{"Range", "bytes=5-", "If-Range", date}, want: c.want}); a.body != want {
			t.Errorf("%s by its date: %q", c.path, a.body)
		}
		since := map[int]int{200: 200, 206: 304}[c.want]
		d.do(req{method: "GET", path: c.path, head: []string{"If-Modified-Since", date}, want: since})
	}
}

func TestGet(t *testing.T) {
	d := newDoor(t, nil)
	a := d.do(req{method: "PUT", path: "/f.txt", body: "0123456789", head: []string{"X-OC-Mtime", "1000000000"}, want: 201})
	tag, date := a.Header.Get("ETag"), a.Header.Get("Last-Modified")
	const later, before = "Mon, 10 Sep 2001 01:46:40 GMT", "Sat, 08 Sep 2001 01:46:40 GMT"
	for _, c := range []struct {
		head []string
		want int
		body string
	}{
		{nil, 200, "0123456789"},
		{[]string{"If-None-Match", tag}, 304, ""},
		{[]string{"If-None-Match", "W/" + tag}, 304, ""},
		{[]string{"If-None-Match", `"a", ` + tag}, 304, ""},
		{[]string{"If-None-Match", "*"}, 304, ""},
		{[]string{"If-None-Match", "rubbish", "If-Modified-Since", later}, 200, "0123456789"},
		{[]string{"If-None-Match", `"a"`, "If-Modified-Since", later}, 200, "0123456789"},
		{[]string{"If-Match", `"a"`}, 412, "-"},
		{[]string{"If-Match", tag}, 200, "0123456789"},
		{[]string{"If-Match", tag, "If-None-Match", tag}, 304, ""},
		{[]string{"If-Modified-Since", date}, 200, "0123456789"}, // a client's
		{[]string{"If-Modified-Since", before}, 200, "0123456789"},
		{[]string{"If-Unmodified-Since", before}, 412, "-"},
		{[]string{"If-Unmodified-Since", date}, 200, "0123456789"},
		{[]string{"Range", "bytes=2-4"}, 206, "234"},
		{[]string{"Range", "bytes=7-"}, 206, "789"},
		{[]string{"Range", "bytes=-3"}, 206, "789"},
		{[]string{"Range", "bytes=-99"}, 206, "0123456789"},
		{[]string{"Range", "bytes=9-99999999999999999999999"}, 206, "9"},
		{[]string{"Range", "bytes=0-1,2-3,1-4"}, 206, "01234"},
		{[]string{"Range", "bytes=8-9, 20-30"}, 206, "89"},
		{[]string{"Range", "bytes=10-"}, 416, ""},
		{[]string{"Range", "bytes=-0"}, 416, ""},
		{[]string{"Range", "bytes=4-2"}, 200, "0123456789"},
		{[]string{"Range", "lines=1-2"}, 200, "0123456789"},
		{[]string{"Range", "bytes=a-b"}, 200, "0123456789"},
		{[]string{"Range", "bytes="}, 200, "0123456789"},
		{[]string{"Range", "bytes=1-1", "If-Range", tag}, 206, "1"},
		{[]string{"Range", "bytes=1-1", "If-Range", "W/" + tag}, 200, "0123456789"},
		{[]string{"Range", "bytes=1-1", "If-Range", date}, 200, "0123456789"},
		{[]string{"Range", "bytes=1-1", "If-Range", later}, 200, "0123456789"},
		{[]string{"If", `([` + tag + `])`}, 200, "0123456789"},
		{[]string{"If", `(["other"])`}, 412, "-"},
	} {
		a := d.do(req{method: "GET", path: "/f.txt", head: c.head, want: c.want})
		if c.body != "-" && a.body != c.body {
			t.Errorf("GET %q: %q, want %q", c.head, a.body, c.body)
		}
		if c.want == 206 && a.ContentLength != int64(len(c.body)) {
			t.Errorf("GET %q: Content-Length %d", c.head, a.ContentLength)
		}
		if c.want == 416 && a.Header.Get("Content-Range") != "bytes */10" {
			t.Errorf("GET %q: Content-Range %q", c.head, a.Header.Get("Content-Range"))
		}
	}
	a = d.do(req{method: "HEAD", path: "/f.txt", head: []string{"Range", "bytes=1-1"}, want: 200})
	if a.ContentLength != 10 || a.Header.Get("Accept-Ranges") != "bytes" || a.Header.Get("ETag") != tag {
		t.Errorf("HEAD: %d %v", a.ContentLength, a.Header)
	}
	d.all(req{method: "HEAD", path: "/none", want: 404}, req{method: "GET", path: "/f.txt/x", want: 404})
}

func TestMultiRange(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f.mp4", body: "0123456789", want: 201})
	a := d.do(req{method: "GET", path: "/f.mp4", head: []string{"Range", "bytes=0-1,-2,4-5"}, want: 206})
	_, params, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || a.ContentLength != int64(len(a.body)) {
		t.Fatalf("%v %v, %d of %d", err, a.Header, len(a.body), a.ContentLength)
	}
	mr := multipart.NewReader(strings.NewReader(a.body), params["boundary"])
	for _, want := range []struct{ body, rng string }{{"01", "bytes 0-1/10"}, {"89", "bytes 8-9/10"}, {"45", "bytes 4-5/10"}} {
		p, err := mr.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(p)
		if string(body) != want.body || p.Header.Get("Content-Range") != want.rng || p.Header.Get("Content-Type") != "video/mp4" {
			t.Errorf("part %q %v, want %v", body, p.Header, want)
		}
	}
	if _, err := mr.NextPart(); err != io.EOF {
		t.Errorf("more parts: %v", err)
	}
}

func TestContentHeaders(t *testing.T) {
	d := newDoor(t, nil)
	for name, want := range map[string]struct{ ctype, csp, disp string }{
		"a.txt":           {"text/plain; charset=utf-8", "sandbox; default-src 'none'", `inline; filename="a.txt"`},
		"a.PNG":           {"image/png", "sandbox; default-src 'none'", `inline; filename="a.PNG"`},
		"a.ts":            {"text/plain; charset=utf-8", "sandbox; default-src 'none'", `inline; filename="a.ts"`},
		"a.mts":           {"text/plain; charset=utf-8", "sandbox; default-src 'none'", `inline; filename="a.mts"`},
		"a.py":            {"text/plain; charset=utf-8", "sandbox; default-src 'none'", `inline; filename="a.py"`},
		"a.csv":           {"text/plain; charset=utf-8", "sandbox; default-src 'none'", `inline; filename="a.csv"`},
		"a.js":            {"text/javascript; charset=utf-8", "sandbox; default-src 'none'", `attachment; filename="a.js"`},
		"a.xml":           {"application/xml", "sandbox; default-src 'none'", `attachment; filename="a.xml"`},
		"a.pdf":           {"application/pdf", "default-src 'none'", `inline; filename="a.pdf"`},
		"a.html":          {"text/html; charset=utf-8", "sandbox; default-src 'none'", `attachment; filename="a.html"`},
		"a.svg":           {"image/svg+xml", "sandbox; default-src 'none'", `attachment; filename="a.svg"`},
		"a":               {"application/octet-stream", "sandbox; default-src 'none'", `attachment; filename="a"`},
		"a.xhtml":         {"application/xhtml+xml", "sandbox; default-src 'none'", `attachment; filename="a.xhtml"`},
		"h%C3%A9%20%22+1": {"application/octet-stream", "sandbox; default-src 'none'", `attachment; filename="h_ _+1"; filename*=UTF-8''h%C3%A9%20%22%2B1`},
	} {
		d.do(req{method: "PUT", path: "/" + name, body: "<html><script>1</script>", want: 201})
		for _, m := range []string{"GET", "HEAD"} {
			h := d.do(req{method: m, path: "/" + name, want: 200}).Header
			if h.Get("Content-Type") != want.ctype || h.Get("Content-Security-Policy") != want.csp ||
				h.Get("Content-Disposition") != want.disp || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: %v", m, name, h)
			}
		}
	}
}

func TestPage(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "MKCOL", path: "/%3Cscript%3Ealert(1)%3C%3E", want: 201})
	a := d.do(req{method: "GET", path: "/%3Cscript%3Ealert(1)%3C%3E/", want: 200, has: "&lt;script&gt;alert(1)&lt;&gt;"})
	csp := a.Header.Get("Content-Security-Policy")
	if strings.Contains(a.body, "<script") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("%s: %s", csp, a.body)
	}
	if !strings.Contains(a.body, "<style>"+pageStyle+"</style>") {
		t.Error("the style is not the one the policy allows")
	}
	if a := d.do(req{method: "HEAD", path: "/", want: 200}); a.ContentLength <= 0 || a.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %v", a.Header)
	}
}

// hiding wraps a writer as a framework does: without ReadFrom, but with Unwrap.
type hiding struct{ http.ResponseWriter }

func (h hiding) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// spying stands for the innermost writer and notes what it is asked to read from.
type spying struct {
	http.ResponseWriter
	files, others *atomic.Int32
}

func (s spying) ReadFrom(r io.Reader) (int64, error) {
	if l, ok := r.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			s.files.Add(1)
			return s.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
		}
	}
	s.others.Add(1)
	return s.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
}

// TestSendfile checks that a wrapped writer is looked through, and that what it gets
// is what net/http hands to sendfile.
func TestSendfile(t *testing.T) {
	d := newDoor(t, nil)
	noise := make([]byte, 3<<20) // what could be compressed would not lie there as it is sent
	rand.NewChaCha8([32]byte{}).Read(noise)
	big := string(noise)
	d.do(req{method: "PUT", path: "/big", body: big, want: 201})
	var files, others atomic.Int32
	inner := d.srv.Config.Handler
	d.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(hiding{hiding{spying{w, &files, &others}}}, r)
	})
	d.holds("/big", big)
	if files.Load() == 0 || others.Load() != 0 {
		t.Errorf("%d reads from files, %d from others", files.Load(), others.Load())
	}
}

// TestStalledReader checks that a client which takes nothing is cut off, and one that
// is merely slow is not.
func TestStalledReader(t *testing.T) {
	d := newDoor(t, func(o *Options) { o.WriteTimeout = 1500 * time.Millisecond })
	big := strings.Repeat("0123456789abcdef", 2<<20) // 32 MiB: more than the sockets hold
	d.do(req{method: "PUT", path: "/big", body: big, want: 201})
	ended := make(chan struct{}, 1)
	inner := d.srv.Config.Handler
	d.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- struct{}{} }()
		inner.ServeHTTP(w, r)
	})
	c := d.raw()
	fmt.Fprintf(c, "GET %s/big HTTP/1.1\r\nHost: x\r\n\r\n", mount)
	select {
	case <-ended:
	case <-time.After(15 * time.Second):
		t.Fatal("a client that takes nothing is waited for")
	}
	c = d.raw()
	fmt.Fprintf(c, "GET %s/big HTTP/1.1\r\nHost: x\r\n\r\n", mount)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(100 * time.Millisecond) // 1 MiB each: longer than the timeout in all
	defer tick.Stop()
	var got int64
	for err == nil {
		<-tick.C
		var n int64
		n, err = io.CopyN(io.Discard, res.Body, 1<<20)
		got += n
	}
	if err != io.EOF || got != int64(len(big)) {
		t.Errorf("a slow client got %d bytes of %d: %v", got, len(big), err)
	}
}

// unreadable is a store whose files cannot be read.
type unreadable struct {
	Store
	err error
}

type badContent struct {
	store.Content
	err error
}

func (u *unreadable) Open(ctx context.Context, sc store.Scope, p store.Path) (store.Content, error) {
	c, err := u.Store.Open(ctx, sc, p)
	return badContent{c, u.err}, err
}

func (b badContent) ReadAt([]byte, int64) (int, error) { return 0, b.err }

func (b badContent) WriteRange(context.Context, io.Writer, int64, int64) (int64, error) {
	return 0, b.err
}

// TestUnreadable checks that a file which cannot be read is told by a status, and not
// by a torn 200.
func TestUnreadable(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "0123456789", want: 201})
	st := &unreadable{Store: d.st}
	h := New(st, Options{Prefix: mount, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	d.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(WithScope(r.Context(), d.alice, "alice")))
	})
	for err, want := range map[error]int{syscall.EMFILE: 503, store.ErrCorrupt: 500, io.EOF: 500} {
		st.err = err
		for _, rng := range []string{"", "bytes=2-3", "bytes=0-1,4-5"} {
			a := d.do(req{method: "GET", path: "/f", head: []string{"Range", rng}, want: want})
			if a.Header.Get("ETag") != "" || a.Header.Get("Content-Range") != "" {
				t.Errorf("%v: %v", err, a.Header)
			}
		}
		d.do(req{method: "HEAD", path: "/f", want: 200})
	}
}

// TestClientLeaves checks that a client which resets the connection is no error of
// the server's.
func TestClientLeaves(t *testing.T) {
	var log bytes.Buffer
	d := newDoor(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	d.do(req{method: "PUT", path: "/big", body: strings.Repeat("0123456789abcdef", 1<<20), want: 201})
	ended := make(chan struct{}, 1)
	inner := d.srv.Config.Handler
	d.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- struct{}{} }()
		inner.ServeHTTP(w, r)
	})
	for range 10 {
		c := d.raw()
		fmt.Fprintf(c, "GET %s/big HTTP/1.1\r\nHost: x\r\n\r\n", mount)
		io.ReadFull(c, make([]byte, 1000))
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
		<-ended
	}
	d.do(req{method: "FOO", path: "/big", want: 501})
	d.srv.Close()
	if log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
}
