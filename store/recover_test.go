package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cairn/store"
)

// The database is disposable: opening replays the packs.
func TestLostDatabase(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	for i := range 50 {
		r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), i*3000))
	}
	for i := range 20 {
		r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i+100), i*100))
	}
	r.mkdir("d")
	for i := range 10 {
		if _, err := r.s.Move(ctx, r.sc, store.Path(fmt.Sprintf("f%d", i)), store.Path(fmt.Sprintf("d/m%d", i)), store.MoveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := 40; i < 45; i++ {
		if err := r.s.Remove(ctx, r.sc, store.Path(fmt.Sprintf("f%d", i)), store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	want := describe(t, r)
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm", "cairn.json"} {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	r.open()
	if got := describe(t, r); got != want {
		t.Errorf("after the loss of the database:\n%s\nwant\n%s", got, want)
	}
	r.clean()
	r.put("new", []byte("goes on"))
	r.reopen()
	if got := r.read("new"); string(got) != "goes on" {
		t.Errorf("%q", got)
	}
}

// describe is all that a user can see.
func describe(t *testing.T, r *rig) string {
	t.Helper()
	var b bytes.Buffer
	var walk func(p store.Path)
	walk = func(p store.Path) {
		nodes, err := r.s.List(t.Context(), r.sc, p, "", 10000)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			q := p.Join(n.Name)
			n.Epoch = 0 // another after a loss of the database
			fmt.Fprintf(&b, "%s id=%v etag=%s size=%d mtime=%v created=%v", q, n.ID, n.ETag(), n.Size, n.ModTime, n.Created)
			if n.IsFolder() {
				fmt.Fprintf(&b, " below=%d/%d\n", n.Bytes, n.Files)
				walk(q)
				continue
			}
			_, vs, err := r.s.Versions(t.Context(), r.sc, q, 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, " sum=%x", store.DigestForTest(r.read(q)))
			for _, v := range vs {
				fmt.Fprintf(&b, " v=%v/%d", v.ID, v.Size)
			}
			b.WriteByte('\n')
		}
	}
	walk("")
	ts, err := r.s.Trash(t.Context(), r.sc, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range ts {
		x.Now.Epoch = 0
		fmt.Fprintf(&b, "trash %+v\n", x)
	}
	return b.String()
}

func TestOneProcess(t *testing.T) {
	r := newRig(t)
	if _, err := store.Open(t.Context(), store.Options{Dir: r.dir, UnsafeFS: true}); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a second store on the folder: %v", err)
	}
}

// What was the last record of a pack and is lost must not come back as another's.
func TestLostRecordStaysLost(t *testing.T) {
	r := newRig(t)
	r.put("a", noise(1, 3<<20))
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	var large string
	for _, p := range packs {
		if st, err := os.Stat(p); err == nil && st.Size() > 2<<20 {
			large = p
		}
	}
	st, err := os.Stat(large)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, st.Size()-1000); err != nil {
		t.Fatal(err)
	}
	r.open()
	r.put("b", noise(2, 3<<20))
	if got, err := readAll(r.s, r.sc, "a"); err == nil {
		t.Errorf("%d bytes come back for a file whose last record is lost", len(got))
	}
	if found := r.verify(false); len(found) == 0 {
		t.Error("verify finds nothing")
	}
}
