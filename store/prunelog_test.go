package store_test

import (
	"testing"
	"time"

	"cairn/store"
)

// A clock that jumps makes nothing old that was not seen to become so.
func TestPrune_clock(t *testing.T) {
	keep := store.Retention{Age: 30 * day, Count: 1, Bytes: -1, TrashAge: 30 * day, Minimum: day}
	begin := func(t *testing.T) *rig {
		r := newRig(t)
		for _, c := range []string{"1", "2", "3"} {
			r.put("f", []byte(c))
		}
		r.trashIt(r.putAt("g"))
		r.prune(store.PruneOptions{Retention: &keep})
		return r
	}
	left := func(t *testing.T, r *rig, versions, trash int) {
		t.Helper()
		did := r.prune(store.PruneOptions{Retention: &keep})
		if n := r.rows(); n.Versions != versions || n.Trash != trash {
			t.Errorf("%d versions and %d in the trash are left, want %d and %d (%+v)", n.Versions, n.Trash, versions, trash, did)
		}
	}
	t.Run("years forward", func(t *testing.T) {
		r := begin(t)
		r.clock.advance(10 * 365 * day)
		left(t, r, 2, 1)
		r.clock.advance(23 * time.Hour)
		left(t, r, 2, 1)
		r.reopen()
		r.clock.advance(2 * time.Hour)
		left(t, r, 1, 1) // the count
		for range 28 {
			r.clock.advance(day)
			left(t, r, 1, 1)
		}
		r.clock.advance(day)
		left(t, r, 0, 0)
		r.clean()
	})
	t.Run("forward and back", func(t *testing.T) {
		r := begin(t)
		r.clock.advance(10 * 365 * day)
		r.put("f", []byte("4")) // with a stamp of then
		r.trashIt(r.putAt("h"))
		left(t, r, 3, 2)
		r.clock.advance(-10 * 365 * day)
		left(t, r, 3, 2)
		r.clock.advance(23 * time.Hour)
		left(t, r, 3, 2)
		for range 28 {
			r.clock.advance(day)
		}
		r.put("f", []byte("5"))
		r.trashIt(r.putAt("i"))
		for range 40 {
			r.clock.advance(day)
			r.prune(store.PruneOptions{Retention: &keep})
		}
		left(t, r, 0, 0) // what came later shows that they are old
		r.clean()
	})
	t.Run("back and right again", func(t *testing.T) {
		r := begin(t)
		r.clock.advance(-20 * 365 * day) // as without a battery
		left(t, r, 2, 1)
		r.put("f", []byte("4"))
		r.put("f", []byte("5"))
		r.clock.advance(20 * 365 * day)
		left(t, r, 4, 1)
		r.clock.advance(23 * time.Hour)
		left(t, r, 4, 1)
		r.clock.advance(2 * time.Hour)
		left(t, r, 1, 1)
	})
	t.Run("a person knows better", func(t *testing.T) {
		r := begin(t)
		r.clock.advance(100 * day)
		left(t, r, 2, 1)
		did := r.prune(store.PruneOptions{Retention: &keep, TrustClock: true})
		if did.Versions != 2 || did.Trashed != 1 || did.Jumped {
			t.Errorf("%+v", did)
		}
		if r.prune(store.PruneOptions{Retention: &keep}).Jumped {
			t.Error("it has jumped again")
		}
	})
	t.Run("weeks of silence", func(t *testing.T) { // looked at, but nothing changes
		r := begin(t)
		for range 31 {
			r.clock.advance(day)
			if r.prune(store.PruneOptions{Retention: &keep}).Jumped {
				t.Fatal("it has jumped")
			}
		}
		left(t, r, 0, 0)
	})
}

// putAt makes a file.
func (r *rig) putAt(p store.Path) store.Path {
	r.put(p, []byte("content"))
	return p
}

