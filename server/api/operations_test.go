package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cairn/server/auth"
	"cairn/store"

	"github.com/labstack/echo/v4"
)

func TestMkdir(t *testing.T) {
	d := newDoor(t, nil)
	d.put("file", "x")
	r := d.one(`{"op":"mkdir","path":"/a/"}`, "")
	if r.Entry == nil || !r.Entry.Folder || r.Entry.Name != "a" || r.Path == nil || *r.Path != "a" {
		t.Fatalf("%+v", r)
	}
	for _, c := range [][2]string{
		{`{"op":"mkdir","path":"a"}`, "exists"},
		{`{"op":"mkdir","path":"file"}`, "exists"},
		{`{"op":"mkdir","path":""}`, "exists"},
		{`{"op":"mkdir","path":"x/y"}`, "no-parent"},
		{`{"op":"mkdir","path":"file/y"}`, "not-a-folder"},
		{`{"op":"mkdir","path":"a/.."}`, "invalid-name"},
		{`{"op":"mkdir","path":"a\u0000"}`, "invalid-name"},
		{`{"op":"mkdir","path":"a\ud800"}`, "invalid-name"},
		{`{"op":"mkdir","path":"` + strings.Repeat("é", 128) + `"}`, "invalid-name"},
		{`{"op":"mkdir","path":"` + strings.Repeat("x/", 300) + `x","parents":true}`, "path-too-long"},
		{`{"op":"mkdir"}`, "bad-operation"},
		{`{"op":"mkdir","path":null}`, "bad-operation"},
		{`{"op":"rmdir","path":"a"}`, "bad-operation"},
		{`{}`, "bad-operation"},
		{`{"op":"mkdir","path":"new","ifMatch":"*"}`, "precondition-failed"},
		{`{"op":"mkdir","path":"a","parents":true}`, ""},
		{`{"op":"mkdir","path":"","parents":true}`, ""},
		{`{"op":"mkdir","path":"a","parents":true,"ifMatch":"old"}`, "precondition-failed"},
		{`{"op":"mkdir","path":"a/b/c/d","parents":true}`, ""},
		{`{"op":"mkdir","path":"a/b/x","parents":true}`, ""},
		{`{"op":"mkdir","path":"file","parents":true}`, "exists"},
		{`{"op":"mkdir","path":"file/y","parents":true}`, "not-a-folder"},
		{`{"op":"mkdir","path":"file/y/z","parents":true}`, "not-a-folder"},
		{`{"op":"mkdir","path":"` + strings.Repeat("d/", 255) + `d","parents":true}`, ""},
	} {
		r := d.one(c[0], c[1])
		if c[1] == "exists" && r.Problem.Status != 409 {
			t.Errorf("%s: %d, want 409", c[0], r.Problem.Status)
		}
		if p := r.Problem; p != nil && (p.Title == "" || p.Detail == "" || p.Status < 400) {
			t.Errorf("%s: says nothing: %+v", c[0], p)
		}
	}
	if n, err := d.st.Stat(t.Context(), d.alice, "a/b/c/d"); err != nil || !n.IsFolder() {
		t.Errorf("%v", err)
	}
	d.holds("file", "x")
}

func TestMoveCopy(t *testing.T) {
	d := newDoor(t, nil)
	one := d.put("one", "1")
	d.put("two", "2")
	d.put("dir/in", "in")
	r := d.one(`{"op":"move","from":"one","to":"dir/uno","ifMatch":"`+one.ETag()+`"}`, "")
	if *r.Path != "dir/uno" || r.Entry.Name != "uno" || r.Entry.ID != one.ID.String() || r.Entry.ETag != one.ETag() {
		t.Errorf("%+v", r)
	}
	r = d.one(`{"op":"move","from":"dir","to":"moved"}`, "")
	if n, err := d.st.Stat(t.Context(), d.alice, "moved"); err != nil || *r.Entry != entryOf(&n) || r.Entry.Size != 3 || r.Entry.Files != 2 {
		t.Errorf("a folder: %+v, %v", r.Entry, err)
	}
	for _, c := range [][2]string{
		{`{"op":"move","from":"none","to":"x"}`, "not-found"},
		{`{"op":"move","from":"two","to":"moved/in"}`, "exists"},
		{`{"op":"copy","from":"two","to":"moved/in"}`, "exists"},
		{`{"op":"move","from":"two","to":"no/x"}`, "no-parent"},
		{`{"op":"move","from":"two","to":"moved/in/x"}`, "not-a-folder"},
		{`{"op":"move","from":"two","to":"two"}`, "same"},
		{`{"op":"move","from":"moved","to":"moved/in2"}`, "into-itself"},
		{`{"op":"move","from":"","to":"x"}`, "root"},
		{`{"op":"copy","from":"two","to":""}`, "root"},
		{`{"op":"move","from":"two","to":"a/../b"}`, "invalid-name"},
		{`{"op":"move","from":"two"}`, "bad-operation"},
		{`{"op":"copy","to":"two"}`, "bad-operation"},
		{`{"op":"move","from":"two","to":"x","ifMatch":"old"}`, "precondition-failed"},
		{`{"op":"copy","from":"two","to":"copy"}`, ""},
		{`{"op":"copy","from":"moved","to":"moved2"}`, ""},
		{`{"op":"move","from":"two","to":"moved/in","overwrite":true}`, ""},
		{`{"op":"copy","from":"copy","to":"moved","overwrite":true}`, ""},
	} {
		d.one(c[0], c[1])
	}
	d.holds("moved", "2")
	d.holds("copy", "2")
	d.holds("moved2/in", "in")
	d.holds("moved2/uno", "1")
	d.holds("two", "-")
}

