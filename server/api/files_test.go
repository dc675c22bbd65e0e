package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cairn/store"
)

type page struct {
	Folder  folderOf
	Entries []entry
	Next    *string
}

func (d *door) list(query string) (p page, a answer) {
	d.Helper()
	a = d.do(req{method: "GET", path: "/files" + query})
	a.into(d, &p)
	return p, a
}

func TestFiles(t *testing.T) {
	d := newDoor(t, nil)
	top, a := d.list("")
	if top.Folder.Path != "" || top.Entries == nil || len(top.Entries) > 0 || top.Next != nil || a.ContentLength != int64(len(a.body)) {
		t.Errorf("an empty folder: %s", a.body)
	}
	f := d.put("docs/a <&> é.txt", "12345")
	d.put("docs/sub/b", "123")
	d.put("docs/sub/c", "")
	p, a := d.list("?path=docs")
	want := []entry{
		{f.ID.String(), "a <&> é.txt", false, 5, 0, f.ModTime.UnixMilli(), f.ETag()},
		{"", "sub", true, 3, 2, 0, ""},
	}
	if len(p.Entries) != 2 || p.Entries[0] != want[0] {
		t.Fatalf("got %s", a.body)
	}
	if got := p.Entries[1]; got.Name != "sub" || !got.Folder || got.Size != 3 || got.Files != 2 || len(got.ID) != 16 || got.MTime == 0 {
		t.Errorf("a folder: %+v", got)
	}
	if !strings.Contains(a.body, "<&>") || p.Folder.Path != "docs" || a.Header.Get("ETag") != `"`+p.Folder.ETag+`"` {
		t.Errorf("%v %s", a.Header, a.body)
	}
	if h := a.Header; h.Get("Cache-Control") != "private, no-cache" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", h)
	}
	tag := a.Header.Get("ETag")
	for _, path := range []string{"?path=/docs/", "?path=docs%2F", "?path=%64ocs"} {
		if again, _ := d.list(path); again.Folder != p.Folder {
			t.Errorf("%s: %+v", path, again.Folder)
		}
	}
	if a := d.do(req{method: "HEAD", path: "/files?path=docs"}); a.Header.Get("ETag") != tag || a.Header.Get("Content-Type") != "application/json" || a.body != "" {
		t.Errorf("HEAD: %v %q", a.Header, a.body)
	}
	if a := d.do(req{method: "GET", path: "/files?path=docs", head: []string{"If-None-Match", "W/" + tag}, want: 304}); a.Header.Get("ETag") != tag || a.body != "" {
		t.Errorf("304: %v", a.Header)
	}
	d.all(
		req{method: "HEAD", path: "/files?path=docs", head: []string{"If-None-Match", tag}, want: 304},
		req{method: "GET", path: "/files?path=docs&after=sub", head: []string{"If-None-Match", tag}, has: `"entries":[]`},
		req{method: "GET", path: "/files?path=docs", head: []string{"If-None-Match", `"other"`}},
	)
	d.put("docs/sub/deeper/x", "")
	d.do(req{method: "GET", path: "/files?path=docs", head: []string{"If-None-Match", tag}}) // changed below

	for query, want := range map[string]string{
		"?path=none": "404 not-found", "?path=docs/none/x": "404 not-found",
		"?path=docs/sub/b": "409 not-a-folder", "?path=docs/sub/b/x": "404 not-found",
		"?path=..": "400 invalid-name", "?path=docs/../docs": "400 invalid-name", "?path=docs/./sub": "400 invalid-name",
		"?path=docs//sub": "400 invalid-name", "?path=%2E%2E%2Fx": "400 invalid-name",
		"?path=a%00b": "400 invalid-name", "?path=a%0Ab": "400 invalid-name", "?path=%FF": "400 invalid-name",
		"?path=" + strings.Repeat("x", 256): "400 invalid-name", "?path=" + strings.Repeat("x/", 300) + "x": "414 path-too-long",
		"?path=docs&after=a/b": "400 invalid-name", "?path=docs&after=..": "400 invalid-name",
		"?path=%zz": "400 bad-query", "?path=a;b": "400 bad-query", "?path=docs&path=": "400 bad-query", "?folder=docs": "400 bad-query",
		"?limit=0": "400 bad-query", "?limit=10001": "400 bad-query", "?limit=-1": "400 bad-query", "?limit=x": "400 bad-query", "?limit=": "400 bad-query",
		"?limit=99999999999999999999": "400 bad-query", "?limit=1.5": "400 bad-query",
	} {
		status, code, _ := strings.Cut(want, " ")
		var n int
		fmt.Sscan(status, &n)
		d.do(req{method: "GET", path: "/files" + query, want: n, code: code})
	}
}

