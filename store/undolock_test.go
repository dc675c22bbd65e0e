package store_test

import (
	"testing"
	"time"

	"cairn/store"
)

// What is locked, or lies in a folder that is, is left by an undo; all else is undone.
func TestUndo_locked(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.put("f", []byte("one"))
	r.put("g", []byte("one"))
	r.put("x", []byte("x"))
	r.mkdir("d")
	sn := r.snapshot("s")
	r.put("f", []byte("two"))
	r.put("g", []byte("two"))
	r.move("x", "d/x")
	r.mkdir("new")
	r.put("new/h", []byte("h"))
	for p, spec := range map[store.Path]store.LockSpec{"f": {}, "d": {Infinite: true}, "new/h": {}} {
		spec.Timeout = time.Hour
		if _, _, err := r.s.Lock(ctx, r.sc, p, spec); err != nil {
			t.Fatal(err)
		}
	}
	did, err := r.s.Undo(ctx, r.sc, sn.Seq, 0, store.Conditions{})
	if err != nil || did.Trashed != 0 || did.Written != 1 {
		t.Errorf("%+v, %v", did, err)
	}
	for p, want := range map[store.Path]string{"f": "two", "g": "one", "d/x": "x", "new/h": "h"} {
		if got, err := readAll(r.s, r.sc, p); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", p, got, err)
		}
	}
	r.clean()
}
