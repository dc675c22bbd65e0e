package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cairn/store"
)

type versionsPage struct {
	Current version
	Older   []version
	Next    *int64
}

func (d *door) versions(query string) (p versionsPage, a answer) {
	d.Helper()
	a = d.do(req{method: "GET", path: "/versions" + query})
	a.into(d, &p)
	return p, a
}

func TestVersions(t *testing.T) {
	d := newDoor(t, nil)
	one := d.put("docs/f é.txt", "one")
	p, _ := d.versions("?path=docs/f%20%C3%A9.txt")
	if p.Current.ID != one.ETag() || p.Older == nil || len(p.Older) != 0 || p.Next != nil {
		t.Errorf("of a new file: %+v", p)
	}
	two := d.put("docs/f é.txt", "number two")
	p, a := d.versions("?path=docs/f%20%C3%A9.txt")
	alice := "alice"
	if len(p.Older) != 1 || p.Older[0].ID != one.ETag() || p.Older[0].Size != 3 || p.Older[0].MTime != one.ModTime.UnixMilli() ||
		p.Current.ID != two.ETag() || p.Current.Size != 10 || *p.Current.By != alice || *p.Older[0].By != alice || p.Next != nil ||
		p.Older[0].Created != one.Version.Time().UnixMilli() || p.Current.Created != two.Version.Time().UnixMilli() {
		t.Errorf("%s", a.body)
	}
	if h := a.Header; h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", h)
	}
	if a := d.do(req{method: "HEAD", path: "/versions?path=docs/f%20%C3%A9.txt"}); a.body != "" || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: %v %q", a.Header, a.body)
	}
	for query, want := range map[string]string{
		"?path=none": "404 not-found", "?path=docs/none/x": "404 not-found", "?path=docs": "409 is-a-folder", "": "409 is-a-folder",
		"?path=..": "400 invalid-name", "?path=a%00": "400 invalid-name", "?path=f&path=g": "400 bad-query", "?path=f&after=x": "400 bad-query",
		"?path=f&limit=0": "400 bad-query", "?path=f&limit=10001": "400 bad-query", "?path=f&limit=": "400 bad-query",
		"?path=f&before=0": "400 bad-query", "?path=f&before=-1": "400 bad-query", "?path=f&before=": "400 bad-query", "?path=f&before=1x": "400 bad-query",
		"?path=f&before=99999999999999999999": "400 bad-query",
	} {
		status, code, _ := strings.Cut(want, " ")
		var n int
		fmt.Sscan(status, &n)
		d.all(req{method: "GET", path: "/versions" + query, want: n, code: code}, req{method: "HEAD", path: "/versions" + query, want: n})
	}
	d.do(req{method: "POST", path: "/versions?path=f", want: 405})
	d.do(req{method: "GET", path: "/versions?path=docs/f%20%C3%A9.txt", head: []string{"User", "bob"}, want: 404})
	d.do(req{method: "GET", path: "/versions?path=docs/f%20%C3%A9.txt", head: []string{"User", "nobody"}, want: 401})
}

// TestVersions_pages reads versions in pages of sizes around those of the store's.
func TestVersions_pages(t *testing.T) {
	d := newDoor(t, nil)
	const n = firstPage + nextPage + 1
	var ids []string
	for i := range n + 1 {
		ids = append([]string{d.put("f", fmt.Sprint(i)).ETag()}, ids...)
	}
	for _, limit := range []int{1 + n/7, 49, 50, 51, n - 1, n, n + 1, 10_000, 0} {
		query := "?path=f"
		if limit > 0 {
			query += fmt.Sprint("&limit=", limit)
		}
		got, more := []string{ids[0]}, ""
		for {
			p, _ := d.versions(query + more)
			if limit > 0 && len(p.Older) > limit || p.Current.ID != ids[0] {
				t.Fatalf("limit %d: %d versions, current %s", limit, len(p.Older), p.Current.ID)
			}
			for _, v := range p.Older {
				got = append(got, v.ID)
			}
			if p.Next == nil {
				break
			}
			more = fmt.Sprint("&before=", *p.Next)
		}
		if fmt.Sprint(got) != fmt.Sprint(ids) {
			t.Errorf("limit %d: %d versions, or in another order", limit, len(got))
		}
	}
}