func TestRemoveRestore(t *testing.T) {
	d := newDoor(t, nil)
	f := d.put("dir/f", "x")
	d.one(`{"op":"remove","path":"dir/f","ifMatch":"old"}`, "precondition-failed")
	r := d.one(`{"op":"remove","path":"dir/f","ifMatch":"`+f.ETag()+`"}`, "")
	if r.Node != f.ID.String() || r.Entry != nil || r.Path != nil {
		t.Fatalf("%+v", r)
	}
	d.holds("dir/f", "-")
	restore := `{"op":"restore","node":"` + r.Node + `"`
	for _, c := range [][2]string{
		{`{"op":"remove","path":"dir/f"}`, "not-found"},
		{`{"op":"remove","path":""}`, "root"},
		{`{"op":"remove"}`, "bad-operation"},
		{`{"op":"restore"}`, "bad-operation"},
		{`{"op":"restore","node":"x"}`, "not-found"},
		{`{"op":"restore","node":"ffffffffffffffff"}`, "not-found"},
		{`{"op":"restore","node":"0000000000000001"}`, "not-found"},
		{restore + `,"to":"no/f"}`, "no-parent"},
		{restore + `,"to":".."}`, "invalid-name"},
		{restore + `,"ifMatch":"x"}`, "precondition-failed"},
	} {
		d.one(c[0], c[1])
	}
	if r := d.one(restore+`}`, ""); r.Entry == nil || r.Entry.ID != f.ID.String() || r.Entry.ETag != f.ETag() {
		t.Errorf("%+v", r)
	}
	d.one(restore+`}`, "not-found")
	d.holds("dir/f", "x")
	r = d.one(`{"op":"remove","path":"dir"}`, "")
	d.put("dir", "in the way")
	d.one(`{"op":"restore","node":"`+r.Node+`"}`, "exists")
	if r := d.one(`{"op":"restore","node":"`+r.Node+`","to":"dir2"}`, ""); *r.Path != "dir2" || r.Entry.Files != 1 {
		t.Errorf("%+v", r)
	}
	d.holds("dir2/f", "x")
	// Somebody else's node is nobody's.
	r = d.one(`{"op":"remove","path":"dir2"}`, "")
	d.do(req{method: "POST", path: "/operations", head: []string{"User", "bob"}, has: `"not-found"`,
		body: `{"operations":[{"op":"restore","node":"` + r.Node + `"}]}`})
}

// Each operation stands alone, in its order.
func TestOperations_order(t *testing.T) {
	d := newDoor(t, nil)
	rs := d.operate(`{"op":"mkdir","path":"a"},{"op":"mkdir","path":"a"},{"op":"move","from":"a","to":"b"},{"op":"mkdir","path":"b/c"},{"op":"remove","path":"nothing"},{"op":"mkdir","path":"a"}`)
	for i, want := range []string{"", "exists", "", "", "not-found", ""} {
		if got := rs[i].Problem; (got == nil) != (want == "") || got != nil && got.Code != want {
			t.Errorf("%d: %+v, want %q", i, got, want)
		}
	}
	d.do(req{method: "POST", path: "/operations", body: `{"operations":[]}`, has: `{"results":[]}`})
	if err := d.st.SetQuota(t.Context(), d.alice.User, 1); err != nil {
		t.Fatal(err)
	}
	d.put("x", "1")
	d.one(`{"op":"copy","from":"x","to":"y"}`, "quota-exceeded")
}

// leaving is a store whose client goes away during its first operation.
type leaving struct {
	Store
	leave context.CancelFunc
}

func (l leaving) Mkdir(ctx context.Context, sc store.Scope, p store.Path, c store.Conditions) (store.Node, error) {
	defer l.leave()
	return l.Store.Mkdir(ctx, sc, p, c)
}

func TestOperations_cancelled(t *testing.T) {
	d := newDoor(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	a := New(Options{Store: leaving{d.st, cancel}, Scope: func(context.Context, auth.Principal) (store.Scope, error) { return d.alice, nil }})
	e := echo.New()
	a.Mount(e)
	var ops []string
	for i := range 5 {
		ops = append(ops, fmt.Sprintf(`{"op":"mkdir","path":"%d"}`, i))
	}
	r := httptest.NewRequest("POST", "/api/v1/operations", strings.NewReader(`{"operations":[`+strings.Join(ops, ",")+`]}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r.WithContext(auth.WithPrincipal(ctx, auth.Principal{})))
	if w.Code == http.StatusOK {
		t.Errorf("got %d", w.Code)
	}
	if ns, err := d.st.List(t.Context(), d.alice, "", "", 10); err != nil || len(ns) != 1 {
		t.Errorf("%d folders, %v, want the first", len(ns), err)
	}
}
