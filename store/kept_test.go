package store_test

import (
	"errors"
	"io"
	"testing"

	"cairn/store"
)

// A node that a snapshot shows is a root to look at it from, and each of its contents can be
// opened by its version, as long as anybody keeps it.
func TestKept(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	u, err := r.s.AddUser(ctx, "bob", "", 0, false)
	r.must(err)
	bob, err := r.s.Home(ctx, u.ID)
	r.must(err)
	at := func(id store.NodeID) store.Scope {
		sc := r.sc
		sc.Root, sc.Rights = id, store.MayRead
		return sc
	}
	r.mkdir("a")
	r.mkdir("a/b")
	one := r.put("a/b/f", []byte("one"))
	two := r.put("a/b/f", []byte("number two"))
	over := r.put("a/over", []byte("moved over another"))
	target := r.put("target", []byte("target"))
	sn := r.snapshot("it")
	folder := r.stat("a/b").ID
	three := r.put("a/b/f", []byte("3"))
	r.move("a/over", "target")

	opens := func(what string, id store.NodeID, v store.VersionID, want string) {
		t.Helper()
		c, err := r.s.OpenKept(ctx, at(id), v)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		defer c.Close()
		got, err := io.ReadAll(c)
		if n := c.Node(); err != nil || string(got) != want || n.ID != id || n.Version != v || n.Size != int64(len(want)) {
			t.Errorf("%s: %q, %v, %+v; want %q", what, got, err, n, want)
		}
	}
	refuses := func(what string, sc store.Scope, v store.VersionID, want error) {
		t.Helper()
		if c, err := r.s.OpenKept(ctx, sc, v); !errors.Is(err, want) {
			if err == nil {
				c.Close()
			}
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	shows := func(what string) {
		t.Helper()
		opens(what+": a version", one.ID, two.Version, "number two")
		opens(what+": of a file that was moved over another", over.ID, over.Version, "moved over another")
		opens(what+": of the one that was moved over", target.ID, target.Version, "target")
		n, err := r.s.StatAt(ctx, at(folder), sn.ID, "f")
		if err != nil || n.Version != two.Version || n.Name != "f" {
			t.Errorf("%s: stat from a folder on: %+v, %v", what, n, err)
		}
		kids, err := r.s.ListAt(ctx, at(folder), sn.ID, "", "", 9)
		if err != nil || len(kids) != 1 || kids[0].ID != one.ID {
			t.Errorf("%s: list: %+v, %v", what, kids, err)
		}
		if n, err := r.s.StatAt(ctx, at(one.ID), sn.ID, ""); err != nil || n.Size != 10 || n.Name != "f" {
			t.Errorf("%s: stat of a file: %+v, %v", what, n, err)
		}
	}
	shows("at first")
	opens("an older version", one.ID, one.Version, "one")
	opens("the current one", one.ID, three.Version, "3")
	his, none := at(one.ID), at(one.ID)
	his.Space, none.Rights = bob.Space, 0
	refuses("from another space", his, two.Version, store.ErrNotExist)
	refuses("without the right", none, two.Version, store.ErrPermission)
	refuses("of a folder", at(folder), two.Version, store.ErrIsFolder)
	refuses("of another file", at(target.ID), two.Version, store.ErrNotExist)
	refuses("that is none", at(one.ID), store.VersionID{1}, store.ErrNotExist)
	his.Root = folder
	if _, err := r.s.StatAt(ctx, his, sn.ID, ""); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a folder of another space: %v", err)
	}

	r.trashIt("a")
	r.trashIt("target")
	if _, err := r.s.EmptyTrash(ctx, r.sc, 0); err != nil {
		t.Fatal(err)
	}
	r.reaped()
	shows("deleted for good")
	refuses("an older version, deleted for good", at(one.ID), one.Version, store.ErrNotExist)
	refuses("the last one, deleted for good", at(one.ID), three.Version, store.ErrNotExist)
	r.must(r.s.DropSnapshot(ctx, r.sc, sn.ID))
	r.prune(store.PruneOptions{Retention: keepNothing()})
	refuses("that nobody keeps any more", at(one.ID), two.Version, store.ErrNotExist)
	r.clean()
}
