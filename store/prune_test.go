package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

func (r *rig) rows() store.RowCounts {
	r.t.Helper()
	n, err := r.s.RowsForTest(r.t.Context(), r.sc.Space)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) prune(o store.PruneOptions) store.Pruned {
	r.t.Helper()
	did, err := r.s.Prune(r.t.Context(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	return did
}

func (r *rig) trashIt(p store.Path) store.NodeID {
	r.t.Helper()
	id := r.stat(p).ID
	if err := r.s.Remove(r.t.Context(), r.sc, p, store.Conditions{}); err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) versions(p store.Path) int {
	r.t.Helper()
	_, vs, err := r.s.Versions(r.t.Context(), r.sc, p, 0, 1<<20)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(vs)
}

// unlimited keeps all.
var unlimited = store.Retention{Age: -1, Count: -1, Bytes: -1, TrashAge: -1}

func keepNothing() *store.Retention { return &store.Retention{Bytes: -1} }

// A removed folder goes with everything below it, however deep and wide, in transactions
// of a few hundred rows, and nothing is left of it.
func TestPrune_tree(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.put("stays", []byte("x"))
	r.put("stays", []byte("xy"))
	before := r.rows()
	p := store.Path("tree")
	r.mkdir(p)
	for i := range 60 { // deep
		p = p.Join(fmt.Sprint("d", i))
		r.mkdir(p)
		r.put(p.Join("f"), noise(uint64(i), 100))
		r.put(p.Join("f"), noise(uint64(i), 90))
	}
	var group sync.WaitGroup
	for c := range 8 { // wide
		group.Go(func() {
			for i := range 160 {
				_, err := r.s.Put(ctx, r.sc, store.Path("tree").Join(fmt.Sprint(c, "-", i)), strings.NewReader("content"), store.PutOptions{Size: 7})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	set := []store.PropPatch{{Prop: store.Prop{Name: store.PropName{Space: "urn:x", Local: "p"}, Value: []byte("v")}}}
	for _, at := range []store.Path{"tree", "tree/d0/d1", "tree/d0/f"} {
		if err := r.s.SetProps(ctx, r.sc, at, set, store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	keep := unlimited
	keep.TrashAge = 30 * day
	keep.Minimum = day
	r.trashIt("tree")
	for _, wait := range []time.Duration{0, 29 * day, 23 * time.Hour} {
		r.clock.advance(wait)
		if did := r.prune(store.PruneOptions{Retention: &keep, TrustClock: true}); did.Trashed != 0 {
			t.Fatalf("after %v: %+v", wait, did)
		}
	}
	r.clock.advance(time.Hour)
	commits := r.s.CommitsForTest()
	did := r.prune(store.PruneOptions{Retention: &keep, TrustClock: true})
	if did.Trashed != 1 || did.Versions != 60 || did.Bytes != 60*190+1280*7 {
		t.Errorf("%+v", did)
	}
	if n := r.s.CommitsForTest().Batches - commits.Batches; n < 3 {
		t.Errorf("%d transactions", n)
	}
	after := r.rows()
	if after.Past > before.Past {
		t.Errorf("%d superseded rows are left, before it was %d", after.Past, before.Past)
	}
	after.Changes, after.Watch, after.Past = before.Changes, before.Watch, before.Past
	before.Sums++ // of the trash
	if after != before {
		t.Errorf("left are %+v, before it was %+v", after, before)
	}
	r.clean()
	if got := r.read("stays"); string(got) != "xy" || r.versions("stays") != 1 {
		t.Errorf("%q", got)
	}
	r.reopen()
	if r.rows().Gone != 0 {
		t.Error("something is detached")
	}
}

// Nothing goes below the minimum, whatever asks for it and whatever the quota is; from then
// on it goes.
func TestPrune_minimum(t *testing.T) {
	for name, ask := range map[string]func(*store.PruneOptions){
		"age":       func(o *store.PruneOptions) { o.Retention.Age = 0 },
		"trash age": func(o *store.PruneOptions) { o.Retention.TrashAge = 0 },
		"count":     func(o *store.PruneOptions) { o.Retention.Count = 0 },
		"bytes":     func(o *store.PruneOptions) { o.Retention.Bytes = 0 },
		"free":      func(o *store.PruneOptions) { o.Free = 1 << 60 },
		"all":       func(o *store.PruneOptions) { *o.Retention, o.Free = store.Retention{Minimum: day}, 1<<60 },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.put("f", []byte("one"))
			r.put("f", []byte("two"))
			r.put("g", []byte("g"))
			r.trashIt("g")
			keep := unlimited
			keep.Minimum = day
			o := store.PruneOptions{Retention: &keep}
			ask(&o)
			for i, quota := range []int64{0, 1, 1 << 40} {
				if err := r.s.SetQuota(t.Context(), r.sc.User, quota); err != nil {
					t.Fatal(err)
				}
				if i > 0 {
					r.clock.advance(day/2 - time.Second)
				}
				if did := r.prune(o); did.Bytes != 0 || did.Versions+did.Trashed != 0 {
					t.Fatalf("with a quota of %d: %+v", quota, did)
				}
			}
			if n := r.rows(); n.Versions != 1 || n.Trash != 1 {
				t.Fatalf("%+v", n)
			}
			r.clock.advance(2 * time.Second)
			did := r.prune(o)
			if want := 4 - 3*bit(name == "trash age") - bit(name == "age" || name == "count"); did.Bytes != want {
				t.Errorf("%+v, want %d bytes", did, want)
			}
			if got := r.read("f"); string(got) != "two" {
				t.Errorf("%q", got)
			}
		})
	}
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// What was seen to be old, and has been brought back and removed again since, is not.
func TestPrune_stale(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	id := r.trashIt(r.putAt("f"))
	seen, err := r.s.Trash(ctx, r.sc, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.Restore(ctx, r.sc, id, "", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if did, err := r.s.DropTrashForTest(ctx, seen[0].Trashed); err != nil || did.Trashed != 0 {
			t.Errorf("%+v, %v", did, err)
		}
		if n := r.rows(); n.Nodes != 3 {
			t.Fatalf("%+v", n)
		}
		if n := r.rows(); n.Trash == 0 {
			r.trashIt("f")
		}
	}
}

// What a crash leaves of a tree that was being dropped is no fault, is not seen, and goes.
func TestPrune_leftover(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("a")
	r.mkdir("a/b")
	r.put("a/b/f", []byte("1234"))
	r.put("a/b/f", []byte("12345"))
	r.put("g", []byte("123"))
	ids := []store.NodeID{r.trashIt("a"), r.trashIt("g")}
	for _, id := range ids {
		if err := r.s.DetachForTest(ctx, id); err != nil {
			t.Fatal(err)
		}
		if _, err := r.s.Restore(ctx, r.sc, id, "back", store.Conditions{}); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("restored: %v", err)
		}
	}
	if n := r.rows(); n.Gone != 2 || n.Trash != 0 {
		t.Errorf("%+v", n)
	}
	if ts, err := r.s.Trash(ctx, r.sc, 0, 10); err != nil || len(ts) != 0 {
		t.Errorf("%v, %v", ts, err)
	}
	r.clean()
	r.reopen() // goes on in the background
	for deadline := time.Now().Add(time.Minute); r.rows().Gone > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", r.rows())
		}
	}
	if n := r.rows(); n.Nodes != 2 || n.Versions != 0 {
		t.Errorf("%+v", n)
	}
	r.clean()
}

// The oldest of all accounts goes first when room is needed, and never below the minimum.
func TestPrune_free(t *testing.T) {
	r := newRig(t)
	u, err := r.s.AddUser(t.Context(), "bob", "", 1, false) // a quota that is met has no say
	if err != nil {
		t.Fatal(err)
	}
	ada := r.sc
	r.home(u)
	bob := r.sc
	for i := range 6 {
		r.sc = ada
		r.put("f", noise(uint64(i), 1000))
		r.clock.advance(time.Hour)
		if err := r.s.SetQuota(t.Context(), u.ID, 0); err != nil {
			t.Fatal(err)
		}
		r.sc = bob
		r.put(store.Path(fmt.Sprint("f", i)), noise(uint64(i), 100))
		r.trashIt(store.Path(fmt.Sprint("f", i)))
		r.clock.advance(time.Hour)
	}
	keep := unlimited
	keep.Minimum = day
	if did := r.prune(store.PruneOptions{Retention: &keep, Free: 1 << 40}); did.Bytes != 0 {
		t.Errorf("below the minimum: %+v", did)
	}
	keep.Minimum = 5 * time.Hour
	if did := r.prune(store.PruneOptions{Retention: &keep, Free: 1, DryRun: true}); did.Bytes != 100 || did.Trashed != 1 {
		t.Errorf("dry: %+v", did) // bob's came first
	}
	if did := r.prune(store.PruneOptions{Retention: &keep, Free: 101}); did.Trashed != 1 || did.Versions != 1 || did.Bytes != 1100 {
		t.Errorf("%+v", did)
	}
	did := r.prune(store.PruneOptions{Retention: &keep, Free: 1 << 40})
	if did.Trashed != 3 || did.Versions != 2 {
		t.Errorf("all but the minimum: %+v", did)
	}
	r.clean()
}

// What a pinned number needs stays: versions, rows, and the content of what is deleted.
func TestPrune_pinned(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	one := r.put("f", []byte("one")) // change 1
	first := r.snapshot("one")
	r.put("f", []byte("two"))
	if _, err := r.s.Move(ctx, r.sc, "f", "g", store.MoveOptions{}); err != nil { // 3
		t.Fatal(err)
	}
	r.put("g", []byte("three")) // 4
	kept := r.put("h", []byte("kept"))
	snap := r.snapshot("five")
	r.put("i", []byte("not")) // 6
	id := r.trashIt("h")
	r.trashIt("i")
	did := r.prune(store.PruneOptions{Retention: keepNothing()})
	if did.Trashed != 2 || did.Versions != 1 {
		t.Errorf("%+v", did)
	}
	vs, err := r.s.OldVersionsForTest(ctx, r.sc.Space)
	if err != nil || len(vs) != 2 || vs[0].ID != one.Version || vs[1].ID != kept.Version || vs[1].Node != id || vs[1].Since != 5 || vs[1].Until != 7 {
		t.Errorf("%+v, %v", vs, err)
	}
	if n := r.rows(); n.Nodes != 4 || n.Gone != 0 || n.Past == 0 {
		t.Errorf("%+v", n)
	}
	r.clean()
	for _, sn := range []store.Snapshot{first, snap} {
		if err := r.s.DropSnapshot(ctx, r.sc, sn.ID); err != nil {
			t.Fatal(err)
		}
	}
	r.reaped()
	r.prune(store.PruneOptions{Retention: keepNothing()})
	if n := r.rows(); n.Versions != 0 {
		t.Errorf("%+v", n)
	}
}

// A store that was told nothing keeps everything; one with a policy applies it by itself.
func TestPrune_sweep(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("1"))
	r.put("f", []byte("2"))
	r.trashIt("f")
	r.clock.advance(6 * day)
	r.reopen()
	if n := r.rows(); n.Versions != 1 || n.Trash != 1 {
		t.Errorf("%+v", n)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{Dir: r.dir, Clock: r.clock.now, UnsafeFS: true,
		Retention: &store.Retention{Age: 5 * day, Count: -1, Bytes: -1, TrashAge: 5 * day, Minimum: day}})
	if err != nil {
		t.Fatal(err)
	}
	r.s = s
	for deadline := time.Now().Add(time.Minute); r.rows().Nodes > 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", r.rows())
		}
	}
	r.clean()
}

// Beside writers, and beside people who bring back what is being dropped: of each folder
// either all is back or nothing is.
func TestPrune_race(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	r.mkdir("busy")
	var ids []store.NodeID
	const folders, files = 24, 40
	for i := range folders {
		p := store.Path(fmt.Sprint("d", i))
		r.mkdir(p)
		r.mkdir(p.Join("in"))
		for j := range files {
			r.put(p.Join("in").Join(fmt.Sprint(j)), []byte("content"))
		}
		ids = append(ids, r.trashIt(p))
	}
	var group sync.WaitGroup
	stop := make(chan struct{})
	for c := range 3 { // writers
		group.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				p := store.Path(fmt.Sprint("busy/", c, "-", i%5))
				if _, err := r.s.Put(ctx, r.sc, p, strings.NewReader(fmt.Sprint(i)), store.PutOptions{Size: -1}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	back := make([]bool, folders)
	var restorers sync.WaitGroup
	for c := range 2 {
		restorers.Go(func() {
			for i := folders - 1 - c; i >= 0; i -= 2 {
				switch _, err := r.s.Restore(ctx, r.sc, ids[i], "", store.Conditions{}); {
				case err == nil:
					back[i] = true
				case !errors.Is(err, store.ErrNotExist):
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		restorers.Go(func() {
			if _, err := r.s.Prune(ctx, store.PruneOptions{Retention: &store.Retention{Age: -1, Count: 3, Bytes: -1}}); err != nil {
				t.Error(err)
			}
		})
	}
	restorers.Wait()
	close(stop)
	group.Wait()
	r.prune(store.PruneOptions{Retention: keepNothing()})
	some := 0
	for i := range folders {
		kids, err := r.s.List(ctx, r.sc, store.Path(fmt.Sprint("d", i, "/in")), "", 1000)
		switch {
		case back[i]:
			if some++; err != nil || len(kids) != files {
				t.Errorf("folder %d came back with %d files: %v", i, len(kids), err)
			}
		case !errors.Is(err, store.ErrNotExist):
			t.Errorf("folder %d: %d files, %v", i, len(kids), err)
		}
	}
	t.Logf("%d of %d folders came back", some, folders)
	orphans, err := r.s.OrphansForTest(ctx)
	if err != nil || len(orphans) > 0 {
		t.Errorf("%d orphans: %v, %v", len(orphans), orphans, err)
	}
	r.clean()
}
