package api

import (
	"fmt"
	"strings"
	"testing"
)

func (d *door) snapshots(who string) (out []snapshot) {
	d.Helper()
	var in struct{ Snapshots []snapshot }
	d.do(req{method: "GET", path: "/snapshots", head: []string{"User", who}}).into(d, &in)
	return in.Snapshots
}

func TestSnapshots(t *testing.T) {
	d := newDoor(t, nil)
	if got := d.snapshots("alice"); got == nil || len(got) != 0 {
		t.Errorf("%+v", got)
	}
	d.put("docs/f é.txt", "one")
	id := d.one(`{"op":"make-snapshot","name":"before"}`, "").Snapshot
	d.put("docs/f é.txt", "number two")
	d.put("docs/new", "new")
	got := d.snapshots("alice")
	if len(got) != 1 || got[0].ID != id || got[0].Name != "before" || *got[0].By != "alice" || got[0].Created == 0 || got[0].Change < 1 {
		t.Errorf("%+v", got)
	}
	if len(d.snapshots("bob")) != 0 {
		t.Error("bob sees it")
	}
	p, a := d.list("?path=docs&snapshot=" + id)
	if len(p.Entries) != 1 || p.Entries[0].Name != "f é.txt" || p.Entries[0].Size != 3 {
		t.Errorf("%s", a.body)
	}
	file := "/content?path=docs/f%20%C3%A9.txt&snapshot=" + id
	d.all(
		req{method: "GET", path: file, has: "one"},
		req{method: "GET", path: file, head: []string{"Range", "bytes=1-1"}, want: 206, has: "n"},
		req{method: "GET", path: file, head: []string{"If-None-Match", `"` + p.Entries[0].ETag + `"`}, want: 304},
		req{method: "GET", path: file, head: []string{"User", "bob"}, want: 404},
		req{method: "GET", path: file + "&version=" + strings.Repeat("0", 32), want: 400, code: "bad-query"},
		req{method: "GET", path: "/content?path=docs/new&snapshot=" + id, want: 404, code: "not-found"},
		req{method: "GET", path: "/content?path=docs&snapshot=" + id, want: 409, code: "is-a-folder"},
		req{method: "GET", path: "/content?path=docs&snapshot=x", want: 404, code: "not-found"},
		req{method: "GET", path: "/files?path=docs&snapshot=", want: 404, code: "not-found"},
		req{method: "GET", path: "/files?path=docs/new&snapshot=" + id, want: 404, code: "not-found"},
		req{method: "GET", path: "/files?path=docs&snapshot=" + id, head: []string{"User", "bob"}, want: 404},
		req{method: "GET", path: "/snapshots?x=1", want: 400, code: "bad-query"},
		req{method: "POST", path: "/snapshots", want: 405},
		req{method: "GET", path: "/snapshots", head: []string{"User", "nobody"}, want: 401},
		req{method: "HEAD", path: "/snapshots"},
	)
	for path, want := range map[string]int64{"docs/f%20%C3%A9.txt": 3, "docs/new": -1, "docs/f%20%C3%A9.txt/x": -1, "docs": 0} {
		var in struct{ Snapshots []snapshot }
		d.do(req{method: "GET", path: "/snapshots?path=" + path, head: []string{"User", "alice"}}).into(d, &in)
		switch {
		case want < 0 && len(in.Snapshots) != 0:
			t.Errorf("%s: %+v", path, in)
		case want >= 0 && (len(in.Snapshots) != 1 || in.Snapshots[0].ID != id || in.Snapshots[0].Entry.Size != want):
			t.Errorf("%s: %+v", path, in)
		}
	}
	d.do(req{method: "GET", path: "/snapshots?path=a//b", head: []string{"User", "alice"}, want: 400, code: "invalid-name"})
	for _, c := range [][2]string{
		{`{"op":"make-snapshot"}`, "bad-operation"}, {`{"op":"make-snapshot","name":""}`, "invalid-name"},
		{`{"op":"make-snapshot","name":"a/b"}`, "invalid-name"}, {`{"op":"make-snapshot","name":"before"}`, "exists"},
		{`{"op":"drop-snapshot"}`, "bad-operation"}, {`{"op":"drop-snapshot","snapshot":"7"}`, "not-found"},
		{`{"op":"revert","path":""}`, "bad-operation"}, {`{"op":"revert","snapshot":"` + id + `"}`, "bad-operation"},
		{`{"op":"revert","path":"none","snapshot":"` + id + `"}`, "not-found"}, {`{"op":"undo"}`, "bad-operation"},
		{`{"op":"undo","after":-1}`, "bad-operation"}, {`{"op":"undo","after":1,"upto":-1}`, "bad-operation"},
		{`{"op":"undo","after":0,"upto":0}`, "bad-operation"},
	} {
		d.one(c[0], c[1])
	}
	did := d.one(`{"op":"revert","path":"docs","snapshot":"`+id+`"}`, "").Undone
	if did == nil || did.Written != 1 || did.Trashed != 1 || did.LeftOut != 0 || did.Left == nil {
		t.Errorf("%+v", did)
	}
	d.holds("docs/f é.txt", "one")
	back := d.one(fmt.Sprintf(`{"op":"undo","after":%d,"upto":%d}`, did.After, did.Upto), "").Undone
	if back == nil || back.Written != 1 || back.Placed != 1 || back.LeftOut != 0 {
		t.Errorf("of %+v: %+v", did, back)
	}
	d.holds("docs/f é.txt", "number two")
	d.holds("docs/new", "new")
	d.one(`{"op":"revert","path":"docs","snapshot":"`+id+`"}`, "")
	if did := d.one(`{"op":"revert","path":"docs","snapshot":"`+id+`"}`, "").Undone; did.After != 0 || did.Upto != 0 {
		t.Errorf("nothing was to be done: %+v", did)
	}
	d.one(`{"op":"drop-snapshot","snapshot":"`+id+`"}`, "")
	d.one(`{"op":"drop-snapshot","snapshot":"`+id+`"}`, "not-found")
	if len(d.snapshots("alice")) != 0 {
		t.Error("it is there still")
	}
}

func TestUndo(t *testing.T) {
	d := newDoor(t, nil)
	d.put("f", "one")
	at := d.one(`{"op":"make-snapshot","name":"x"}`, "").Snapshot
	after := d.snapshots("alice")[0].Change
	d.one(`{"op":"drop-snapshot","snapshot":"`+at+`"}`, "")
	d.put("f", "two")
	d.one(`{"op":"remove","path":"f"}`, "")
	if did := d.one(fmt.Sprintf(`{"op":"undo","after":%d}`, after), "").Undone; did == nil || did.Placed != 1 || did.Written != 1 {
		t.Errorf("%+v", did)
	}
	d.holds("f", "one")
}