// The change log keeps its newest entries, and so do superseded rows; versions from before
// it are dated by its beginning.
func TestPrune_log(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("1"))
	r.put("f", []byte("2"))
	r.put("g", []byte("g"))
	touch := func(n int) {
		for range n {
			if _, err := r.s.Touch(t.Context(), r.sc, "g", r.clock.now(), store.Conditions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	touch(600)
	r.clock.advance(2 * day)
	touch(900)
	keep := store.Retention{Age: 5 * day, Count: -1, Bytes: -1, TrashAge: day, Minimum: day}
	did := r.prune(store.PruneOptions{Retention: &keep})
	if did.Changes != 0 {
		t.Errorf("changes that date a version are gone: %+v", did)
	}
	keep.Age = -1
	did = r.prune(store.PruneOptions{Retention: &keep})
	if n := r.rows(); did.Changes != 503 || n.Changes != 1000 || n.Past != 1000 || n.Versions != 1 {
		t.Errorf("%+v, %+v", did, n)
	}
	keep.Age = 3 * day // all that is known is that it is older than 2 days
	if did := r.prune(store.PruneOptions{Retention: &keep}); did.Versions != 0 {
		t.Errorf("%+v", did)
	}
	r.clock.advance(day + time.Hour)
	if did := r.prune(store.PruneOptions{Retention: &keep}); did.Versions != 1 {
		t.Errorf("%+v", did)
	}
	touch(100)
	if did := r.prune(store.PruneOptions{Retention: &keep}); did.Changes != 100 || did.Rows != 100 {
		t.Errorf("%+v", did)
	}
	r.clean()
}

// What a removed account had goes, but not before its time; its numbers stay taken.
func TestPrune_removedAccount(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	u, err := r.s.AddUser(ctx, "bob", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	r.put("hers", []byte("stays"))
	ada := r.sc
	r.home(u)
	r.mkdir("a")
	r.put("a/f", []byte("12345"))
	r.put("a/f", []byte("123"))
	r.put("g", []byte("1"))
	r.trashIt("g")
	keep := store.DefaultRetention()
	if err := r.s.RemoveUser(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	for range 29 {
		r.clock.advance(day)
		if did := r.prune(store.PruneOptions{Retention: &keep}); did.Spaces != 0 {
			t.Fatalf("%+v", did)
		}
	}
	r.clock.advance(day)
	if did := r.prune(store.PruneOptions{Retention: &keep, DryRun: true}); did.Spaces != 1 {
		t.Errorf("dry: %+v", did)
	}
	if did := r.prune(store.PruneOptions{Retention: &keep}); did.Spaces != 1 || did.Bytes != 9 {
		t.Errorf("%+v", did)
	}
	if n := r.rows(); n.Nodes != 2 || n.Versions != 0 || n.Past != 0 || n.Changes != 1 || n.Trash != 0 || n.Gone != 0 {
		t.Errorf("%+v", n)
	}
	r.clock.advance(day)
	if did := r.prune(store.PruneOptions{Retention: &keep}); did.Spaces != 0 {
		t.Errorf("again: %+v", did)
	}
	if eve, err := r.s.AddUser(ctx, "eve", "", 0, false); err != nil || eve.ID == u.ID || eve.Space == r.sc.Space {
		t.Errorf("%+v, %v", eve, err)
	}
	r.sc = ada
	if got := r.read("hers"); string(got) != "stays" {
		t.Errorf("%q", got)
	}
	r.clean()
}

// An account that was removed by a version that did not tell when counts from now.
func TestPrune_removedBefore(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("12345"))
	for range 40 {
		r.clock.advance(day)
		r.prune(store.PruneOptions{})
	}
	if err := r.s.RemoveSpaceForTest(t.Context(), r.sc.Space); err != nil {
		t.Fatal(err)
	}
	keep := store.DefaultRetention()
	for i := range 32 {
		did := r.prune(store.PruneOptions{Retention: &keep})
		if gone := did.Spaces > 0; gone != (i == 30) {
			t.Errorf("day %d: %+v", i, did)
		}
		r.clock.advance(day)
	}
	if n := r.rows(); n.Nodes != 2 || n.Changes != 1 {
		t.Errorf("%+v", n)
	}
	r.clean()
}
