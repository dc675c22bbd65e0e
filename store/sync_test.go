package store_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cairn/store"
)

// mirror is what a client knows that asks for changes only.
type mirror struct {
	at    store.SyncPoint
	files map[store.Path]string // ETags; of folders ""
}

func (m *mirror) update(t *testing.T, r *rig, limit int) {
	t.Helper()
	for more := true; more; {
		out, upto, again, err := r.s.ChangedSince(t.Context(), r.sc, "", m.at, true, limit)
		if errors.Is(err, store.ErrSyncPoint) {
			t.Fatalf("since %+v: %v", m.at, err)
		}
		r.must(err)
		if again && upto == m.at {
			t.Fatalf("no progress from %+v", upto)
		}
		for _, c := range out {
			if c.Gone {
				maps.DeleteFunc(m.files, func(p store.Path, _ string) bool { return c.Path.Contains(p) })
			}
		}
		for _, c := range out {
			if c.Gone {
				continue
			}
			m.files[c.Path] = ""
			if !c.Node.IsFolder() {
				m.files[c.Path] = c.Node.ETag()
			}
		}
		m.at, more = upto, again
	}
}

// all is what there is.
func (r *rig) all() map[store.Path]string {
	out := map[store.Path]string{}
	for p, n := range r.tree("") {
		out[p] = ""
		if !n.IsFolder() {
			out[p] = n.ETag()
		}
	}
	delete(out, store.Root)
	return out
}

// Who asks only for what has changed knows all that there is, whatever happens.
func TestChangedSince(t *testing.T) {
	for seed := range uint64(40) {
		r := newRig(t)
		rnd := rand.New(rand.NewPCG(seed, 3))
		m := &mirror{files: map[store.Path]string{}}
		var err error
		if m.at, err = r.s.SyncPoint(t.Context(), r.sc); err != nil {
			t.Fatal(err)
		}
		place := func() store.Path {
			p := store.Path(string('a' + rune(rnd.IntN(4))))
			for range rnd.IntN(3) {
				p = p.Join(string('a' + rune(rnd.IntN(4))))
			}
			return p
		}
		for step := range 60 {
			p, q := place(), place()
			ctx, over := t.Context(), store.MoveOptions{Overwrite: rnd.IntN(2) == 0}
			switch rnd.IntN(8) { // many of these fail
			case 0, 1:
				r.s.Put(ctx, r.sc, p, strings.NewReader(fmt.Sprint(step)), store.PutOptions{Size: -1})
			case 2:
				r.s.Mkdir(ctx, r.sc, p, store.Conditions{})
			case 3, 4:
				r.s.Move(ctx, r.sc, p, q, over)
			case 5:
				r.s.Copy(ctx, r.sc, p, q, over)
			case 6:
				r.s.Remove(ctx, r.sc, p, store.Conditions{})
			case 7:
				ts, err := r.s.Trash(ctx, r.sc, 0, 10)
				r.must(err)
				if len(ts) > 0 {
					r.s.Restore(ctx, r.sc, ts[rnd.IntN(len(ts))].Node, "", store.Conditions{})
				}
			}
			if rnd.IntN(6) == 0 {
				m.update(t, r, rnd.IntN(4))
				if want := r.all(); !maps.Equal(m.files, want) {
					t.Fatalf("seed %d, step %d: known are %v, there are %v", seed, step, keys(m.files), keys(want))
				}
			}
		}
	}
}

func keys(m map[store.Path]string) []store.Path { return slices.Sorted(maps.Keys(m)) }

// A moment before a rebuild or the restoring of a backup is of another epoch; so is one of
// another space, and one that is still to come.
func TestChangedSince_refused(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.put("a", []byte("a"))
	at, err := r.s.SyncPoint(ctx, r.sc)
	r.must(err)
	refused := func(r *rig, why string, at store.SyncPoint) {
		t.Helper()
		if _, _, _, err := r.s.ChangedSince(ctx, r.sc, "", at, true, 0); !errors.Is(err, store.ErrSyncPoint) {
			t.Errorf("%s: %v", why, err)
		}
	}
	other, early, late := at, at, at
	other.Space++
	early.Seq = -1
	late.Seq++
	refused(r, "another space", other)
	refused(r, "before all", early)
	refused(r, "still to come", late)
	r.put("b", []byte("b"))
	if out, _, _, err := r.s.ChangedSince(ctx, r.sc, "", at, true, 0); err != nil || len(out) != 1 || out[0].Path != "b" {
		t.Errorf("%+v, %v", out, err)
	}
	dir := t.TempDir()
	r.backup(dir)
	refused(r.restored(dir), "restored", at)
	r.withoutDatabase()
	refused(r, "made from the packs", at)
}
