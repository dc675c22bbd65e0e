package dav

import (
	"net/http"
	"net/url"
	"reflect"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// frugal runs f and fails if it takes more memory than a limit, in bytes. What it
// takes for each byte of a header or a body must not grow with their number. Others
// take memory at the same time, so f may run again to be sure.
func frugal(t *testing.T, limit int, f func()) {
	t.Helper()
	took := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	var n uint64
	for range 10 {
		before := took()
		f()
		if n = took() - before; n <= uint64(limit) {
			return
		}
	}
	t.Fatalf("%d bytes of memory, at most %d", n, limit)
}

// print writes a header that means the same.
func (ih ifHeader) print() string {
	var b strings.Builder
	for _, l := range ih.lists {
		if l.tag != "" {
			b.WriteString("<" + l.tag + "> ")
		}
		b.WriteString("(")
		for _, c := range l.conds {
			if c.not {
				b.WriteString("Not ")
			}
			switch {
			case c.token != "":
				b.WriteString("<" + c.token + ">")
			case c.weak:
				b.WriteString(`[W/"` + c.etag + `"]`)
			default:
				b.WriteString(`["` + c.etag + `"]`)
			}
		}
		b.WriteString(") ")
	}
	return b.String()
}

// FuzzParseIf: what is understood is within bounds, means the same when it is written
// anew, submits the tokens that it names and no others, and names no resource but by
// proper names.
func FuzzParseIf(f *testing.F) {
	h := New(nil, Options{Prefix: mount})
	for _, s := range []string{`(<a:b>["e"] Not <c:d>)`, `</files/dav/x> (<a:b>) ([W/"x"])`, `(`, `<`, `([W/"x"])`, `<http://h/files/dav/%C3%A9> (Not ["a"]<b:c>) </elsewhere> (<d:e>)`,
		tags(8, 30), strings.Repeat("(<a:b>)", 65)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var ih ifHeader
		var err error
		frugal(t, 64<<10+200*len(s), func() { ih, err = h.parseIf(s) })
		if err != nil {
			return
		}
		conds, tokens, resources := 0, []string(nil), map[store.Path]bool{}
		for _, l := range ih.lists {
			conds += len(l.conds)
			for _, c := range l.conds {
				if c.token != "" && (c.etag != "" || c.weak) {
					t.Fatalf("%q: a condition of two things: %+v", s, c)
				}
				if c.token != "" {
					tokens = append(tokens, c.token)
				}
			}
			if l.ours {
				resources[l.p] = true
				proper(t, s, l.p)
			}
			if len(l.conds) == 0 || l.tag == "" && l.ours {
				t.Fatalf("%q: %+v", s, l)
			}
		}
		if len(ih.lists) > maxIfLists || conds > maxIfConds || len(resources) > maxIfResources || len(ih.lists) == 0 && strings.Trim(s, " \t") != "" {
			t.Fatalf("%q: %d lists, %d conditions, %d resources", s, len(ih.lists), conds, len(resources))
		}
		if !reflect.DeepEqual(tokens, ih.tokens) {
			t.Fatalf("%q: submits %q, names %q", s, ih.tokens, tokens)
		}
		again, err := h.parseIf(ih.print())
		if err != nil || !reflect.DeepEqual(again, ih) {
			t.Fatalf("%q, written anew %q: %v\n%+v\n%+v", s, ih.print(), err, ih, again)
		}
	})
}

// proper fails on a path that leads anywhere but down, from the mount.
func proper(t *testing.T, s string, p store.Path) {
	t.Helper()
	names := p.Names()
	for _, name := range names {
		if name == "" || name == "." || name == ".." || len(name) > store.MaxNameBytes || strings.ContainsAny(name, "/\x00\n\x7f") {
			t.Fatalf("%q: %q", s, p)
		}
	}
	if len(names) > store.MaxPathDepth {
		t.Fatalf("%q: %d levels", s, len(names))
	}
}

// FuzzPath: what is a path comes back from its href.
func FuzzPath(f *testing.F) {
	h := New(nil, Options{Prefix: mount})
	for _, s := range []string{"/files/dav/a", "/files/dav/%2e%2e/x", "//", "/files/dav/a%2fb", "/files/dav/%C3%A9%25/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p store.Path
		var err error
		frugal(t, 64<<10+100*len(s), func() { p, _, err = h.parsePath(s) })
		if err != nil {
			return
		}
		proper(t, s, p)
		if q, _, err := h.parsePath(h.href(p, false)); err != nil || q != p {
			t.Fatalf("%q: %q does not come back from its href: %q %v", s, p, q, err)
		}
	})
}

