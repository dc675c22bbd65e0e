package store_test

import (
	"testing"

	"cairn/store"
)

// A folder that was made with all in it goes to the trash as one, and can be restored as one.
func TestUndo_madeFolder(t *testing.T) {
	r := newRig(t)
	r.put("old", []byte("old"))
	sn := r.snapshot("s")
	r.mkdir("d")
	r.mkdir("d/e")
	r.put("d/e/f", []byte("f"))
	r.put("d/g", []byte("g"))
	r.move("old", "d/old")
	did, err := r.s.Undo(t.Context(), r.sc, sn.Seq, 0, store.Conditions{})
	if err != nil || did.LeftOut != 0 {
		t.Errorf("%+v, %v", did, err)
	}
	r.wantTree("undone", r.now(), r.then(sn.ID))
	in, err := r.s.Trash(t.Context(), r.sc, 0, 100)
	if err != nil || len(in) != 1 {
		t.Fatalf("%d entries of the trash, %v", len(in), err)
	}
	if _, err := r.s.Restore(t.Context(), r.sc, in[0].Node, "", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if f, g := string(r.read("d/e/f")), string(r.read("d/g")); f != "f" || g != "g" {
		t.Errorf("%q, %q", f, g)
	}
	r.clean()
}
