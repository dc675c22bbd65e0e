package spa

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"cairn/web"
)

func TestHandler(t *testing.T) {
	files := fstest.MapFS{
		"index.html":         {Data: []byte(`<html><head>` + web.BaseTag + `</head><body>app</body></html>`)},
		"icon.svg":           {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		"assets/app-1a2b.js": {Data: []byte("run()")},
		".keep":              {},
		"assets/.map":        {},
	}
	h, err := New(files, `/fi"les`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path   string
		status int
		cache  string
		ctype  string
		body   string
	}{
		{"/", 200, "no-store", "text/html; charset=utf-8", `<base href="/fi&#34;les/" />`},
		{"/index.html", 200, "no-store", "text/html; charset=utf-8", "app"},
		{"/assets/app-1a2b.js", 200, "public, max-age=31536000, immutable", "text/javascript; charset=utf-8", "run()"},
		{"/icon.svg", 200, "no-cache", "image/svg+xml", "<svg"},
		{"/assets/app-ffff.js", 404, "no-store", "text/plain; charset=utf-8", "not found"},
		{"/assets", 404, "no-store", "", ""},
		{"/assets/", 404, "no-store", "", ""},
		{"/.keep", 404, "no-store", "", ""},
		{"/assets/.map", 404, "no-store", "", ""},
		{"/../index.html", 404, "no-store", "", ""},
		{"/some/page", 404, "no-store", "", ""},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(method, "/", nil)
			r.URL.Path = c.path
			h.ServeHTTP(w, r)
			if w.Code != c.status || w.Header().Get("Cache-Control") != c.cache {
				t.Errorf("%s %s: %d, %v", method, c.path, w.Code, w.Header())
			}
			if c.ctype != "" && w.Header().Get("Content-Type") != c.ctype {
				t.Errorf("%s %s: %s, want %s", method, c.path, w.Header().Get("Content-Type"), c.ctype)
			}
			if method == "GET" && !strings.Contains(w.Body.String(), c.body) {
				t.Errorf("%s: %s", c.path, w.Body)
			}
		}
	}
}

// A binary without the app says so.
func TestHandler_notBuilt(t *testing.T) {
	h, err := New(fstest.MapFS{".keep": {}}, "/files")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `<base href="/files/" />`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Vite must leave the tag as it is; an app that does not know its base is refused.
func TestNew_noBase(t *testing.T) {
	if _, err := New(fstest.MapFS{"index.html": {Data: []byte("<html></html>")}}, ""); err == nil {
		t.Error("an index.html without a base was taken")
	}
}

// Scripts travel packed to whoever can unpack them.
func TestHandler_gzip(t *testing.T) {
	script := strings.Repeat("run(); ", 1000)
	h, err := New(fstest.MapFS{
		"index.html":    {Data: []byte(web.BaseTag)},
		"assets/app.js": {Data: []byte(script)},
		"assets/x.css":  {Data: []byte("a")}, // would grow
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	for accept, packed := range map[string]bool{"": false, "gzip": true, "br, gzip;q=0.5": true, "*": true, "gzip;q=0": false, "*, gzip; q=0": false, "br": false} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/assets/app.js", nil)
		r.Header.Set("Accept-Encoding", accept)
		h.ServeHTTP(w, r)
		text := w.Body.String()
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: packed is %v", accept, got)
		}
		if packed {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		if text != script || w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" ||
			!strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%q: %v", accept, w.Header())
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/assets/x.css", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	if h.ServeHTTP(w, r); w.Header().Get("Content-Encoding") != "" || w.Body.String() != "a" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}
