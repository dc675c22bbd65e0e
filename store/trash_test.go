package store_test

import (
	"errors"
	"testing"

	"cairn/store"
)

// The trash tells where things were, by the names that the folders have now, or had.
func TestTrash(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	for _, p := range []store.Path{"a", "a/b", "a/b/c"} {
		r.mkdir(p)
	}
	for _, p := range []store.Path{"top", "a/f", "a/b/g", "a/b/c/h", "a/b/c/i"} {
		r.put(p, []byte(p))
	}
	for _, p := range []store.Path{"top", "a/f", "a/b/c/h", "a/b/c", "a/b"} {
		if err := r.s.Remove(ctx, r.sc, p, store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.s.Move(ctx, r.sc, "a", "A", store.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name   string
		folder store.Path
		gone   bool
		bytes  int64
		files  int64
	}{{"b", "A", false, 5, 1}, {"c", "A/b", true, 7, 1}, {"h", "A/b/c", true, 7, 0}, {"f", "A", false, 3, 0}, {"top", "", false, 3, 0}}
	check := func() {
		t.Helper()
		i := 0
		for before := int64(0); ; {
			page, err := r.s.Trash(ctx, r.sc, before, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range page {
				if i == len(want) {
					t.Fatalf("%+v too", x)
				}
				w := want[i]
				if x.Name != w.name || x.Folder != w.folder || x.FolderGone != w.gone || x.Now.Size+x.Now.Bytes != w.bytes || x.Now.Files != w.files ||
					x.Now.ID != x.Node || x.Now.IsFolder() != (w.files > 0) || x.By != r.sc.User || x.Deleted.IsZero() {
					t.Errorf("%d: %+v, want %+v", i, x, w)
				}
				i++
				before = x.Seq
			}
			if len(page) < 2 {
				break
			}
		}
		if i != len(want) {
			t.Errorf("%d in the trash, want %d", i, len(want))
		}
	}
	check()
	r.reopen()
	check()

	all, err := r.s.Trash(ctx, r.sc, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.Restore(ctx, r.sc, all[2].Node, "", store.Conditions{}); !errors.Is(err, store.ErrNoParent) {
		t.Errorf("into a folder that is in the trash: %v", err)
	}
	for _, x := range []int{0, 1, 2} { // from the top down each finds its place
		if _, err := r.s.Restore(ctx, r.sc, all[x].Node, "", store.Conditions{}); err != nil {
			t.Errorf("%s: %v", all[x].Name, err)
		}
	}
	if got := r.read("A/b/c/h"); string(got) != "a/b/c/h" {
		t.Errorf("%q", got)
	}
	want = want[3:]
	check()
	part := r.sc
	part.Root = r.stat("A").ID
	if ts, err := r.s.Trash(ctx, part, 0, 10); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("of a part of a space: %v, %v", ts, err)
	}
	r.clean()
}

func TestUserByID(t *testing.T) {
	r := newRig(t)
	u, err := r.s.AddUser(t.Context(), "Bob", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.s.UserByID(t.Context(), u.ID); err != nil || got.Name != "Bob" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := r.s.RemoveUser(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []store.UserID{u.ID, 0, -1, 99} {
		if got, err := r.s.UserByID(t.Context(), id); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%d: %+v, %v", id, got, err)
		}
	}
}
