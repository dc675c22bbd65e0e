package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/meta"
)

func (r *rig) forget() {
	r.t.Helper()
	if _, err := r.s.ForgetForTest(r.t.Context(), r.sc, nil); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) gc(o store.GCOptions) store.Collected {
	r.t.Helper()
	c, err := r.s.GC(r.t.Context(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// stored is what du says of the packs.
func (r *rig) stored() (n int64) {
	r.t.Helper()
	err := filepath.WalkDir(filepath.Join(r.dir, "packs"), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		n += fi.Size()
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) wantSpace(c store.Collected, share float64) {
	r.t.Helper()
	after := r.gc(store.GCOptions{DryRun: true}).Before
	const ahead = 1 << 20 // allocated, of the open pack
	if stored := r.stored(); stored < after.Stored || stored > after.Stored+ahead || float64(stored) > share*float64(after.Live)+float64(r.packBytes)+ahead {
		r.t.Errorf("%d bytes stored, %d by the store's account, %d live (%+v)", stored, after.Stored, after.Live, c)
	}
}

// After random changes the space comes back, and what is left is what it was.
func TestGC(t *testing.T) {
	for _, full := range []bool{false, true} {
		t.Run(fmt.Sprintf("full=%v", full), func(t *testing.T) {
			r := newRigWith(t, nil, 1<<20)
			rng := rand.New(rand.NewPCG(5, 6))
			files := map[store.Path][]byte{}
			share := map[bool]float64{false: 1.3, true: 1.05}[full]
			checkpoints := uint64(0)
			for round := range 6 {
				for range 120 {
					p := store.Path(fmt.Sprintf("f%d", rng.IntN(60)))
					c := noise(rng.Uint64(), []int{0, 100, 3000, 40_000, 600_000}[rng.IntN(5)])
					r.put(p, c)
					files[p] = c
				}
				r.forget()
				before := r.stored()
				c := r.gc(store.GCOptions{Full: full})
				if c.Dropped+c.Compacted == 0 || r.stored() >= before {
					t.Errorf("round %d: nothing was given back: %+v", round, c)
				}
				checkpoints = max(checkpoints, c.Checkpoint)
				r.wantSpace(c, share)
				if round%2 == 1 {
					r.reopen()
				}
				for p, want := range files {
					if got := r.read(p); !bytes.Equal(got, want) {
						t.Fatalf("round %d: %s is not what it was", round, p)
					}
				}
				r.clean()
			}
			if checkpoints == 0 {
				t.Error("no checkpoint was written")
			}
			r.wantRebuilt(files)
		})
	}
}

// wantRebuilt makes the database again from the packs that are left.
func (r *rig) wantRebuilt(files map[store.Path][]byte) {
	r.t.Helper()
	if err := r.s.Close(); err != nil {
		r.t.Fatal(err)
	}
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			r.t.Fatal(err)
		}
	}
	r.open()
	for p, want := range files {
		if got := r.read(p); !bytes.Equal(got, want) {
			r.t.Fatalf("made again from the packs: %s is not what it was", p)
		}
	}
	r.clean()
}

// A collection takes nothing that uploads beside it come to share with what goes.
func TestGCBesideUploads(t *testing.T) {
	r := newRigWith(t, nil, 2<<20)
	const uploads, rounds = 50, 4
	shared := make([][]byte, 8)
	for i := range shared {
		shared[i] = noise(uint64(i), 1_500_000)
	}
	for round := range rounds {
		for i, c := range shared {
			r.put(store.Path(fmt.Sprintf("base%d", i)), c)
		}
		for i := range shared {
			r.put(store.Path(fmt.Sprintf("base%d", i)), nil) // from now on only a version has it
		}
		r.forget()
		var group sync.WaitGroup
		var done atomic.Int64
		want := make([][]byte, uploads)
		for i := range uploads {
			want[i] = append(bytes.Clone(shared[(i+round)%len(shared)]), byte(i))
			group.Go(func() {
				defer done.Add(1)
				p := store.Path(fmt.Sprintf("up%d", i))
				if _, err := r.s.Put(t.Context(), r.sc, p, slowly{bytes.NewReader(want[i]), 100_000}, store.PutOptions{Size: int64(len(want[i]))}); err != nil {
					t.Error(err)
				}
			})
		}
		for done.Load() < uploads {
			if _, err := r.s.GC(t.Context(), store.GCOptions{Full: true}); err != nil {
				t.Fatal(err)
			}
		}
		group.Wait()
		for i := range uploads {
			if got := r.read(store.Path(fmt.Sprintf("up%d", i))); !bytes.Equal(got, want[i]) {
				t.Fatalf("round %d: upload %d is not what it was", round, i)
			}
		}
		r.clean()
	}
	if r.s.HitsForTest() == 0 {
		t.Error("nothing was shared: the test does not test that")
	}
}

// A reader goes on while what he reads is written anew.
func TestGCBesideReaders(t *testing.T) {
	r := newRigWith(t, nil, 4<<20)
	var want [][]byte
	for i := range 6 {
		want = append(want, noise(uint64(i), 3_000_000))
		r.put(store.Path(fmt.Sprintf("keep%d", i)), want[i])
		r.put(store.Path(fmt.Sprintf("go%d", i)), noise(uint64(100+i), 2_000_000))
		r.put(store.Path(fmt.Sprintf("go%d", i)), nil)
	}
	r.reopen() // all packs are sealed
	r.forget()
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var reads atomic.Int64
	for g := range 4 {
		group.Go(func() {
			for i := g; ctx.Err() == nil; i++ {
				n := i % len(want)
				c, err := r.s.Open(t.Context(), r.sc, store.Path(fmt.Sprintf("keep%d", n)))
				if err != nil {
					t.Error(err)
					return
				}
				var got bytes.Buffer
				for off := int64(0); off < 3_000_000; off += 100_000 {
					if _, err := c.WriteRange(t.Context(), &got, off, 100_000); err != nil {
						t.Error(err)
					}
				}
				c.Close()
				if !bytes.Equal(got.Bytes(), want[n]) {
					t.Errorf("keep%d is not what it was", n)
				}
				reads.Add(1)
			}
		})
	}
	some := func() {
		n := reads.Load() + 8
		for end := time.Now().Add(time.Minute); reads.Load() < n && !t.Failed(); runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatal("no reads")
			}
		}
	}
	some()
	c := r.gc(store.GCOptions{Full: true})
	if c.Compacted == 0 {
		t.Errorf("nothing was compacted: %+v", c)
	}
	some()
	stop()
	group.Wait()
	r.clean()
}

