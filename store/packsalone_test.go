package store_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

// long makes a history of so many files by two users: versions, renames, deletions, dead
// properties, a prune, collections with compaction, two checkpoints and changes after the
// last.
func longHistory(t *testing.T, files int) *rig {
	r := newRigWith(t, nil, 2<<20)
	bob, err := r.s.AddUser(t.Context(), "bob", "hash", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	other := *r
	other.home(bob)
	users := []*rig{r, &other}
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	ctx := t.Context()
	part := func(from, to int, seed uint64) {
		var group sync.WaitGroup
		for g := range 32 { // so that they share flushes
			group.Go(func() {
				u, rng := users[g%2], rand.New(rand.NewPCG(seed, uint64(g)))
				for i := from + g; i < to; i += 32 {
					dir := store.Path(fmt.Sprintf("dir%d", i%20))
					p := dir.Join(fmt.Sprintf("f%d", i))
					c := noise(uint64(i)+seed<<20, rng.IntN(6000))
					_, err := u.s.Put(ctx, u.sc, p, bytes.NewReader(c), store.PutOptions{Size: int64(len(c)), ModTime: time.Unix(rng.Int64N(2e9), rng.Int64N(1e9)), Parents: true})
					must(err)
					switch i % 10 {
					case 0, 1:
						u.put(p, noise(uint64(i), rng.IntN(3000)))
					case 2:
						_, err := u.s.Move(ctx, u.sc, p, dir.Join(fmt.Sprintf("renamed %d é", i)), store.MoveOptions{})
						must(err)
					case 3:
						must(u.s.Remove(ctx, u.sc, p, store.Conditions{}))
					case 4:
						must(u.s.SetProps(ctx, u.sc, p, []store.PropPatch{{Prop: store.Prop{Name: store.PropName{Space: "urn:x", Local: "a"}, Value: fmt.Append(nil, i)}}}, store.Conditions{}))
					case 5:
						_, err := u.s.Copy(ctx, u.sc, p, dir.Join(fmt.Sprintf("copy of %d", i)), store.MoveOptions{})
						must(err)
					}
				}
			})
		}
		group.Wait()
	}
	collect := func() {
		if c := r.gc(store.GCOptions{Full: true}); c.Checkpoint == 0 || c.Compacted == 0 {
			t.Errorf("no checkpoint, or nothing compacted: %+v", c)
		}
	}
	part(0, files/3, 1)
	r.clock.advance(40 * day)
	if did, err := r.s.Prune(ctx, store.PruneOptions{Retention: &store.Retention{Age: day, TrashAge: day, Count: -1, Bytes: -1}, TrustClock: true}); err != nil || did.Versions == 0 || did.Trashed == 0 {
		t.Errorf("%+v, %v", did, err)
	}
	collect()
	part(files/3, 2*files/3, 2)
	if n, err := r.s.EmptyTrash(ctx, r.sc, 1<<40); err != nil || n == 0 {
		t.Errorf("%d, %v", n, err)
	}
	collect()
	part(2*files/3, files, 3)
	return r
}

// packsTo copies nothing but the packs to another folder.
func (r *rig) packsTo(dir string) {
	r.t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "packs"), os.DirFS(filepath.Join(r.dir, "packs"))); err != nil {
		r.t.Fatal(err)
	}
}

// Packs alone are enough for all rows, and nothing that was pruned is back. Without one
// that is older than the last checkpoint only its files are damaged, and named.
func TestPacksAlone(t *testing.T) {
	r := longHistory(t, int(simFlag("FILES", 10_000)))
	want, err := r.s.DumpForTest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	one := &rig{t: t, dir: filepath.Join(t.TempDir(), "one"), clock: r.clock, packBytes: r.packBytes}
	r.packsTo(one.dir)
	one.open()
	got, err := one.s.DumpForTest(t.Context())
	if err != nil || len(want) < 10_000 && simFlag("FILES", 10_000) == 10_000 {
		t.Fatal(len(want), err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("row %d is\n%s\nwant\n%s", i, got[i], want[i])
			}
		}
	}
	one.clean()
	if err := one.s.Close(); err != nil {
		t.Fatal(err)
	}

	two := &rig{t: t, dir: filepath.Join(t.TempDir(), "two"), clock: r.clock, packBytes: r.packBytes}
	r.packsTo(two.dir)
	var packs []string
	err = filepath.WalkDir(filepath.Join(two.dir, "packs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			packs = append(packs, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(packs, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	if err := os.Remove(packs[0]); err != nil { // of the first part
		t.Fatal(err)
	}
	two.open()
	u, err := two.s.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	two.home(u)
	damaged, whole := 0, 0
	for p, n := range two.tree(store.Root) {
		if n.IsFolder() {
			continue
		}
		if _, err := readAll(two.s, two.sc, p); err != nil {
			damaged++
		} else {
			whole++
		}
	}
	if damaged == 0 || whole < damaged {
		t.Errorf("%d files are damaged, %d whole", damaged, whole)
	}
	named := 0
	for _, f := range two.verify(false) {
		if strings.HasPrefix(f.Where, "ada:/") || strings.HasPrefix(f.Where, "/") || strings.Contains(f.Where, "dir") {
			named++
		}
	}
	if named < damaged {
		t.Errorf("%d files are damaged, %d are named", damaged, named)
	}
	two.s.Close()
}
