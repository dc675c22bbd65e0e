package store_test

import (
	"testing"

	"cairn/store"
)

// A snapshot at which a folder was in the trash, and what came of that later.
func TestSnapshot_trashedThen(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.mkdir("d/e")
	r.put("d/e/f", []byte("one"))
	s1 := r.snapshot("1")
	w1 := r.then(s1.ID)
	id := r.trashIt("d")
	s2 := r.snapshot("2")
	w2 := r.then(s2.ID)
	if _, err := r.s.Restore(ctx, r.sc, id, "", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	r.put("d/e/f", []byte("two"))
	s3 := r.snapshot("3")
	w3 := r.then(s3.ID)
	all := func(what string) {
		r.wantTree(what+" 1", r.then(s1.ID), w1)
		r.wantTree(what+" 2", r.then(s2.ID), w2)
		r.wantTree(what+" 3", r.then(s3.ID), w3)
	}
	purge := func() {
		if err := r.s.Purge(ctx, r.sc, r.trashIt("d")); err != nil {
			t.Fatal(err)
		}
	}
	purge()
	all("purged")
	r.revert(s1, "")
	all("reverted")
	r.wantTree("as 1", r.now(), w1)
	purge()
	all("purged again")
	r.revert(s3, "d")
	r.wantTree("as 3", r.now(), w3)
	r.move("d/e/f", "d/g")
	r.put("d/e/f", []byte("three"))
	r.move("d/g", "d/e/f")
	all("moved over")
	r.revert(s2, "")
	r.wantTree("as 2", r.now(), w2)
	if n, err := r.s.EmptyTrash(ctx, r.sc, 0); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	all("emptied")
	for range 2 {
		r.clock.advance(400 * day)
		r.prune(store.PruneOptions{Retention: keepNothing(), TrustClock: true})
	}
	all("pruned")
	r.revert(s3, "")
	if diff := differ(r.now(), w3, false); len(diff) > 0 {
		t.Error(diff)
	}
	r.reopen()
	all("reopened")
	if err := r.s.DropSnapshot(ctx, r.sc, s1.ID); err != nil {
		t.Fatal(err)
	}
	r.prune(store.PruneOptions{Retention: keepNothing(), TrustClock: true})
	r.wantTree("one dropped", r.then(s3.ID), w3)
	r.clean()
}

// Copies are made beside snapshots: what is staged is in none, and a revert takes it away.
func TestSnapshot_copies(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.mkdir("d/e")
	r.put("d/e/f", []byte("one"))
	s1 := r.snapshot("1")
	w1 := r.then(s1.ID)
	if _, err := r.s.Copy(ctx, r.sc, "d", "c", store.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	r.move("c/e/f", "f")
	r.move("c/e", "e")
	s2 := r.snapshot("2")
	w2 := r.then(s2.ID)
	if err := r.s.Purge(ctx, r.sc, r.trashIt("c")); err != nil {
		t.Fatal(err)
	}
	r.wantTree("1", r.then(s1.ID), w1)
	r.wantTree("2", r.then(s2.ID), w2)
	r.revert(s1, "")
	r.wantTree("reverted to 1", r.now(), w1)
	r.revert(s2, "")
	r.wantTree("reverted to 2", r.now(), w2)
	did, err := r.s.Undo(ctx, r.sc, s1.Seq, s2.Seq, store.Conditions{})
	t.Logf("%+v, %v", did, err)
	r.clean()
}