// A dry run changes nothing, a second run finds nothing more, and a closed store says so.
func TestGCTwice(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	for i := range 20 {
		r.put("f", noise(uint64(i), 300_000))
	}
	r.forget()
	before := r.stored()
	dry := r.gc(store.GCOptions{DryRun: true})
	if r.stored() != before || dry.Before.Reclaimable == 0 || dry.Before != dry.After {
		t.Errorf("a dry run: %+v, %d bytes before", dry, before)
	}
	first := r.gc(store.GCOptions{Full: true})
	if got := r.stored(); got > first.After.Stored+1<<20 || got >= before {
		t.Errorf("%d bytes by its account, %d in the folder, %d before", first.After.Stored, got, before)
	}
	if again := r.gc(store.GCOptions{Full: true}); again.Dropped > 1 {
		t.Errorf("a second run: %+v", again)
	}
	r.clean()
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.GC(t.Context(), store.GCOptions{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("of a closed store: %v", err)
	}
}

// The number of a pack never comes again, though all of the newest ones were deleted.
func TestGCPackNumbers(t *testing.T) {
	r := newRigWith(t, nil, 64<<10)
	highest := func(p store.Path, n uint64) meta.PackID {
		t.Helper()
		w := r.put(p, noise(n, 60_000))
		return w.Manifest.Extents[0].Pack
	}
	r.put("keep", []byte("keep"))
	var last meta.PackID
	for i := range uint64(100) {
		last = highest("f", i)
	}
	r.put("f", nil)
	r.reopen()
	r.forget()
	if c := r.gc(store.GCOptions{Full: true}); c.Dropped < 70 {
		t.Fatalf("%d packs of a hundred were deleted: the test does not test that", c.Dropped)
	}
	r.reopen()
	if again := highest("g", 1000); again <= last {
		t.Errorf("pack %d was used again, or is below it: %d", last, again)
	}
	r.clean()
}

// What only the pages of a long manifest name stays, and so do the pages.
func TestGCPages(t *testing.T) {
	r := newRigWith(t, nil, 256<<10)
	const files = 1600
	content := func(i int) []byte { return noise(uint64(i), 200+i%50) }
	var made [files]store.Written
	each := func(f func(i int)) { // many at once, so that they share flushes
		var group sync.WaitGroup
		for g := range 32 {
			group.Go(func() {
				for i := g; i < files; i += 32 {
					f(i)
				}
			})
		}
		group.Wait()
	}
	name := func(i int) store.Path { return store.Path(fmt.Sprintf("f%d", i)) }
	each(func(i int) { made[i] = r.put(name(i), content(i)) })
	var extents []meta.Extent
	var want []byte
	for i := 0; i < files; i += 2 { // not all, so that few of them join
		extents = append(extents, made[i].Manifest.Extents...)
		want = append(want, content(i)...)
	}
	w, err := r.s.PutExtentsForTest(t.Context(), r.sc, "long", extents)
	if err != nil || len(w.Manifest.Pages) == 0 {
		t.Fatalf("%v, %d pages", err, len(w.Manifest.Pages))
	}
	r.put("other", noise(1_000_000, 50_000))
	each(func(i int) { r.put(name(i), nil) })
	r.forget()
	for range 2 {
		if c := r.gc(store.GCOptions{Full: true}); c.Compacted+c.Dropped == 0 {
			t.Errorf("nothing was given back: %+v", c)
		}
		if got := r.read("long"); !bytes.Equal(got, want) {
			t.Fatal("the file is not what it was")
		}
		r.clean()
		r.put("other", nil) // makes something for the second one
		r.forget()
	}
	r.wantRebuilt(map[store.Path][]byte{"long": want})
}

// Small files that come and go leave nothing, and those few that stay hold no more than
// themselves.
func TestGCSmallFilesComeAndGo(t *testing.T) {
	for _, keep := range []int{0, 60} { // none, or about one in each pack
		t.Run(fmt.Sprintf("one of %d stays", keep), func(t *testing.T) {
			r := newRigWith(t, nil, 256<<10)
			files := map[store.Path][]byte{}
			const n = 4000
			name := func(i int) store.Path { return store.Path(fmt.Sprintf("f%d", i)) }
			stays := func(i int) bool { return keep > 0 && i%keep == 0 }
			var group sync.WaitGroup
			for g := range 32 {
				group.Go(func() {
					for i := g; i < n; i += 32 {
						r.put(name(i), noise(uint64(i), 4000))
						if stays(i) {
							continue
						}
						if err := r.s.Remove(t.Context(), r.sc, name(i), store.Conditions{}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			for i := range n {
				if stays(i) {
					files[name(i)] = noise(uint64(i), 4000)
				}
			}
			if _, err := r.s.EmptyTrash(t.Context(), r.sc, 1<<40); err != nil {
				t.Fatal(err)
			}
			eventually(t, "what is deleted is dropped", func() bool {
				rows, err := r.s.RowsForTest(t.Context(), r.sc.Space)
				if err != nil {
					t.Fatal(err)
				}
				return rows.Gone == 0
			})
			c := r.gc(store.GCOptions{Full: true})
			r.wantSpace(c, 1.05)
			if live := int64(len(files)) * 4100; c.After.Live > 2*live+2<<20 {
				t.Errorf("%d files of 4 kB make %d live bytes: %+v", len(files), c.After.Live, c)
			}
			for p, want := range files {
				if got := r.read(p); !bytes.Equal(got, want) {
					t.Fatalf("%s is not what it was", p)
				}
			}
			r.clean()
		})
	}
}