func TestContent_version(t *testing.T) {
	d := newDoor(t, nil)
	one := d.put("a.html", "0123456789")
	two := d.put("a.html", "two")
	other := d.put("other", "o")
	tag, date := `"`+one.ETag()+`"`, one.ModTime.UTC().Format(http.TimeFormat)
	file := "/content?path=a.html&version=" + one.ETag()
	for _, c := range []struct {
		head []string
		want int
		body string
	}{
		{nil, 200, "0123456789"},
		{[]string{"If-None-Match", tag}, 304, ""},
		{[]string{"If-None-Match", `"` + two.ETag() + `"`}, 200, "0123456789"},
		{[]string{"If-Match", `"` + two.ETag() + `"`}, 412, "-"},
		{[]string{"Range", "bytes=2-4"}, 206, "234"},
		{[]string{"Range", "bytes=10-"}, 416, ""},
		{[]string{"Range", "bytes=1-1", "If-Range", tag}, 206, "1"},
		{[]string{"Range", "bytes=1-1", "If-Range", `"` + two.ETag() + `"`}, 200, "0123456789"},
	} {
		a := d.do(req{method: "GET", path: file, head: c.head, want: c.want})
		if c.body != "-" && (a.body != c.body || c.want < 300 && a.Header.Get("ETag") != tag) {
			t.Errorf("%q: %q %v, want %q", c.head, a.body, a.Header, c.body)
		}
	}
	a := d.do(req{method: "HEAD", path: file})
	h := a.Header
	if a.ContentLength != 10 || h.Get("ETag") != tag || h.Get("Last-Modified") != date || h.Get("Cache-Control") != "private, no-cache" || a.body != "" ||
		h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || h.Get("Content-Disposition") != `attachment; filename="a.html"` {
		t.Errorf("HEAD: %d %v", a.ContentLength, h)
	}
	d.all(
		req{method: "GET", path: "/content?path=a.html&version=" + two.ETag(), has: "two"},
		req{method: "GET", path: file + "&download=1", has: "0123456789"},
		req{method: "GET", path: "/content?path=a.html&version=" + other.ETag(), want: 404, code: "not-found"},
		req{method: "GET", path: "/content?path=a.html&version=x", want: 404, code: "not-found"},
		req{method: "GET", path: "/content?path=a.html&version=", want: 404, code: "not-found"},
		req{method: "HEAD", path: "/content?path=a.html&version=" + strings.Repeat("0", 32), want: 404},
		req{method: "GET", path: "/content?path=&version=" + one.ETag(), want: 409, code: "is-a-folder"},
		req{method: "GET", path: "/content?path=none&version=" + one.ETag(), want: 404, code: "not-found"},
		req{method: "GET", path: file + "&version=" + two.ETag(), want: 400, code: "bad-query"},
		req{method: "GET", path: file, head: []string{"User", "bob"}, want: 404},
	)
}

func TestRestoreVersion(t *testing.T) {
	d := newDoor(t, nil)
	one := d.put("f", "one")
	two := d.put("f", "two!")
	other := d.put("other", "o")
	restore := `{"op":"restore-version","path":"f","version":"` + one.ETag() + `"`
	for _, c := range [][2]string{
		{restore + `,"ifMatch":"` + one.ETag() + `"}`, "precondition-failed"},
		{`{"op":"restore-version","path":"f"}`, "bad-operation"},
		{`{"op":"restore-version","version":"` + one.ETag() + `"}`, "bad-operation"},
		{`{"op":"restore-version","path":"f","version":"x"}`, "not-found"},
		{`{"op":"restore-version","path":"f","version":"` + other.ETag() + `"}`, "not-found"},
		{`{"op":"restore-version","path":"none","version":"` + one.ETag() + `"}`, "not-found"},
		{`{"op":"restore-version","path":"","version":"` + one.ETag() + `"}`, "is-a-folder"},
		{`{"op":"restore-version","path":"..","version":"` + one.ETag() + `"}`, "invalid-name"},
	} {
		d.one(c[0], c[1])
	}
	d.holds("f", "two!")
	r := d.one(restore+`,"ifMatch":"`+two.ETag()+`"}`, "")
	if r.Entry == nil || r.Entry.ID != one.ID.String() || r.Entry.ETag == one.ETag() || r.Entry.ETag == two.ETag() ||
		r.Entry.MTime != one.ModTime.UnixMilli() || r.Path == nil || *r.Path != "f" {
		t.Errorf("%+v", r)
	}
	d.holds("f", "one")
	if p, _ := d.versions("?path=f"); len(p.Older) != 2 || p.Current.ID != r.Entry.ETag {
		t.Errorf("%+v", p)
	}
	if _, _, err := d.st.Lock(t.Context(), d.alice, "f", store.LockSpec{Timeout: 1e12}); err != nil {
		t.Fatal(err)
	}
	d.one(restore+`}`, "locked")
	d.do(req{method: "POST", path: "/operations", head: []string{"User", "bob"}, has: `"not-found"`, body: `{"operations":[` + restore + `}]}`})
	d.do(req{method: "POST", path: "/operations", want: 400, body: `{"operations":[{"op":"restore-version","versions":"x"}]}`})
}

