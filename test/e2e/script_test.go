package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"cairn/test/rig"
)

// canary is a server whose addresses scripts ask for, if they run.
type canary struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
}

func newCanary(t *testing.T) *canary {
	c := &canary{asked: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.note(r.URL.Path)
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *canary) note(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[path]++
}

func (c *canary) count(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[path]
}

func (c *canary) heard(name string) bool { return c.count("/"+name) > 0 }

// hostile are documents with a script that asks the canary for name, in every way
// that a browser may let it.
func hostile(c *canary, name string) map[string]string {
	script := fmt.Sprintf(`fetch('%[1]s/%[2]s').catch(function () {}); new Image().src = '%[1]s/%[2]s';`, c.URL, name)
	return map[string]string{
		"page.html":  fmt.Sprintf(`<!doctype html><title>hostile</title><p>hostile<script>%s</script><img src=x onerror="%[1]s">`, script),
		"page.xhtml": fmt.Sprintf(`<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><p>hostile</p><script>%s</script></body></html>`, script),
		"image.svg":  fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="%s"><script>%[1]s</script><text>hostile</text></svg>`, script),
		"page.xml":   fmt.Sprintf(`<?xml version="1.0"?><x><script xmlns="http://www.w3.org/1999/xhtml">%s</script></x>`, script),
		"no-type":    fmt.Sprintf(`<!doctype html><p>hostile<script>%s</script>`, script),
		"page.txt":   fmt.Sprintf(`<!doctype html><p>hostile<script>%s</script>`, script),
	}
}

// gallery is a page that opens every file in every way that a page of the same site
// can, in windows of their own too, and says so to /done some seconds later.
func gallery(from string, names []string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><title>gallery</title>`)
	for _, name := range names {
		a := from + name
		fmt.Fprintf(&b, `<iframe src="%[1]s?iframe"></iframe><embed src="%[1]s?embed"><object data="%[1]s?object"></object><img src="%[1]s?img">`, a)
		fmt.Fprintf(&b, `<script>window.open("%s?window")</script>`, a)
	}
	b.WriteString(`<script>setTimeout(function () { fetch("/done?` + from + `") }, 4000)</script>`)
	return b.String()
}

// TestHostileFiles opens files with scripts from every address that serves them, alone
// and inside other pages: no script runs. The same files from a server without our
// headers do run theirs, so the canary can sing.
func TestHostileFiles(t *testing.T) {
	c := newCanary(t)
	s := rig.Start(t, rig.Options{})
	var names []string
	for name, text := range hostile(c, "cairn") {
		s.Put(t, name, text)
		names = append(names, name)
	}
	// Chromium drops credentials from addresses inside pages: a proxy adds them, and
	// serves the pages that show the files from the same origin.
	target, err := url.Parse("http://" + s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	asked := &canary{asked: map[string]int{}}
	pages := http.NewServeMux()
	pages.HandleFunc("/dav/", func(w http.ResponseWriter, r *http.Request) {
		asked.note(r.URL.RequestURI())
		r.SetBasicAuth(rig.User, rig.Password)
		proxy.ServeHTTP(w, r)
	})
	plain := hostile(c, "plain")
	types := map[string]string{"page.html": "text/html", "page.xhtml": "application/xhtml+xml", "image.svg": "image/svg+xml", "page.xml": "text/xml"}
	pages.HandleFunc("/plain/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		w.Header().Set("Content-Type", types[name])
		fmt.Fprint(w, strings.ReplaceAll(plain[name], "/plain", "/plain-"+name+"-"+r.URL.RawQuery))
	})
	pages.HandleFunc("/gallery/{from}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, gallery("/"+r.PathValue("from")+"/", names))
	})
	pages.HandleFunc("/done", func(w http.ResponseWriter, r *http.Request) { asked.note(r.URL.RequestURI()) })
	front := httptest.NewServer(pages)
	t.Cleanup(front.Close)

	t.Run("control", func(t *testing.T) {
		watch(t, front.URL+"/gallery/plain", func() bool { return asked.count("/done?/plain/") > 0 })
		for name := range types {
			for _, way := range []string{"window", "iframe", "object", "embed"} {
				if !c.heard("plain-" + name + "-" + way) {
					t.Errorf("the script of %s by %s does not run where it may: the canary cannot sing", name, way)
				}
			}
		}
	})
	t.Run("served by Cairn", func(t *testing.T) {
		watch(t, front.URL+"/gallery/dav", func() bool { return asked.count("/done?/dav/") > 0 })
		for _, name := range names {
			for _, way := range []string{"window", "iframe", "img"} {
				if asked.count("/dav/"+name+"?"+way) == 0 {
					t.Errorf("the browser has not asked for %s by %s: this tests nothing", name, way)
				}
			}
		}
		if c.heard("cairn") {
			t.Error("a script in a file runs")
		}
	})
	for _, name := range names {
		r := s.Must(t, rig.Request{Path: name}, 200)
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("headers of %s: %v", name, r.Header)
		}
	}
}
