package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cairn/server/underway"
	"cairn/store"
)

// begin makes an upload of alice's that promises size bytes, and appends text.
func (d *door) begin(path string, size int64, text string) store.Upload {
	d.Helper()
	u, err := d.st.CreateUpload(d.Context(), d.alice, store.UploadSpec{Path: store.Path(path), Size: size})
	if err != nil {
		d.Fatal(err)
	}
	if text == "" {
		return u
	}
	if _, err = d.st.AppendUpload(d.Context(), d.alice, u.ID, 0, 0, strings.NewReader(text)); err != nil {
		d.Fatal(err)
	}
	return u
}

// refused makes an upload of "new" whose commit at path is refused, since somebody was
// faster; it also returns what they put there.
func (d *door) refused(path string) (store.Upload, store.Node) {
	d.Helper()
	u, err := d.st.CreateUpload(d.Context(), d.alice, store.UploadSpec{Path: store.Path(path), Size: 3, Conditions: store.Conditions{IfNoneMatch: []string{"*"}}})
	if err != nil {
		d.Fatal(err)
	}
	old := d.put(path, "old")
	if _, err := d.st.AppendUpload(d.Context(), d.alice, u.ID, 0, 0, strings.NewReader("new")); !errors.Is(err, store.ErrPrecondition) {
		d.Fatal(err)
	}
	return u, old
}

func TestUploads(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "GET", path: "/uploads", has: `{"uploads":[],"more":false}`})
	none := d.begin("none", 10, "")
	part := d.begin("part", -1, "123")
	d.begin("whole", 3, "123")
	var out struct{ Uploads []upload }
	d.do(req{method: "GET", path: "/uploads"}).into(t, &out)
	want := []upload{
		{none.ID.String(), "none", 10, 0, none.Created.UnixMilli(), none.Expires.UnixMilli(), false},
		{part.ID.String(), "part", -1, 3, part.Created.UnixMilli(), 0, false},
	}
	if len(out.Uploads) != 2 || out.Uploads[0] != want[0] {
		t.Fatalf("got %+v, want %+v", out.Uploads, want)
	}
	got := out.Uploads[1]
	if want[1].Expires = got.Expires; got != want[1] || got.Expires < part.Expires.UnixMilli() {
		t.Errorf("got %+v, want %+v", got, want[1])
	}
	d.all(
		req{method: "GET", path: "/uploads", head: []string{"User", "bob"}, has: `{"uploads":[],"more":false}`},
		req{method: "GET", path: "/uploads?limit=1", want: 400, code: "bad-query"},
	)
}

// Whoever has the file can tell whether what is there is its beginning.
func TestDigests(t *testing.T) {
	d := newDoor(t, nil)
	u := d.begin("f", 10<<20, strings.Repeat("x", 9<<20)+"y")
	at := "/uploads/" + u.ID.String() + "/digests"
	var out struct {
		Offset, Piece, From int64
		SHA256              []string
	}
	d.do(req{method: "GET", path: at}).into(t, &out)
	want := []string{sum64(strings.Repeat("x", 8<<20)), sum64(strings.Repeat("x", 1<<20) + "y")}
	if out.Offset != 9<<20+1 || out.Piece != 8<<20 || out.From != 0 || !slices.Equal(out.SHA256, want) {
		t.Errorf("got %+v, want %q", out, want)
	}
	d.all(
		req{method: "GET", path: at + "?from=9437184", has: `"from":9437184,"sha256":["` + sum64("y") + `"]`},
		req{method: "GET", path: at + "?from=9437185", has: `"sha256":[]`},
		req{method: "GET", path: at + "?from=9437186", has: `"sha256":[]`},
		req{method: "GET", path: at + "?from=-1", want: 400, code: "bad-query"},
		req{method: "GET", path: at + "?from=x", want: 400, code: "bad-query"},
		req{method: "GET", path: at + "?upto=1", want: 400, code: "bad-query"},
		req{method: "GET", path: at, head: []string{"User", "bob"}, want: 404, code: "not-found"},
		req{method: "GET", path: "/uploads/x/digests", want: 404, code: "not-found"},
	)
	// All is there but its commit is refused: the last byte is told as well.
	v, _ := d.refused("taken")
	d.do(req{method: "GET", path: "/uploads/" + v.ID.String() + "/digests", has: `"offset":3,"piece":8388608,"from":0,"sha256":["` + sum64("new") + `"]`})
	w := d.begin("whole", 3, "123")
	d.do(req{method: "GET", path: "/uploads/" + w.ID.String() + "/digests", want: 410, code: "finished"})
}

