package api

import (
	"fmt"
	"strings"
	"testing"

	"cairn/store"
)

func (d *door) space(who string) (s spaceAnswer) {
	d.Helper()
	d.do(req{method: "GET", path: "/space", head: []string{"User", who}}).into(d, &s)
	return s
}

func TestSpace(t *testing.T) {
	d := newDoor(t, nil)
	s := d.space("alice")
	if s.Used != 0 || s.Versions != (past{}) || s.Trash != (past{}) || s.Available <= 0 || s.Store != nil {
		t.Errorf("of an empty space: %+v", s)
	}
	d.put("a/f", "one")
	d.put("a/f", "number two")
	d.put("g", "12345")
	d.one(`{"op":"remove","path":"g"}`, "")
	if err := d.st.SetQuota(t.Context(), d.alice.User, 1000); err != nil {
		t.Fatal(err)
	}
	s = d.space("alice")
	if s.Used != 10 || s.Files != 1 || s.Quota != 1000 || s.Available != 990 || s.CollectEvery != 0 || s.Store != nil ||
		s.Versions.Entries != 1 || s.Versions.Bytes != 3 || s.Versions.Since == nil || s.Versions.Upto == 0 ||
		s.Trash.Entries != 1 || s.Trash.Bytes != 5 || s.Trash.Since == nil || s.Trash.Upto == 0 {
		t.Errorf("%+v", s)
	}
	if s := d.space("bob"); s.Used != 0 || s.Versions.Entries != 0 || s.Trash.Entries != 0 || s.Quota != 0 {
		t.Errorf("another's: %+v", s)
	}
	a := d.do(req{method: "GET", path: "/space", has: `"since":`})
	if strings.Contains(a.body, `"store"`) || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", a.body, a.Header)
	}
	d.all(
		req{method: "HEAD", path: "/space"},
		req{method: "GET", path: "/space", head: []string{"User", "nobody"}, want: 401, code: "unauthorized"},
		req{method: "GET", path: "/space?user=bob", want: 400, code: "bad-query"},
		req{method: "POST", path: "/space", want: 405, code: "method"},
		req{method: "DELETE", path: "/space", want: 405, code: "method"},
		req{method: "GET", path: "/space/bob", want: 404, code: "not-found"},
	)
}

// Only an administrator is told of the whole store, and nobody has it looked at.
func TestSpace_administrator(t *testing.T) {
	d := newDoor(t, nil)
	d.put("f", strings.Repeat("x", 1000))
	s := d.space("root")
	if s.Used != 0 || s.Store == nil || s.Store.Survey != nil || s.Store.Stored <= 0 || s.Store.Packs < 1 || s.Store.DiskFree <= 0 || s.Store.DiskTotal < s.Store.DiskFree {
		t.Errorf("%+v", s)
	}
	d.do(req{method: "GET", path: "/space", head: []string{"User", "root"}, has: `"survey":null`})
	c, err := d.st.GC(t.Context(), store.GCOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	v := d.space("root").Store.Survey
	if v == nil || v.At == 0 || v.Stored != c.Before.Stored || v.Live != c.Before.Live || v.Dead != v.Stored-v.Live || v.Reclaimable != c.Before.Reclaimable || v.Full {
		t.Errorf("%+v, found was %+v", v, c.Before)
	}
}

func TestDropVersions(t *testing.T) {
	d := newDoor(t, nil)
	for i := range 5 {
		d.put("f", fmt.Sprint("content ", i))
		d.put("g", fmt.Sprint("other ", i))
	}
	size := func(query string) (p past) {
		t.Helper()
		d.do(req{method: "GET", path: "/versions/size" + query}).into(t, &p)
		return p
	}
	all := size("")
	if all.Entries != 8 || all.Bytes != 4*9+4*7 || all.Upto == 0 || size("?days=0") != all {
		t.Errorf("%+v", all)
	}
	if p := size("?days=1"); p != (past{}) {
		t.Errorf("a day old: %+v", p)
	}
	for _, query := range []string{"?days=-1", "?days=36501", "?days=", "?days=x", "?days=1&days=2", "?path=f"} {
		d.do(req{method: "GET", path: "/versions/size" + query, want: 400, code: "bad-query"})
	}
	d.all(
		req{method: "HEAD", path: "/versions/size"},
		req{method: "GET", path: "/versions/size", head: []string{"User", "nobody"}, want: 401, code: "unauthorized"},
		req{method: "POST", path: "/versions/size", want: 405, code: "method"},
	)
	d.put("f", "later") // not asked about
	drop := fmt.Sprintf(`{"op":"drop-versions","upto":%d}`, all.Upto)
	for _, o := range []string{`{"op":"drop-versions"}`, `{"op":"drop-versions","upto":0}`, `{"op":"drop-versions","upto":-1}`} {
		d.one(o, "bad-operation")
	}
	d.do(req{method: "POST", path: "/operations", head: []string{"User", "bob"}, body: `{"operations":[` + drop + `]}`, has: `"count":0`})
	d.do(req{method: "POST", path: "/operations", head: []string{"User", "nobody"}, body: `{"operations":[` + drop + `]}`, want: 401})
	if p := size(""); p.Entries != 9 {
		t.Errorf("somebody else has dropped them: %+v", p)
	}
	if r := d.one(drop, ""); r.Count == nil || *r.Count != 8 {
		t.Errorf("%+v", r)
	}
	if p := size(""); p.Entries != 1 {
		t.Errorf("%+v", p)
	}
	d.holds("f", "later")
	d.holds("g", "other 4")
}
