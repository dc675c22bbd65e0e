package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cairn/server/admin"
	"cairn/server/auth"
	"cairn/store"
)

const (
	user     = "alice"
	password = "correct horse"
)

// logBuffer is a log that a test reads while the server writes.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start serves a fresh store with one account.
func start(t *testing.T, c Config) (*httptest.Server, *logBuffer) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := (admin.Local{Store: st}).Add(context.Background(), user, password, 0, false); err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	s, err := New(c, st)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s.Handler())
	t.Cleanup(ts.Close)
	return ts, log
}

func base(t *testing.T, s string) Config {
	t.Helper()
	u, err := ParseBase(s)
	if err != nil {
		t.Fatal(err)
	}
	return Config{BaseURL: u}
}

// request is one call and what must come back.
type request struct {
	method, path string
	signedIn     bool
	header       http.Header
	status       int
}

func (q request) String() string { return q.method + " " + q.path }

// do sends the request, without following redirects, and returns the answer and its
// body.
func (q request) do(t *testing.T, ts *httptest.Server) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.method, ts.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = q.path // as it is, dots and all
	for k, v := range q.header {
		r.Header[k] = v
	}
	if q.signedIn {
		r.SetBasicAuth(user, password)
	}
	resp, err := ts.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if q.status != 0 && resp.StatusCode != q.status {
		t.Errorf("%v: got %d %s, want %d", q, resp.StatusCode, b, q.status)
	}
	return resp, string(b)
}

func TestRoutes(t *testing.T) {
	for _, b := range []string{"", "/files"} {
		t.Run("base "+b, func(t *testing.T) {
			ts, _ := start(t, base(t, b+"/"))
			for _, q := range []request{
				{method: "GET", path: b + "/", status: 200},
				{method: "HEAD", path: b + "/", status: 200},
				{method: "GET", path: b + "/index.html", status: 200},
				{method: "GET", path: b + "/nothing", status: 404},
				{method: "GET", path: b + "/assets/", status: 404},
				{method: "GET", path: b + "/assets/gone.js", status: 404},
				{method: "GET", path: b + "/.keep", status: 404},
				{method: "POST", path: b + "/", status: 405},
				{method: "MKCOL", path: b + "/new", status: 404},
				{method: "PROPFIND", path: b + "/new", status: 404},
				{method: "OPTIONS", path: b + "/", status: 200},
				{method: "GET", path: "/healthz", status: 200},
				{method: "GET", path: "/readyz", status: 200},
				{method: "GET", path: b + "/healthz", status: 200},
				{method: "GET", path: b + "/readyz", status: 200},
				{method: "HEAD", path: "/healthz", status: 200},

				{method: "PROPFIND", path: b + "/dav", signedIn: true, header: http.Header{"Depth": {"0"}}, status: 207},
				{method: "PROPFIND", path: b + "/dav/", signedIn: true, header: http.Header{"Depth": {"0"}}, status: 207},
				{method: "MKCOL", path: b + "/dav/folder", signedIn: true, status: 201},
				{method: "PROPFIND", path: b + "/dav/folder", signedIn: true, header: http.Header{"Depth": {"0"}}, status: 207},
				{method: "OPTIONS", path: b + "/dav", status: 200},
				{method: "OPTIONS", path: b + "/dav/x/y", status: 200},
				{method: "PROPFIND", path: b + "/dav", status: 401},
				{method: "GET", path: b + "/dav/x", status: 401},
				{method: "BREW", path: b + "/dav/x", status: 401},
				{method: "BREW", path: b + "/dav/x", signedIn: true, status: 501},
				{method: "GET", path: b + "/davfoo", signedIn: true, status: 404},
				{method: "PROPFIND", path: b + "/davfoo", signedIn: true, status: 404},
				{method: "GET", path: b + "/dav/a%2Fb", signedIn: true, status: 400},
				{method: "GET", path: b + "/x/../dav/", signedIn: true, status: 404},
				{method: "GET", path: b + "/remote.php/dav/", signedIn: true, status: 404},
			} {
				q.do(t, ts)
			}
			if b == "" {
				return
			}
			for _, q := range []request{
				{method: "GET", path: "/", status: 404},
				{method: "OPTIONS", path: "/", status: 404},
				{method: "PROPFIND", path: "/dav/", signedIn: true, status: 404},
				{method: "GET", path: "/filesystem", status: 404},
				{method: "OPTIONS", path: b, status: 200},
				{method: "PROPFIND", path: b, header: http.Header{"Depth": {"0"}}, status: 207},
			} {
				q.do(t, ts)
			}
			if resp, _ := (request{method: "GET", path: b, status: 308}).do(t, ts); resp.Header.Get("Location") != b+"/" {
				t.Errorf("Location %q, want %q", resp.Header.Get("Location"), b+"/")
			}
		})
	}
}

