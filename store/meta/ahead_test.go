package meta

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// aheadFolder is a database with a folder of n files, whose sizes are their numbers.
func aheadFolder(t testing.TB, n int) (d *DB, folder NodeID, put func(i int, size int64)) {
	t.Helper()
	d = started(t, &memLog{})
	ids := make([]NodeID, n)
	commit := func(plan func(tx *Tx) error) {
		t.Helper()
		if err := d.Commit(t.Context(), nil, plan); err != nil {
			t.Fatal(err)
		}
	}
	commit(func(tx *Tx) (err error) { folder, err = putSpace(tx); return err })
	row := func(tx *Tx, i int, size int64) error {
		name := aheadName(i)
		return tx.Apply(&PutNode{Node: Node{ID: ids[i], Space: 1, Parent: folder, Name: name, Kind: File, Size: size}, Key: name})
	}
	for begin := 0; begin < n; begin += 500 {
		commit(func(tx *Tx) error {
			for i := begin; i < min(n, begin+500); i++ {
				ids[i] = tx.NewNodeID()
				if err := row(tx, i, int64(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return d, folder, func(i int, size int64) {
		t.Helper()
		commit(func(tx *Tx) error { return row(tx, i, size) })
	}
}

func aheadName(i int) string { return fmt.Sprintf("f%06d", i) }

// countReads counts the queries for nodes of all readers from now on. Nobody may read
// meanwhile.
func countReads(t *testing.T, d *DB) *[]string {
	queries := new([]string)
	var all []*session
	for range cap(d.readers) {
		all = append(all, <-d.readers)
	}
	for _, s := range all {
		for _, text := range []string{childQuery, childAheadQuery} {
			st, err := s.prepare(text)
			if err != nil {
				t.Fatal(err)
			}
			s.stmts[text] = countedStatement{st, queries, text}
		}
		d.readers <- s
	}
	return queries
}

// Files that are asked for in the order of their names take few queries; in any order each
// is found as it is, and what is not there is not.
func TestRowsAreReadAhead(t *testing.T) {
	const n = 2000
	d, folder, put := aheadFolder(t, n)
	look := func(name string, want int64) {
		t.Helper()
		err := d.Look(t.Context(), func(r *Reader) error {
			node, ok, err := r.Node(folder, name)
			if err == nil && (ok != (want >= 0) || ok && node.Size != want) {
				err = fmt.Errorf("%s: there: %v, size %d, want %d", name, ok, node.Size, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	queries := countReads(t, d)
	for i := range n / 2 {
		look(aheadName(i), int64(i))
	}
	if got, most := len(*queries), 8+n/2/aheadRows+4; got > most {
		t.Errorf("%d files in order took %d queries, not %d", n/2, got, most)
	}
	*queries = nil
	rng := rand.New(rand.NewPCG(1, 2))
	for _, i := range rng.Perm(n / 2) { // an absent name lies before each
		look(aheadName(n/2+i), int64(n/2+i))
		look(aheadName(n/2+i)+"x", -1)
	}
	*queries = nil
	changed, before := 0, d.ahead.misses.Load()
	for _, i := range rng.Perm(64) { // some that were seen are changed, and read in no order
		put(i, int64(n+i))
		look(aheadName(i), int64(n+i))
		changed++
	}
	if got := d.ahead.misses.Load() - before; len(*queries) != changed || got != 0 {
		t.Errorf("%d files that changed took %d queries, %d of which thought of reading ahead", changed, len(*queries), got)
	}
	for i := range 3 * aheadRows { // a row that was read ahead, and then changed
		put(n/2+i+1, int64(n+i+1))
		want := int64(n + i)
		if i == 0 {
			want = n / 2
		}
		look(aheadName(n/2+i), want)
	}
}

// A row that cannot be read does no harm to those before it, and rows that weigh much
// are not many.
func TestReadAheadIsBounded(t *testing.T) {
	const n = 100
	d, folder, _ := aheadFolder(t, n)
	long := Manifest{}
	for i := range 400 {
		long.Add(Extent{Pack: PackID(i + 1), Count: 1, Bytes: 1})
	}
	err := d.Commit(t.Context(), nil, func(tx *Tx) error {
		for i := 40; i < n; i++ {
			old, _, err := tx.Node(folder, aheadName(i))
			if err != nil {
				return err
			}
			old.Manifest = long
			if err := tx.Apply(&PutNode{Node: old, Key: old.Name}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.writer.exec("UPDATE node SET manifest = x'ff' WHERE key = '" + aheadName(20) + "'"); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		d.ahead.expect(cacheKey{cachedChild, int64(folder), aheadName(i)})
		had := d.cache.weight
		err := d.Look(t.Context(), func(r *Reader) error { _, _, err := r.Node(folder, aheadName(i)); return err })
		if (err != nil) != (i == 20) {
			t.Errorf("file %d: %v", i, err)
		}
		if got := d.cache.weight - had; got > aheadWeight+len(long.Extents)/cachedExtents {
			t.Errorf("file %d brought rows that weigh %d", i, got)
		}
	}
}

// Many readers in order beside one that writes: who was told of a change sees it, though
// others read ahead of it.
func TestReadAheadIsNeverBehindAnAnswer(t *testing.T) {
	const n = 200
	d, folder, put := aheadFolder(t, n)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for i := 0; ; i = (i + 1) % n {
				select {
				case <-stop:
					return
				default:
				}
				if err := d.Look(context.Background(), func(r *Reader) error { _, _, err := r.Node(folder, aheadName(i)); return err }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer wg.Wait()
	defer close(stop)
	rng := rand.New(rand.NewPCG(3, 4))
	for size := range int64(2000) {
		i := rng.IntN(n)
		put(i, 1000+size)
		err := d.Look(t.Context(), func(r *Reader) error {
			got, _, err := r.Node(folder, aheadName(i))
			if err == nil && got.Size != 1000+size {
				t.Errorf("file %d: size %d after it was set to %d", i, got.Size, 1000+size)
			}
			return err
		})
		if err != nil || t.Failed() {
			t.Error(err)
			break
		}
	}
}

// BenchmarkLook finds files that nothing is remembered of, one after the other
// and in no order.
func BenchmarkLook(b *testing.B) {
	const n = 50_000
	d, folder, _ := aheadFolder(b, n)
	for _, how := range []string{"in order", "in no order"} {
		order := rand.New(rand.NewPCG(1, 2)).Perm(n)
		b.Run(how, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				at := i % n
				if how == "in no order" {
					at = order[at]
				}
				if err := d.Look(b.Context(), func(r *Reader) error { _, _, err := r.Node(folder, aheadName(at)); return err }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
