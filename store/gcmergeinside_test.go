package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"cairn/store/meta"
	"cairn/store/object"
)

// Objects of many little packs are written anew by every collection, for ever: two of them
// have more packs than fit in one, and too few bytes to be left alone.
func TestMergeChooseConverges(t *testing.T) {
	for _, full := range []bool{false, true} {
		c := &collector{s: &Store{}, o: GCOptions{Full: full}}
		var all []due
		n, objects := meta.PackID(0), 8
		if full {
			objects = 2
		}
		for o := range objects {
			for range 2100 { // a little over half of mergeMost; 600 bytes each: 1.2 MB
				n++
				all = append(all, due{id: n, object: meta.PackID(1_000_000 + o), bytes: 600, live: 600})
			}
		}
		next, work := meta.PackID(2_000_000), 0
		for round := range 10 {
			_, merge := c.choose(all, 0)
			work = 0
			for _, g := range merge { // as mergeNow does
				next++
				in := map[meta.PackID]bool{}
				for _, d := range g {
					in[d.id] = true
					work++
				}
				for i := range all {
					if in[all[i].id] {
						all[i].object = next
					}
				}
			}
			if work == 0 {
				t.Logf("full %v: nothing to do in round %d", full, round)
				break
			}
		}
		if work > 0 {
			t.Errorf("full %v: the tenth collection still writes %d packs anew, of which every byte is needed", full, work)
		}
	}
}

// On a disk with little room, packs that would each give back more than they need to be
// compacted are not touched, since all of them together need more than there is.
func TestMergeFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var room atomic.Int64
	room.Store(1 << 40)
	d := smallDisk{object.OS(), dir, &room}
	opt := Options{Dir: dir, FS: d, UnsafeFS: true}
	s, sc := opened(t, opt)
	rng := rand.NewChaCha8([32]byte{7})
	put := func(p string, n int) Written {
		t.Helper()
		b := make([]byte, n)
		rng.Read(b)
		w, err := s.Put(t.Context(), sc, Path(p), bytes.NewReader(b), PutOptions{Size: int64(n)})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	for i := range 30 { // a pack of 2.1 MB each, of which 0.9 MB are to stay
		put(fmt.Sprint("keep", i), 900_000)
		for j := range 2 {
			p := fmt.Sprintf("drop%d-%d", i, j)
			w := put(p, 600_000)
			if err := s.Remove(t.Context(), sc, Path(p), Conditions{}); err != nil {
				t.Fatal(err)
			}
			if err := s.Purge(t.Context(), sc, w.ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if s, err = Open(t.Context(), opt); err != nil {
			t.Fatal(err)
		}
	}
	defer s.Close()
	time.Sleep(2 * time.Second) // what was deleted for good is dropped beside
	room.Store(d.used() + 20<<20)
	had := d.used()
	for i := range 3 {
		c, err := s.GC(t.Context(), GCOptions{})
		t.Logf("%d: %+v, %v; used %d of %d", i, c, err, d.used()>>20, room.Load()>>20)
	}
	if gave := had - d.used(); gave < 20<<20 {
		t.Errorf("%d MiB were given back of some 33 that are not needed", gave>>20)
	}
}

// What was little when all packs were looked at, and is needed again by now, is not merged:
// else an object may grow to any size.
func TestMergeLooksAgain(t *testing.T) {
	s, sc := opened(t, Options{Dir: t.TempDir(), UnsafeFS: true, PackBytes: 1 << 20})
	rng := rand.NewChaCha8([32]byte{7})
	for i := range 12 {
		b := make([]byte, 500_000)
		rng.Read(b)
		if _, err := s.Put(t.Context(), sc, Path(fmt.Sprint(i)), bytes.NewReader(b), PutOptions{Size: int64(len(b))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.GC(t.Context(), GCOptions{Full: true}); err != nil { // seals and registers
		t.Fatal(err)
	}
	var group []due
	for _, p := range s.packs.Packs() {
		if p.Sealed && p.Object == p.ID && p.Bytes > 900_000 {
			group = append(group, due{p.ID, p.Object, p.Bytes, 1000}) // so it was at the survey
		}
	}
	if len(group) < 4 {
		t.Fatal(len(group))
	}
	c := &collector{s: s, o: GCOptions{Progress: func(int64, int64) {}}}
	if err := c.merge(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	if c.out.Merged > 0 {
		t.Errorf("%d packs of which all is needed were written anew, into one object", c.out.Merged)
	}
}
