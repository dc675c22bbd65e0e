package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cairn/store"
)

// A person deletes for good what is younger than any minimum; nobody else does.
func TestPurge(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	bob := r.another("bob")
	r.mkdir("a")
	r.put("a/f", []byte("1234"))
	r.put("a/f", []byte("12345"))
	r.put("g", []byte("1"))
	a, g := r.trashIt("a"), r.trashIt("g")
	part, reader := r.sc, r.sc
	part.Root = a
	reader.Rights = store.MayRead
	for name, c := range map[string]struct {
		sc   store.Scope
		id   store.NodeID
		want error
	}{
		"another's":          {bob, a, store.ErrNotExist},
		"by a part":          {part, g, store.ErrNotExist},
		"without the right":  {reader, a, store.ErrPermission},
		"not in the trash":   {r.sc, r.sc.Root, store.ErrNotExist},
		"the trash itself":   {r.sc, r.sc.Root + 1, store.ErrNotExist},
		"inside of a folder": {r.sc, 12345, store.ErrNotExist},
	} {
		if err := r.s.Purge(ctx, c.sc, c.id); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if n, err := r.s.EmptyTrash(ctx, bob, 0); n != 0 || err != nil {
		t.Errorf("another's trash: %d, %v", n, err)
	}
	if n, err := r.s.EmptyTrash(ctx, reader, 0); n != 0 || !errors.Is(err, store.ErrPermission) {
		t.Errorf("without the right: %d, %v", n, err)
	}
	if n := r.rows(); n.Trash != 2 || n.Versions != 1 {
		t.Fatalf("%+v", n)
	}
	if err := r.s.Purge(ctx, r.sc, a); err != nil {
		t.Fatal(err)
	}
	if err := r.s.Purge(ctx, r.sc, a); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("twice: %v", err)
	}
	if _, err := r.s.Restore(ctx, r.sc, a, "", store.Conditions{}); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("restored: %v", err)
	}
	r.reaped()
	if n := r.rows(); n.Trash != 1 || n.Versions != 0 || n.Nodes != 3 {
		t.Errorf("%+v", n)
	}
	r.clean()
}

// reaped waits until what is detached is dropped.
func (r *rig) reaped() {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); r.rows().Gone > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("%+v", r.rows())
		}
	}
}

func TestEmptyTrash(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	for i := range 600 {
		p := store.Path(fmt.Sprint("f", i))
		if i%2 == 0 {
			r.mkdir(p)
		} else {
			r.put(p, []byte("12"))
		}
		r.trashIt(p)
	}
	seen, err := r.s.Trash(ctx, r.sc, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	r.trashIt(r.putAt("later"))
	if n, err := r.s.EmptyTrash(ctx, r.sc, seen[0].Seq); n != 600 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	left, err := r.s.Trash(ctx, r.sc, 0, 10)
	if err != nil || len(left) != 1 || left[0].Name != "later" {
		t.Errorf("left are %+v, %v", left, err)
	}
	r.reaped()
	if n := r.rows(); n.Nodes != 3 {
		t.Errorf("%+v", n)
	}
	if n, err := r.s.EmptyTrash(ctx, r.sc, 0); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := r.s.EmptyTrash(ctx, r.sc, 0); n != 0 || err != nil {
		t.Errorf("when it is empty: %d, %v", n, err)
	}
	r.clean()
}

func TestDropVersion(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	one := r.put("f", []byte("one"))
	two := r.put("f", []byte("two"))
	now := r.put("f", []byte("three"))
	other := r.put("other", []byte("1"))
	r.put("other", []byte("2"))
	r.mkdir("d")
	reader := r.sc
	reader.Rights = store.MayRead
	for name, c := range map[string]struct {
		sc   store.Scope
		p    store.Path
		id   store.VersionID
		c    store.Conditions
		want error
	}{
		"the current one":   {r.sc, "f", now.Version, store.Conditions{}, store.ErrNotExist},
		"of another file":   {r.sc, "f", other.Version, store.Conditions{}, store.ErrNotExist},
		"of no file":        {r.sc, "none", one.Version, store.Conditions{}, store.ErrNotExist},
		"of a folder":       {r.sc, "d", one.Version, store.Conditions{}, store.ErrIsFolder},
		"without the right": {reader, "f", one.Version, store.Conditions{}, store.ErrPermission},
		"changed meanwhile": {r.sc, "f", one.Version, store.Conditions{IfMatch: []string{two.ETag()}}, store.ErrPrecondition},
	} {
		if err := r.s.DropVersion(ctx, c.sc, c.p, c.id, c.c); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if r.versions("f") != 2 || r.versions("other") != 1 {
		t.Error("something is gone")
	}
	if err := r.s.DropVersion(ctx, r.sc, "f", one.Version, store.Conditions{IfMatch: []string{now.ETag()}}); err != nil {
		t.Fatal(err)
	}
	if _, vs, err := r.s.Versions(ctx, r.sc, "f", 0, 10); err != nil || len(vs) != 1 || vs[0].ID != two.Version {
		t.Errorf("%+v, %v", vs, err)
	}
	if got := r.stat("f").ETag(); got != now.ETag() {
		t.Errorf("the ETag is %s, not %s", got, now.ETag())
	}
	lk, _, err := r.s.Lock(ctx, r.sc, "f", store.LockSpec{Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.DropVersion(ctx, r.sc, "f", two.Version, store.Conditions{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("of a locked file: %v", err)
	}
	if err := r.s.DropVersion(ctx, r.sc, "f", two.Version, store.Conditions{Tokens: []string{lk.Token}}); err != nil {
		t.Error(err)
	}
	r.clean()
}
