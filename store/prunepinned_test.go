package store_test

import (
	"testing"

	"cairn/store"
)

// What a snapshot pins does not push out of a space's history what the limit has room for.
func TestPrune_bytesBesideSnapshot(t *testing.T) {
	r := newRig(t)
	r.put("big", make([]byte, 10_000))
	r.put("small", []byte("one"))
	sn := r.snapshot("s")
	want := r.then(sn.ID)
	r.put("big", []byte("x"))
	r.put("small", []byte("two"))
	r.put("small", []byte("three"))
	r.clock.advance(2 * day)
	keep := store.Retention{Age: -1, Count: -1, Bytes: 5000, TrashAge: -1, Minimum: day}
	r.prune(store.PruneOptions{Retention: &keep, TrustClock: true})
	if n := r.versions("small"); n != 2 {
		t.Errorf("%d versions of small are left", n)
	}
	r.wantTree("pruned", r.then(sn.ID), want)
	r.clean()
}
