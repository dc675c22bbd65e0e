package store_test

import (
	"path/filepath"
	"slices"
	"testing"

	"cairn/store"
)

// The id of a pack that is deleted does not come again: hints, and who read its rows before,
// would take another pack for it. A start leaves out 64 ids; here more are deleted.
func TestGCKeepsIDs(t *testing.T) {
	r := newRigWith(t, nil, 512<<10) // a chunk fills a pack
	ctx := t.Context()
	r.put("small", []byte("1"))
	r.put("large", noise(1, 110<<20))
	last := filepath.Base(slices.Max(r.packs()))
	if err := r.s.Purge(ctx, r.sc, r.trashIt("large")); err != nil {
		t.Fatal(err)
	}
	r.reaped()
	if c := r.gc(store.GCOptions{}); c.Dropped < 80 {
		t.Fatalf("%+v", c)
	}
	r.must(r.s.Close())
	r.loseDatabase() // which knows of ids that were used
	r.open()
	before := r.packs()
	r.put("another", noise(2, 3<<20))
	for _, p := range r.packs() {
		if !slices.Contains(before, p) && filepath.Base(p) <= last {
			t.Errorf("%s came after %s", filepath.Base(p), last)
		}
	}
	r.clean()
}
