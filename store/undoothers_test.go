package store_test

import (
	"fmt"
	"testing"
	"time"

	"cairn/store"
)

// What somebody changes while an undo is on its way has changed since, and stays.
func TestUndo_changedMeanwhile(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	const files = 6000
	name := func(i int) store.Path { return store.Path(fmt.Sprintf("f%05d", i)) }
	for i := range files {
		r.put(name(i), []byte("one"))
	}
	sn := r.snapshot("s")
	for i := range files {
		if _, err := r.s.Touch(ctx, r.sc, name(i), r.clock.now(), store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.put("new", []byte("new"))
	was := r.stat(name(0)).ModTime
	type result struct {
		did store.Undone
		err error
	}
	done := make(chan result)
	go func() {
		did, err := r.s.Undo(ctx, r.sc, sn.Seq, 0, store.Conditions{})
		done <- result{did, err}
	}()
	for r.stat(name(0)).ModTime.Equal(was) {
		time.Sleep(100 * time.Microsecond)
	}
	last := name(files - 1)
	id := r.put(last, []byte("by another")).Node.ID
	d := <-done
	if d.err != nil {
		t.Fatal(d.err)
	}
	if got := string(r.read(last)); got != "by another" {
		t.Errorf("%s is %q", last, got)
	}
	for _, l := range d.did.Left {
		if l.Node != id {
			t.Errorf("left: %v", l)
		}
	}
	t.Logf("%d left", d.did.LeftOut)
	r.clean()
}

// What has a name that is needed, and has changed since, stays.
func TestUndo_takenByChanged(t *testing.T) {
	r := newRig(t)
	r.put("x", []byte("a"))
	r.mkdir("d")
	sn := r.snapshot("s")
	r.move("x", "y")
	r.clock.advance(time.Minute) // no safe save
	r.put("x", []byte("b"))
	r.move("d", "e")
	r.mkdir("d")
	to := r.snapshot("to")
	r.put("x", []byte("b, changed"))
	r.put("d/f", []byte("f"))
	did, err := r.s.Undo(t.Context(), r.sc, sn.Seq, to.Seq, store.Conditions{})
	if err != nil || did.Trashed+did.Placed+did.Written != 0 || did.LeftOut != 4 {
		t.Errorf("%+v, %v", did, err)
	}
	for p, want := range map[store.Path]string{"x": "b, changed", "y": "a", "d/f": "f"} {
		if got, err := readAll(r.s, r.sc, p); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", p, got, err)
		}
	}
	r.clean()
}
