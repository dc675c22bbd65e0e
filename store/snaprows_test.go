package store_test

import (
	"context"
	"testing"
	"time"

	"cairn/store"
)

// A file with very many superseded rows is deleted for good, and its old versions are dropped,
// beside a snapshot: it ends.
func TestSnapshot_manyRows(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("one"))
	r.put("f", []byte("two"))
	sn := r.snapshot("s")
	r.put("f", []byte("three"))
	if err := r.s.TouchForTest(t.Context(), r.sc, "f", 40_000); err != nil {
		t.Fatal(err)
	}
	r.put("f", []byte("four"))
	want := r.then(sn.ID)
	ctx, end := context.WithTimeout(t.Context(), 60*time.Second)
	defer end()
	if n, err := r.s.DropVersions(ctx, r.sc, 1<<62); err != nil || n != 2 {
		t.Errorf("%d versions dropped, %v", n, err)
	}
	id := r.trashIt("f")
	if err := r.s.DetachForTest(ctx, id); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.Prune(ctx, store.PruneOptions{}); err != nil {
		t.Fatal(err)
	}
	r.wantTree("purged", r.then(sn.ID), want)
	r.clean()
}

// So is one that very many others were moved over.
func TestSnapshot_manyHeirs(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("one"))
	sn := r.snapshot("s")
	want := r.then(sn.ID)
	r.put("f", []byte("two"))
	const heirs = 20_000
	if err := r.s.TakeOverForTest(t.Context(), r.sc, "f", heirs); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithTimeout(t.Context(), 60*time.Second)
	defer end()
	id := r.trashIt("f")
	if err := r.s.DetachForTest(ctx, id); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if _, err := r.s.Prune(ctx, store.PruneOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", time.Since(begin))
	r.wantTree("purged", r.then(sn.ID), want)
	r.clean()
}
