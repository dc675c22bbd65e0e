package store_test

import (
	"errors"
	"testing"

	"cairn/store"
)

// What is deleted for good, but of which there are rows yet, does not come back without its
// content.
func TestUndo_detached(t *testing.T) {
	r := newRig(t)
	r.put("f", noise(1, 10_000))
	sn := r.snapshot("s")
	if err := r.s.DropSnapshot(t.Context(), r.sc, sn.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.s.DetachForTest(t.Context(), r.trashIt("f")); err != nil {
		t.Fatal(err)
	}
	did, err := r.s.Undo(t.Context(), r.sc, sn.Seq, 0, store.Conditions{})
	if err != nil || did.LeftOut != 1 || did.Placed != 0 {
		t.Errorf("%+v, %v", did, err)
	}
	if _, err := r.s.Stat(t.Context(), r.sc, "f"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("f: %v", err)
	}
	r.clean()
}

// A file that was in a folder that is deleted for good since stays where it was moved to.
func TestUndo_folderPurged(t *testing.T) {
	r := newRig(t)
	r.mkdir("d")
	r.mkdir("d/e")
	r.put("d/e/f", []byte("precious"))
	sn := r.snapshot("s")
	if err := r.s.DropSnapshot(t.Context(), r.sc, sn.ID); err != nil {
		t.Fatal(err)
	}
	r.move("d/e/f", "f")
	if err := r.s.Purge(t.Context(), r.sc, r.trashIt("d")); err != nil {
		t.Fatal(err)
	}
	did, err := r.s.Undo(t.Context(), r.sc, sn.Seq, 0, store.Conditions{})
	if err != nil || did.Trashed != 0 || did.LeftOut != 2 {
		t.Errorf("%+v, %v", did, err)
	}
	if got := string(r.read("f")); got != "precious" {
		t.Errorf("f is %q", got)
	}
	r.clean()
}

// A file that has the name, and the content, of one that is deleted for good, but was
// elsewhere itself, does not stand for that: it goes back, and the other is made again.
func TestRevert_sameContentElsewhere(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.put("a", []byte("one"))
	r.copy("a", "b") // of the same time, too
	sn := r.snapshot("s")
	want := r.now()
	r.must(r.s.Purge(ctx, r.sc, r.trashIt("a")))
	r.move("b", "a")
	if did := r.revert(sn, ""); did.LeftOut > 0 {
		t.Errorf("%+v", did)
	}
	r.wantTree("reverted", r.now(), want)
	r.clean()
}
