package api

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"cairn/store"
)

// framed is a batch: pairs of a header's members and the bytes.
func framed(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "{%s,\"size\":%d}\n%s", pairs[i], len(pairs[i+1]), pairs[i+1])
	}
	return b.String()
}

type batchResult struct {
	Results []struct {
		Path    string
		Entry   entry
		Problem struct {
			Status int
			Code   string
		}
	}
}

var asBatch = []string{"Content-Type", batchType}

// text is what a file holds.
func (d *door) text(path string) string {
	d.Helper()
	c, err := d.st.Open(d.Context(), d.alice, store.Path(path))
	if err != nil {
		d.Fatal(err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil {
		d.Fatal(err)
	}
	return string(b)
}

// send sends a batch and returns what became of each: "ok" or a code.
func (d *door) send(body string) (codes []string, out batchResult) {
	d.Helper()
	d.do(req{method: "POST", path: "/batch", body: body, head: asBatch}).into(d.T, &out)
	for _, r := range out.Results {
		if r.Problem.Code != "" {
			codes = append(codes, r.Problem.Code)
		} else {
			codes = append(codes, "ok")
		}
	}
	return codes, out
}

func sum64(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Each file of a batch is stored or refused for itself; the same batch again is the same.
func TestBatch(t *testing.T) {
	d := newDoor(t, nil)
	d.operate(`{"op":"mkdir","path":"dir"}`)
	old := d.put("there", "there")
	body := framed(
		`"path":"a","mtime":1000000000123,"ifNoneMatch":"*"`, "hello",
		`"path":"dir/ü é\n","mtime":1,"ifNoneMatch":"*"`, "line\n{\"path\":1}\n",
		`"path":"dir/empty","mtime":2,"ifNoneMatch":"*"`, "",
		`"path":"there","mtime":3,"ifNoneMatch":"*"`, "other",
		`"path":"none/x"`, "no folder",
		`"path":"dir"`, "a folder",
		`"path":"../x"`, "up",
		`"path":"a"`, "twice",
		fmt.Sprintf(`"path":"sum","mtime":4,"ifNoneMatch":"*","sha256":%q`, sum64("right")), "right",
		fmt.Sprintf(`"path":"wrong","sha256":%q`, sum64("right")), "wrong",
		`"path":"wrong","sha256":"x"`, "wrong",
		`"path":"large"`, strings.Repeat("x", maxBatchFile+1),
		`"path":"dir/last","mtime":5,"ifNoneMatch":"*"`, strings.Repeat("y", 300_000),
	)
	want := "ok invalid-name ok precondition-failed no-parent is-a-folder invalid-name twice ok wrong-digest twice too-large ok"
	codes, out := d.send(body)
	if got := strings.Join(codes, " "); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	if r := out.Results[0]; r.Path != "a" || r.Entry.Size != 5 || r.Entry.MTime != 1000000000123 || d.text("a") != "hello" || d.text("dir/last") != strings.Repeat("y", 300_000) {
		t.Errorf("%+v", r)
	}
	if d.text("there") != "there" {
		t.Error("what was there is gone")
	}
	codes, again := d.send(body)
	if got := strings.Join(codes, " "); got != want {
		t.Fatalf("again: got  %s\nwant %s", got, want)
	}
	for i := range out.Results {
		if out.Results[i] != again.Results[i] {
			t.Errorf("%d: again %+v, first %+v", i, again.Results[i], out.Results[i])
		}
	}
	// The same time and size, and another content, is not the same.
	if codes, _ := d.send(framed(`"path":"a","mtime":1000000000123,"ifNoneMatch":"*"`, "jello")); codes[0] != "precondition-failed" {
		t.Error(codes)
	}
	replace := framed(fmt.Sprintf(`"path":"there","mtime":9,"ifMatch":%q`, old.ETag()), "new")
	for range 2 {
		if codes, _ := d.send(replace); codes[0] != "ok" || d.text("there") != "new" {
			t.Error(codes, d.text("there"))
		}
	}
	if _, vs, err := d.st.Versions(t.Context(), d.alice, "there", 0, 10); err != nil || len(vs) != 1 {
		t.Errorf("%d versions are kept, want 1 (%v)", len(vs), err)
	}
}

// What makes no sense is refused whole, but for what was whole before it.
func TestBatch_refused(t *testing.T) {
	d := newDoor(t, nil)
	one := framed(`"path":"%s"`, "x")
	for i, q := range []struct {
		body string
		code string
	}{
		{"", ""},
		{"{", "bad-batch"},
		{"\n", "bad-batch"},
		{`{"path":"y"}` + "\n", "bad-batch"},
		{`{"path":"y","size":-1}` + "\n", "bad-batch"},
		{`{"path":"y","size":1,"more":2}` + "\nx", "bad-batch"},
		{`{"path":"y","size":1} 2` + "\nx", "bad-batch"},
		{`{"path":"y","size":9}` + "\nshort", "incomplete"},
		{`{"path":"` + strings.Repeat("y", maxBatchHeader) + `","size":1}` + "\nx", "bad-batch"},
		{"{\"path\":\"y\xff\",\"size\":1}\nx", "bad-batch"},
	} {
		path := "before" + strconv.Itoa(i)
		want := 400
		if q.code == "" {
			want = 200
		}
		r := d.do(req{method: "POST", path: "/batch", body: fmt.Sprintf(one, path) + q.body, want: want, head: asBatch})
		if q.code != "" && !strings.Contains(r.body, `"code":"`+q.code+`"`) {
			t.Errorf("%.60q: %s, want %s", q.body, r.body, q.code)
		}
		if d.text(path) != "x" {
			t.Errorf("%.60q: what came before it is not stored", q.body)
		}
	}
	if _, err := d.st.Stat(t.Context(), d.alice, "y"); err == nil {
		t.Error("a file came of nonsense")
	}
	d.do(req{method: "POST", path: "/batch", body: "{}", want: 415})
	var many strings.Builder
	for i := range store.MaxPutMany + 1 {
		many.WriteString(framed(fmt.Sprintf(`"path":"m%d"`, i), "x"))
	}
	d.do(req{method: "POST", path: "/batch", body: many.String(), want: 400, head: asBatch, has: "bad-batch"})
	if d.text("m0") != "x" {
		t.Error("those that fit are not stored")
	}
}

func TestPlan(t *testing.T) {
	d := newDoor(t, nil)
	d.operate(`{"op":"mkdir","path":"dir"}`)
	d.send(framed(`"path":"same","mtime":5`, "hello"))
	u := d.begin("part", 10, "123")
	var out struct {
		Files []struct {
			State  string
			Entry  *entry
			Upload *upload
		}
	}
	body := fmt.Sprintf(`{"files":[{"path":"same","size":5,"mtime":5},{"path":"same","size":6,"mtime":5},{"path":"same","size":5,"mtime":6},{"path":"dir","size":0,"mtime":0},
		{"path":"none","size":1,"mtime":1},{"path":"../x","size":1,"mtime":1},{"path":"part","size":10,"mtime":%d},{"path":"part","size":11,"mtime":%[1]d}]}`, u.ModTime.UnixMilli())
	d.do(req{method: "POST", path: "/plan", body: body}).into(t, &out)
	want := []string{"same", "conflict", "conflict", "conflict", "new", "new", "new", "new"}
	for i, f := range out.Files {
		if f.State != want[i] || (f.Entry != nil) != (want[i] != "new") || (f.Upload != nil) != (i == 6) {
			t.Errorf("%d: %+v", i, f)
		}
	}
	if len(out.Files) != len(want) || out.Files[6].Upload.Offset != 3 || out.Files[6].Upload.ID != u.ID.String() {
		t.Errorf("%+v", out.Files)
	}
	d.do(req{method: "POST", path: "/plan", body: body, head: []string{"User", "bob"}, has: `{"files":[{"state":"new"},{"state":"new"},{"state":"new"},{"state":"new"},{"state":"new"},{"state":"new"},{"state":"new"},{"state":"new"}]}`})
	d.do(req{method: "POST", path: "/plan", body: `{}`, want: 400})

	// What was begun to replace a file goes on as well; not in place of a folder.
	over, _ := d.begin("same", 6, "12"), d.begin("dir", 7, "1")
	body = fmt.Sprintf(`{"files":[{"path":"same","size":6,"mtime":%d},{"path":"dir","size":7,"mtime":%[1]d}]}`, over.ModTime.UnixMilli())
	d.do(req{method: "POST", path: "/plan", body: body}).into(t, &out)
	for i, f := range out.Files {
		if f.State != "conflict" || f.Entry == nil || (f.Upload != nil) != (i == 0) {
			t.Errorf("%d: %+v", i, f)
		}
	}
	if f := out.Files[0]; f.Upload != nil && f.Upload.ID != over.ID.String() {
		t.Errorf("%+v", f.Upload)
	}
}
