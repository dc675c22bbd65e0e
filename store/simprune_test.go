package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cairn/store"
)

// forget makes something of the past go: by the policy, or because a person says so.
func (w *simWorker) forget(ctx context.Context, r *rand.Rand, s *store.Store) simOp {
	switch r.IntN(9) {
	case 0, 1, 2, 3:
		return w.prune(ctx, r)
	case 4, 5:
		return w.purge(ctx, r)
	case 6:
		return w.dropVersions(ctx)
	}
	return w.dropVersion(ctx, r, s)
}

// prune keeps nothing of one kind, or of both.
func (w *simWorker) prune(ctx context.Context, r *rand.Rand) simOp {
	kind := r.IntN(4)
	keep := store.Retention{Age: -1, Count: -1, Bytes: -1, TrashAge: -1}
	switch kind {
	case 0:
		keep.Age, keep.TrashAge = 0, 0
	case 1:
		keep.TrashAge = 0
	case 2:
		keep.Age = 0
	case 3:
		keep.Count = 0
	}
	return simOp{name: fmt.Sprintf("prune %+v", keep), run: func(s *store.Store) error {
		did, err := s.Prune(ctx, store.PruneOptions{Retention: &keep, Space: w.sc.Space})
		w.pruned += did.Versions + did.Trashed
		return err
	}, did: func(st *simState) {
		if kind < 2 {
			clear(st.trash)
		}
		if kind == 1 {
			return
		}
		st.forgetOlder()
	}, half: func(st *simState) { st.loose = true }}
}

// dropVersions deletes all older versions, of what lies in the trash too.
func (w *simWorker) dropVersions(ctx context.Context) simOp {
	return simOp{name: "drop all versions", run: func(s *store.Store) error {
		size, err := s.VersionsSize(ctx, w.sc, 0)
		if err != nil {
			return err
		}
		n, err := s.DropVersions(ctx, w.sc, size.Upto)
		w.pruned += n
		return err
	}, did: func(st *simState) { st.forgetOlder() }, half: func(st *simState) { st.loose = true }}
}

func (st *simState) forgetOlder() {
	forgetOlder(st.nodes, len(st.snaps) > 0)
	for id, tree := range st.trash {
		tree = maps.Clone(tree)
		forgetOlder(tree, len(st.snaps) > 0)
		st.trash[id] = tree
	}
}

// forgetOlder notes that older versions have gone, but for those that a snapshot needs.
func forgetOlder(tree map[store.Path]simNode, snaps bool) {
	for p, n := range tree {
		if n.vague = snaps; !snaps {
			n.older = nil
		}
		tree[p] = n
	}
}

// purge deletes one node of the trash for good, or all.
func (w *simWorker) purge(ctx context.Context, r *rand.Rand) simOp {
	ids := slices.Sorted(maps.Keys(w.state.trash))
	if len(ids) == 0 {
		return w.prune(ctx, r)
	}
	if r.IntN(4) == 0 {
		return simOp{name: "empty the trash", run: func(s *store.Store) error {
			n, err := s.EmptyTrash(ctx, w.sc, 0)
			w.pruned += n
			return err
		}, did: func(st *simState) { clear(st.trash) }, half: func(st *simState) { st.loose = true }}
	}
	id := ids[r.IntN(len(ids))]
	return simOp{name: fmt.Sprintf("purge %v", id), run: func(s *store.Store) error { return s.Purge(ctx, w.sc, id) },
		did: func(st *simState) { delete(st.trash, id) }}
}

// dropVersion deletes an older version of a file.
func (w *simWorker) dropVersion(ctx context.Context, r *rand.Rand, s *store.Store) simOp {
	p := w.pick(r, func(_ store.Path, n simNode) bool { return len(n.older) > 0 && !n.vague })
	if p == "" {
		return w.prune(ctx, r)
	}
	var v store.Version
	_, vs, err := s.Versions(ctx, w.sc, p, 0, 1000)
	if err == nil && len(vs) > 0 {
		v = vs[r.IntN(len(vs))]
	}
	kept := false
	return simOp{name: fmt.Sprintf("drop version %v of %s", v.ID, p), run: func(s *store.Store) error {
		if err == nil {
			err = s.DropVersion(ctx, w.sc, p, v.ID, store.Conditions{})
		}
		if kept = errors.Is(err, store.ErrSnapshot) && len(w.state.snaps) > 0; kept {
			err = nil
		}
		return err
	}, did: func(st *simState) {
		if kept {
			return
		}
		n := st.nodes[p]
		if at := slices.Index(n.older, v.Size); at >= 0 {
			n.older = slices.Delete(slices.Clone(n.older), at, at+1)
		}
		st.nodes[p] = n
	}}
}

// The newest commit counts also if what was deleted for good in it is not there any more.
func TestPurge_newestCommit(t *testing.T) {
	template, scopes := simTemplate()
	m := &simMachine{tmp: simTmp(t), clock: newSimClock()}
	m.swap(template.Clone(1))
	m.clock.advance(time.Hour)
	if err := m.open(simParams{pack: 512 << 10}); err != nil {
		t.Fatal(err)
	}
	ctx, sc := t.Context(), scopes[0]
	w, err := m.s.Put(ctx, sc, "film", bytes.NewReader(noise(9, 3<<20)), store.PutOptions{Size: 3 << 20})
	if err == nil {
		err = m.s.Remove(ctx, sc, "film", store.Conditions{})
	}
	if err == nil {
		err = m.s.Purge(ctx, sc, w.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for n := range 200 {
		id, err := m.s.DropForTest(ctx, func(all int) int { return n % all })
		if err != nil {
			t.Fatal(err)
		}
		if id != 0 {
			dropped++
		}
	}
	if dropped == 0 {
		t.Fatal("no pack was dropped: the test does not test that")
	}
	m.disk.Off()
	m.close()
	m.swap(m.disk.Kill())
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
		m.disk.Remove("/srv/data/" + name)
	}
	if err := m.open(simParams{}); err != nil {
		t.Fatal(err)
	}
	defer m.close()
	if ts, err := m.s.Trash(ctx, sc, 0, 10); err != nil || len(ts) != 0 {
		t.Errorf("it is back: %+v, %v", ts, err)
	}
}
