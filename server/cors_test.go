package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// corsAsk is one request of a page, and the answer with its headers.
func corsAsk(t *testing.T, ts *httptest.Server, method, path string, head ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, ts.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(head); i += 2 {
		if head[i] == "Basic" {
			r.SetBasicAuth(user, head[i+1])
			continue
		}
		r.Header.Set(head[i], head[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if v := resp.Header.Get("Access-Control-Allow-Credentials"); v != "" {
		t.Errorf("%s %s %q allows credentials: %s", method, path, head, v)
	}
	return resp
}

// Pages of other origins may use the doors for programs only if that was switched on, for
// their origin, and never with the browser's credentials.
func TestCORS(t *testing.T) {
	const app, other = "app://obsidian.md", "https://evil.example"
	list := base(t, "/files")
	list.CORSOrigins = []string{"https://app.example", app}
	all := base(t, "")
	all.CORSOrigins = []string{"*"}
	for _, c := range []struct {
		name    string
		conf    Config
		prefix  string
		allowed map[string]string // origin: Access-Control-Allow-Origin
	}{
		{"off", base(t, ""), "", map[string]string{app: "", other: ""}},
		{"listed", list, "/files", map[string]string{app: app, "https://app.example": "https://app.example", other: "", "https://app.example:8443": "", "null": ""}},
		{"any", all, "", map[string]string{app: "*", other: "*", "null": "*"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ts, _ := start(t, c.conf)
			for origin, want := range c.allowed {
				for path, method := range map[string]string{"/dav/f": "PROPFIND", "/dav": "MOVE", "/tus/": "POST", "/tus/0123": "PATCH"} {
					p := corsAsk(t, ts, "OPTIONS", c.prefix+path, "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", "authorization, depth")
					h := p.Header
					if h.Get("Access-Control-Allow-Origin") != want || (h.Get("Access-Control-Allow-Methods") != "") != (want != "") {
						t.Errorf("%s, %s: %d %v", origin, path, p.StatusCode, h)
					}
					if want == "" {
						continue
					}
					if p.StatusCode != 204 || !strings.Contains(h.Get("Access-Control-Allow-Methods"), method) || h.Get("Access-Control-Max-Age") == "" ||
						!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "Upload-Offset") {
						t.Errorf("%s, %s: %d %v", origin, path, p.StatusCode, h)
					}
				}
				// the answers themselves, refusals too
				for _, q := range []struct {
					method, path, password string
					want                   int
				}{{"PROPFIND", "/dav/", password, 207}, {"PROPFIND", "/dav/", "wrong", 401}, {"GET", "/dav/none", password, 404}, {"OPTIONS", "/dav/", password, 200}, {"HEAD", "/tus/0123", password, 404}} {
					a := corsAsk(t, ts, q.method, c.prefix+q.path, "Origin", origin, "Depth", "0", "Tus-Resumable", "1.0.0", "Basic", q.password)
					if a.StatusCode != q.want || a.Header.Get("Access-Control-Allow-Origin") != want || (a.Header.Get("Access-Control-Expose-Headers") != "") != (want != "") {
						t.Errorf("%s, %s %s: %d %v", origin, q.method, q.path, a.StatusCode, a.Header)
					}
					if varies := strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin"); varies != (c.name == "listed") {
						t.Errorf("%s, %s %s: Vary: %q", origin, q.method, q.path, a.Header.Values("Vary"))
					}
				}
			}
			// An ordinary OPTIONS is what it was, and so is a request that names no origin.
			o := corsAsk(t, ts, "OPTIONS", c.prefix+"/dav/")
			if o.StatusCode != 200 || o.Header.Get("DAV") != "1, 2, 3" || o.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("OPTIONS: %d %v", o.StatusCode, o.Header)
			}
			// The app, which has sessions, is nobody else's.
			for _, path := range []string{"/", "/api/v1/session"} {
				if a := corsAsk(t, ts, "GET", c.prefix+path, "Origin", app); a.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s: %v", path, a.Header)
				}
			}
		})
	}
}

func TestParseOrigins(t *testing.T) {
	for _, good := range [][]string{nil, {"*"}, {"https://a.example"}, {"http://localhost", "capacitor://localhost", "app://obsidian.md", "https://a.example:8443"}} {
		if _, err := ParseOrigins(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "null", "a.example", "https://a.example/", "https://a.example/x", "https://A.example", "*", "https://u@a.example", "https://*.a.example/"} {
		if got, err := ParseOrigins([]string{"https://ok.example", bad}); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}