// TestFiles_pages reads a folder in pages of every size around those of the store's.
func TestFiles_pages(t *testing.T) {
	d := newDoor(t, nil)
	var names []string
	for i := range firstPage + nextPage + 1 {
		names = append(names, fmt.Sprintf("%04d &+%%é", i))
		if _, err := d.st.Mkdir(t.Context(), d.alice, store.Path(names[i]), store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 49, 50, 51, 299, 300, 301, 302, 10_000, 0} {
		var got []string
		after := ""
		for {
			query := "?after=" + url.QueryEscape(after)
			if limit > 0 {
				query += fmt.Sprint("&limit=", limit)
			}
			p, a := d.list(query)
			if most := max(limit, 0); most > 0 && len(p.Entries) > most {
				t.Fatalf("limit %d: %d entries", limit, len(p.Entries))
			}
			for _, e := range p.Entries {
				got = append(got, e.Name)
			}
			if p.Next == nil {
				break
			}
			if *p.Next != p.Entries[len(p.Entries)-1].Name || len(p.Entries) != limit {
				t.Fatalf("limit %d: next %q after %d: %.100s", limit, *p.Next, len(p.Entries), a.body)
			}
			if after = *p.Next; limit == 1 && len(got) == 3 {
				got = slices.Clone(names) // enough
				break
			}
		}
		if !slices.Equal(got, names) {
			t.Errorf("limit %d: %d names, want %d", limit, len(got), len(names))
		}
	}
}

func TestLookup(t *testing.T) {
	d := newDoor(t, nil)
	f := d.put("a/b.txt", "12")
	d.put("\uFFFD", "literal")
	var out struct{ Entries []*entry }
	paths := []string{`"a"`, `"a/b.txt"`, `"a/B.txt"`, `"none"`, `"none/x"`, `"a/b.txt/x"`, `"../a"`, `""`, `"/a/b.txt"`, `"a//b.txt"`,
		`"a\u0000b"`, `"a\/b.txt"`, `"\ud800"`, `"\ufffd"`, "\"\uFFFD\"", `"` + strings.Repeat("x/", 400) + `x"`}
	d.do(req{method: "POST", path: "/lookup", body: `{"paths":[` + strings.Join(paths, ",") + `]}`}).into(t, &out)
	want := []string{"a", "b.txt", "-", "-", "-", "-", "-", "", "b.txt", "-", "-", "b.txt", "-", "\uFFFD", "\uFFFD", "-"}
	for i, e := range out.Entries {
		got := "-"
		if e != nil {
			got = e.Name
		}
		if i >= len(want) || got != want[i] {
			t.Errorf("%s: %q", paths[i], got)
		}
	}
	if len(out.Entries) != len(paths) || out.Entries[1].ETag != f.ETag() {
		t.Errorf("%d entries for %d paths", len(out.Entries), len(paths))
	}
	d.all(
		req{method: "POST", path: "/lookup", body: `{"paths":[]}`, has: `{"entries":[]}`},
		req{method: "POST", path: "/lookup", body: `{"paths":["a/b.txt"]}`, head: []string{"User", "bob"}, has: `[null]`},
	)
	a := d.do(req{method: "POST", path: "/lookup", body: `{"paths":["a"` + strings.Repeat(`,"a/b.txt"`, maxItems-1) + `]}`})
	if a.into(t, &out); len(out.Entries) != maxItems || len(a.body) < answerBuffer {
		t.Errorf("%d entries in %d bytes", len(out.Entries), len(a.body))
	}
}

// failing is a store that lists until it is past a name.
type failing struct {
	Store
	past *string
}

func (f failing) List(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error) {
	if after > *f.past {
		return nil, store.ErrCorrupt
	}
	return f.Store.List(ctx, sc, p, after, limit)
}

// TestFiles_brokenOff checks that a listing which cannot go on is told by a status
// while that can be, and else not taken for whole.
func TestFiles_brokenOff(t *testing.T) {
	past := ""
	d := newDoor(t, func(o *Options) { o.Store = failing{o.Store, &past} })
	for i := range firstPage + nextPage + 1 {
		name := fmt.Sprintf("%04d%s", i, strings.Repeat("x", 200))
		if _, err := d.st.Mkdir(t.Context(), d.alice, store.Path(name), store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	d.do(req{method: "GET", path: "/files?limit=49"})
	d.do(req{method: "GET", path: "/files", want: 500, code: "damaged"})
	past = "0100" // within the second page: the answer has begun
	res, err := http.Get(d.srv.URL + "/api/v1/files")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); res.StatusCode != 200 || err == nil {
		t.Errorf("%d, %d bytes without an error", res.StatusCode, len(b))
	}
}