// FuzzDestination: a destination lies below the mount, or the request is refused; one
// on another server is, if it is known which this is; and it is the same resource that
// a request to its address would name.
func FuzzDestination(f *testing.F) {
	open := New(nil, Options{Prefix: mount})
	base, _ := url.Parse("https://files.example/files")
	known := New(nil, Options{Prefix: mount, BaseURL: base})
	for _, s := range []string{"/files/dav/a", "http://h/files/dav/a%20b", "/files/dav/%2e%2e/x", "//h/files/dav/a", "/files/dav/a%2fb", "https://FILES.example:81/files/dav/x",
		"https://u:p@files.example/files/dav/", "http:/files/dav/x", "/files/dav/a?b#c", "/files/dav", "/files/davx/a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ask := func(h *Handler, v string) (store.Path, error) {
			q := &request{h: h, r: &http.Request{Header: http.Header{"Destination": {v}}}}
			return q.destination()
		}
		var p store.Path
		var err error
		frugal(t, 64<<10+200*len(s), func() { p, err = ask(open, s) })
		if err != nil {
			return
		}
		proper(t, s, p)
		u, bad := url.Parse(s)
		if bad != nil || u.Host != "" && u.Scheme != "http" && u.Scheme != "https" || strings.HasPrefix(s, "//") {
			t.Fatalf("%q is taken: %v", s, bad)
		}
		if got, _, err := open.parsePath(u.EscapedPath()); err != nil || got != p {
			t.Fatalf("%q is %q as a destination and %q as an address: %v", s, p, got, err)
		}
		if again, err := ask(open, open.href(p, false)); err != nil || again != p {
			t.Fatalf("%q: %q does not come back from its href: %q, %v", s, p, again, err)
		}
		if _, err := ask(known, s); (err == nil) != (u.Host == "" || strings.EqualFold(u.Hostname(), "files.example")) {
			t.Fatalf("%q on files.example: %v", s, err)
		}
	})
}

// FuzzTimeout: what is granted is at least a second and at most what we allow, whole,
// is granted again when it is asked for as we print it, and does not depend on what
// nobody understands.
func FuzzTimeout(f *testing.F) {
	h := New(nil, Options{})
	for _, s := range []string{"", "Second-5", "Infinite, Second-4100000000", "Second-0", "Second-99999999999999999999", "Second-+7", " second-7\t,", "Extend"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d time.Duration
		frugal(t, 64<<10+100*len(s), func() { d = h.lockTimeout([]string{s}) })
		if d < time.Second || d > h.o.MaxLockTimeout || d%time.Second != 0 {
			t.Fatalf("%q: %v", s, d)
		}
		printed := "Second-" + strconv.FormatInt(int64(d/time.Second), 10)
		alike := [][]string{{printed}, {"Extend-1," + s}, {s + ", Extend-1"}, {"x", s}}
		if !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
			alike = append(alike, []string{strings.ToUpper(s)})
		}
		for _, same := range alike {
			if got := h.lockTimeout(same); got != d {
				t.Fatalf("%q: %v, but %q: %v", s, d, same, got)
			}
		}
		if !strings.ContainsAny(s, "0123456789") && !strings.Contains(strings.ToLower(s), "infinite") && d != h.o.LockTimeout {
			t.Fatalf("%q: %v, not the default", s, d)
		}
	})
}

// FuzzDepth: the header has one of four values or is refused, however it is written.
func FuzzDepth(f *testing.F) {
	for _, s := range []string{"", "0", "1", "infinity", "Infinity ", "1,noroot", "2", "-1", "0,1"} {
		f.Add(s)
	}
	printed := map[int]string{0: "0", 1: "1", infinite: "infinity", absent: ""}
	f.Fuzz(func(t *testing.T, s string) {
		ask := func(v string) (int, error) {
			return (&request{r: &http.Request{Header: http.Header{"Depth": {v}}}}).depth()
		}
		n, err := ask(s)
		text, ok := printed[n]
		if !ok {
			t.Fatalf("%q: %d", s, n)
		}
		if err != nil {
			if n != 0 {
				t.Fatalf("%q: %d with an error", s, n)
			}
			return
		}
		if again, err := ask(text); err != nil || again != n {
			t.Fatalf("%q is %d, %q is %d, %v", s, n, text, again, err)
		}
		if spaced, err := ask(" " + s + "\t"); err != nil || spaced != n {
			t.Fatalf("%q: with spaces it is %d, %v", s, spaced, err)
		}
		if len(strings.TrimSpace(s)) > len("infinity") {
			t.Fatalf("%q is taken for %d", s, n)
		}
	})
}
