package meta

import (
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

// countReads counts the queries of all readers from now on. Nobody may read meanwhile.
func countReads(d *DB) *[]string {
	queries := new([]string)
	var all []*session
	for range cap(d.readers) {
		all = append(all, <-d.readers)
	}
	for _, s := range all {
		for text, st := range s.stmts {
			if c, ok := st.(countedStatement); ok {
				st = c.statement
			}
			s.stmts[text] = countedStatement{st, queries, text}
		}
		d.readers <- s
	}
	return queries
}

// Files that are asked for in the order of their names take few queries, whoever else asks
// for others meanwhile; in any order each is found as it is, and what is not there is not.
func TestRowsAreReadAhead(t *testing.T) {
	const n = 2000
	d, folder, put := aheadFolder(t, n)
	look := func(i int, want int64) {
		t.Helper()
		err := d.Look(t.Context(), func(r *Reader) error {
			node, ok, err := r.Node(folder, aheadName(i))
			if err == nil && (ok != (want >= 0) || ok && node.Size != want) {
				err = fmt.Errorf("file %d: there: %v, size %d, want %d", i, ok, node.Size, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for range cap(d.readers) { // each prepares its statements
		for range 8 {
			look(n-1, n-1)
			d.cache.all.Store(d.gen.Load() + 1)
			d.gen.Add(1)
		}
	}
	queries := countReads(d)
	for i := range n / 2 {
		look(i, int64(i))
	}
	if got := len(*queries); got > n/2/aheadRows+10 {
		t.Errorf("%d files in order took %d queries", n/2, got)
	}
	*queries = nil
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n / 2) {
		look(n/2+i, int64(n/2+i))
		look(2*n+i, -1)
	}
	if got := len(*queries); got > 2*(n/2) {
		t.Errorf("%d looks in no order took %d queries", n, got)
	}
	for i := range 3 * aheadRows { // a row that was read ahead, and then changed
		put(i+1, int64(n+i))
		look(i, max(0, int64(n+i-1)*int64(min(i, 1))))
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
				if err := d.Look(t.Context(), func(r *Reader) error { _, _, err := r.Node(folder, aheadName(i)); return err }); err != nil {
					t.Error(err)
				}
			}
		})
	}
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
	close(stop)
	wg.Wait()
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