func TestAsterisk(t *testing.T) {
	ts, _ := start(t, Config{})
	for method, want := range map[string]string{"OPTIONS": " 200 ", "GET": " 400 ", "PUT": " 400 ", "FOO": " 400 "} {
		c, err := net.Dial("tcp", ts.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, method+" * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		b, _ := io.ReadAll(c)
		c.Close()
		if line, _, _ := strings.Cut(string(b), "\r\n"); !strings.Contains(line+" ", want) {
			t.Errorf("%s *: got %q, want%s", method, line, want)
		}
	}
}

func TestRoot(t *testing.T) {
	ts, _ := start(t, base(t, "https://example.org/files/"))
	resp, _ := request{method: "OPTIONS", path: "/files/", status: 200}.do(t, ts)
	if resp.Header.Get("DAV") != "1, 2, 3" || resp.Header.Get("MS-Author-Via") != "DAV" || resp.Header.Get("Allow") == "" {
		t.Errorf("OPTIONS: headers %v", resp.Header)
	}
	for depth, want := range map[string][]string{"0": {"/files/"}, "1": {"/files/", "/files/dav/"}} {
		resp, body := request{method: "PROPFIND", path: "/files/", header: http.Header{"Depth": {depth}}, status: 207}.do(t, ts)
		if ct := resp.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/xml") {
			t.Errorf("Content-Type %q", ct)
		}
		var got []string
		for _, part := range strings.Split(body, "<D:href>")[1:] {
			got = append(got, part[:strings.Index(part, "<")])
		}
		if strings.Join(got, " ") != strings.Join(want, " ") || strings.Count(body, "<D:collection/>") != len(want) {
			t.Errorf("depth %s: got %v, want %v in %s", depth, got, want, body)
		}
	}
	request{method: "PROPFIND", path: "/files/", status: 403}.do(t, ts)
	request{method: "PROPFIND", path: "/files/", header: http.Header{"Depth": {"2"}}, status: 400}.do(t, ts)
}

func TestApp(t *testing.T) {
	ts, _ := start(t, base(t, "/files/"))
	resp, body := request{method: "GET", path: "/files/", status: 200}.do(t, ts)
	if !strings.Contains(body, `<base href="/files/" />`) || !strings.Contains(body, `content="{&#34;base&#34;:&#34;/files/&#34;}"`) {
		t.Errorf("the page does not know its base: %s", body)
	}
	h := resp.Header
	if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy %q", csp)
	}
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
}

// Host is neither compared nor copied: Debian's nginx passes it without the port.
func TestHost(t *testing.T) {
	ts, _ := start(t, base(t, "https://example.org/files/"))
	for _, path := range []string{"/files/", "/files", "/files/dav/"} {
		r, _ := http.NewRequest("PROPFIND", ts.URL+path, nil)
		r.Host = "evil.example"
		r.Header.Set("Depth", "1")
		r.SetBasicAuth(user, password)
		resp, err := ts.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 207 || bytes.Contains(b, []byte("evil")) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, b)
		}
	}
}

var loopback = func() auth.Proxies {
	ps, err := auth.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		panic(err)
	}
	return ps
}()