// A request that brings bytes shows, and so does that there are more than are listed.
func TestUploads_many(t *testing.T) {
	running := &underway.Uploads{}
	d := newDoor(t, func(o *Options) { o.Underway = running })
	first := d.begin("first", 10, "")
	for i := range maxUploads - 1 {
		d.begin(fmt.Sprint(i), 10, "")
	}
	end := running.Begin(d.alice, first.ID)
	defer running.Begin(d.bob, first.ID)()
	list := func() (out struct {
		Uploads []upload
		More    bool
	}) {
		d.do(req{method: "GET", path: "/uploads"}).into(t, &out)
		return out
	}
	if got := list(); len(got.Uploads) != maxUploads || got.More || !got.Uploads[0].Arriving || got.Uploads[1].Arriving {
		t.Errorf("%d uploads, more: %v, the first two: %+v", len(got.Uploads), got.More, got.Uploads[:2])
	}
	end()
	d.begin("one more", 10, "")
	if got := list(); len(got.Uploads) != maxUploads || !got.More || got.Uploads[0].Arriving {
		t.Errorf("%d uploads, more: %v, the first: %+v", len(got.Uploads), got.More, got.Uploads[0])
	}
}

func TestFinish(t *testing.T) {
	d := newDoor(t, nil)
	u, _ := d.refused("f")
	finish := "/uploads/" + u.ID.String() + "/finish"
	d.all(
		req{method: "GET", path: "/uploads", has: `"size":3,"offset":2`},
		req{method: "POST", path: finish, head: []string{"User", "bob"}, body: `{"path":"f"}`, want: 404, code: "not-found"},
		req{method: "POST", path: "/uploads/x/finish", body: `{"path":"f"}`, want: 404, code: "not-found"},
		req{method: "POST", path: "/uploads/" + strings.Repeat("0", 32) + "/finish", body: `{"path":"f"}`, want: 404, code: "not-found"},
		req{method: "POST", path: finish, body: `{"path":"f"}`, want: 412, code: "precondition-failed"},
		req{method: "POST", path: finish, body: `{"path":"f","ifNoneMatch":"*"}`, want: 412, code: "precondition-failed"},
		req{method: "POST", path: finish, body: `{"path":"f","ifMatch":"x"}`, want: 412, code: "precondition-failed"},
		req{method: "POST", path: finish, body: `{"path":"no/where/f"}`, want: 409, code: "no-parent"},
		req{method: "POST", path: finish, body: `{"path":"f/below","parents":true}`, want: 409, code: "not-a-folder"},
		req{method: "POST", path: finish, body: `{"path":""}`, want: 409, code: "is-a-folder"},
		req{method: "POST", path: finish, body: `{"path":"a/../b"}`, want: 400, code: "invalid-name"},
		req{method: "POST", path: finish, body: `{"path":"f","size":3}`, want: 400, code: "bad-json"},
	)
	d.holds("f", "old")
	var r result
	for i := range 2 { // again, as after a lost answer
		d.do(req{method: "POST", path: finish, body: `{"path":"no/where/f","parents":true}`}).into(t, &r)
		if r.Path == nil || *r.Path != "no/where/f" || r.Entry == nil || r.Entry.Size != 3 || r.Entry.Name != "f" {
			t.Fatalf("%d: %+v", i, r)
		}
	}
	d.holds("no/where/f", "new")
	r = result{}
	d.do(req{method: "POST", path: finish, body: `{"path":"f"}`}).into(t, &r)
	if r.Path != nil || r.Entry == nil {
		t.Errorf("finished elsewhere: %+v", r)
	}
	d.holds("f", "old")
	d.do(req{method: "GET", path: "/uploads", has: `{"uploads":[],"more":false}`})

	u, old := d.refused("g")
	d.do(req{method: "POST", path: "/uploads/" + u.ID.String() + "/finish", body: `{"path":"g","ifMatch":"` + old.ETag() + `"}`}).into(t, &r)
	if *r.Path != "g" || r.Entry.ID != old.ID.String() || r.Entry.ETag == old.ETag() {
		t.Errorf("replaced: %+v", r)
	}
	d.holds("g", "new")
	u = d.begin("h", 10, "123")
	d.do(req{method: "POST", path: "/uploads/" + u.ID.String() + "/finish", body: `{}`, want: 400, code: "incomplete"})
}