func TestTrash(t *testing.T) {
	d := newDoor(t, nil)
	var p struct {
		Entries []trashed
		Next    *int64
	}
	list := func(query string) {
		t.Helper()
		p.Entries, p.Next = nil, nil
		d.do(req{method: "GET", path: "/trash" + query}).into(t, &p)
	}
	d.do(req{method: "GET", path: "/trash", has: `"entries":[]`})
	f := d.put("docs/sub/f <é>", "123")
	d.put("docs/sub/g", "45")
	d.one(`{"op":"remove","path":"docs/sub/f <é>"}`, "")
	d.one(`{"op":"remove","path":"docs/sub"}`, "")
	list("")
	if len(p.Entries) != 2 || p.Next != nil {
		t.Fatalf("%+v", p)
	}
	sub, gone := p.Entries[0], p.Entries[1]
	if sub.Name != "sub" || !sub.Folder || sub.Size != 2 || sub.Files != 1 || sub.From != "docs" || sub.Gone || *sub.By != "alice" || sub.Deleted == 0 {
		t.Errorf("%+v", sub)
	}
	if gone.entry != (entry{f.ID.String(), "f <é>", false, 3, 0, f.ModTime.UnixMilli(), f.ETag()}) || gone.From != "docs/sub" || !gone.Gone {
		t.Errorf("%+v", gone)
	}
	list("?limit=1")
	if len(p.Entries) != 1 || p.Next == nil {
		t.Fatalf("%+v", p)
	}
	list(fmt.Sprint("?limit=1&before=", *p.Next))
	if len(p.Entries) != 1 || p.Next != nil || p.Entries[0].ID != gone.ID {
		t.Fatalf("%+v", p)
	}
	d.all(
		req{method: "GET", path: "/trash?path=", want: 400, code: "bad-query"},
		req{method: "GET", path: "/trash?before=x", want: 400, code: "bad-query"},
		req{method: "GET", path: "/trash?limit=0", want: 400, code: "bad-query"},
		req{method: "HEAD", path: "/trash"},
		req{method: "DELETE", path: "/trash", want: 405},
		req{method: "GET", path: "/trash", head: []string{"User", "bob"}, has: `"entries":[]`},
		req{method: "GET", path: "/trash", head: []string{"User", "nobody"}, want: 401},
	)
	// What restore says of a place that is gone or taken leaves another to be chosen.
	if r := d.one(`{"op":"restore","node":"`+gone.ID+`"}`, "no-parent"); r.Problem.Status != 409 {
		t.Errorf("%+v", r.Problem)
	}
	d.one(`{"op":"restore","node":"`+gone.ID+`","to":"docs/f"}`, "")
	d.put("docs/sub", "in the way")
	if r := d.one(`{"op":"restore","node":"`+sub.ID+`"}`, "exists"); r.Problem.Status != 409 {
		t.Errorf("%+v", r.Problem)
	}
	d.one(`{"op":"restore","node":"`+sub.ID+`","to":"docs/sub 2"}`, "")
	d.holds("docs/f", "123")
	d.holds("docs/sub 2/g", "45")
	d.do(req{method: "GET", path: "/trash", has: `"entries":[]`})

	// Somebody who is gone has no name.
	d.one(`{"op":"remove","path":"docs/f"}`, "")
	bob := d.bob.User
	as := d.alice
	as.User = bob
	if err := d.st.Remove(t.Context(), as, "docs/sub", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	list("")
	if by := p.Entries[0].By; by == nil || *by != "bob" {
		t.Errorf("%+v", p.Entries[0])
	}
	if err := d.st.RemoveUser(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	list("")
	if b, _ := json.Marshal(p.Entries[0]); p.Entries[0].By != nil {
		t.Errorf("%s", b)
	}
}

func TestPurge(t *testing.T) {
	d := newDoor(t, nil)
	d.put("docs/f", "123")
	d.put("docs/f", "12345")
	d.put("g", "1")
	d.do(req{method: "GET", path: "/trash/size", has: `{"entries":0,"bytes":0,"upto":0}`})
	docs := d.one(`{"op":"remove","path":"docs"}`, "")
	g := d.one(`{"op":"remove","path":"g"}`, "")
	var size struct{ Entries, Bytes, Upto int64 }
	d.do(req{method: "GET", path: "/trash/size"}).into(t, &size)
	if size.Entries != 2 || size.Bytes != 6 || size.Upto == 0 {
		t.Errorf("%+v", size)
	}
	purge := `{"op":"purge","node":"` + docs.Node + `"}`
	for _, c := range [][2]string{
		{`{"op":"purge"}`, "bad-operation"},
		{`{"op":"purge","node":"x"}`, "not-found"},
		{`{"op":"purge","node":"` + d.alice.Root.String() + `"}`, "not-found"},
		{`{"op":"empty-trash"}`, "bad-operation"},
		{`{"op":"empty-trash","upto":0}`, "bad-operation"},
	} {
		d.one(c[0], c[1])
	}
	d.all(
		req{method: "POST", path: "/operations", head: []string{"User", "bob"}, has: `"not-found"`, body: `{"operations":[` + purge + `]}`},
		req{method: "POST", path: "/operations", head: []string{"User", "bob"}, has: `"count":0`, body: `{"operations":[{"op":"empty-trash","upto":99}]}`},
		req{method: "POST", path: "/operations", head: []string{"User", "nobody"}, want: 401, body: `{"operations":[` + purge + `]}`},
		req{method: "GET", path: "/trash/size", head: []string{"User", "bob"}, has: `"entries":0`},
		req{method: "GET", path: "/trash/size", head: []string{"User", "nobody"}, want: 401},
		req{method: "GET", path: "/trash/size?limit=1", want: 400, code: "bad-query"},
		req{method: "HEAD", path: "/trash/size"},
		req{method: "DELETE", path: "/trash/size", want: 405},
	)
	if r := d.one(purge, ""); r.Count == nil || *r.Count != 1 {
		t.Errorf("%+v", r)
	}
	d.one(purge, "not-found")
	d.one(`{"op":"restore","node":"`+docs.Node+`"}`, "not-found")
	d.put("later", "x")
	later := d.one(`{"op":"remove","path":"later"}`, "")
	if r := d.one(fmt.Sprintf(`{"op":"empty-trash","upto":%d}`, size.Upto), ""); r.Count == nil || *r.Count != 1 {
		t.Errorf("%+v", r)
	}
	d.one(`{"op":"restore","node":"`+g.Node+`"}`, "not-found")
	d.one(`{"op":"restore","node":"`+later.Node+`"}`, "")
	d.holds("later", "x")
}

func TestDropVersion(t *testing.T) {
	d := newDoor(t, nil)
	one := d.put("f", "one")
	two := d.put("f", "two!")
	drop := `{"op":"drop-version","path":"f","version":"` + one.ETag() + `"`
	for _, c := range [][2]string{
		{drop + `,"ifMatch":"` + one.ETag() + `"}`, "precondition-failed"},
		{`{"op":"drop-version","path":"f"}`, "bad-operation"},
		{`{"op":"drop-version","version":"` + one.ETag() + `"}`, "bad-operation"},
		{`{"op":"drop-version","path":"f","version":"x"}`, "not-found"},
		{`{"op":"drop-version","path":"f","version":"` + two.ETag() + `"}`, "not-found"},
		{`{"op":"drop-version","path":"","version":"` + one.ETag() + `"}`, "is-a-folder"},
	} {
		d.one(c[0], c[1])
	}
	d.do(req{method: "POST", path: "/operations", head: []string{"User", "bob"}, has: `"not-found"`, body: `{"operations":[` + drop + `}]}`})
	if r := d.one(drop+`,"ifMatch":"`+two.ETag()+`"}`, ""); r.Count == nil || *r.Count != 1 {
		t.Errorf("%+v", r)
	}
	if p, _ := d.versions("?path=f"); len(p.Older) != 0 || p.Current.ID != two.ETag() {
		t.Errorf("%+v", p)
	}
	d.one(drop+`}`, "not-found")
	d.holds("f", "two!")
}
