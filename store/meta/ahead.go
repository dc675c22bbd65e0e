package meta

import (
	"hash/maphash"
	"sync/atomic"
)

// ahead sees when the files of a folder are asked for in the order of their names, as who
// fetches a folder does, and lets the cache have the next rows by the query that finds
// one: a row more costs a sixth of a query. A row that some query met behind those it was
// for is expected, which takes a row too many in every eighth query. Safe for concurrent
// use; what it forgets, or takes for another, costs a few rows.
type ahead struct {
	seed     maphash.Seed
	misses   atomic.Uint32
	expected [64]atomic.Uint64 // hashes of a folder and a key
}

// aheadRows is how many rows one query brings when the one it is for was expected.
const aheadRows = 32

func newAhead() *ahead { return &ahead{seed: maphash.MakeSeed()} }

func (a *ahead) slot(k cacheKey) (*atomic.Uint64, uint64) {
	h := maphash.Comparable(a.seed, k) | 1 // not 0, which is nothing
	return &a.expected[h>>58], h
}

// rows is how many are worth asking for where k is the first.
func (a *ahead) rows(k cacheKey) int {
	if s, h := a.slot(k); s.Load() == h {
		return aheadRows
	}
	if a.misses.Add(1)%8 == 0 {
		return 1
	}
	return 0
}

// expect notes the row that comes behind those that were brought.
func (a *ahead) expect(k cacheKey) {
	s, h := a.slot(k)
	s.Store(h)
}

// childAhead is the row of k with the next ones of its folder, which go into the cache:
// up to count in all. They were read by one query, after gen, so what is said of one of
// them in cache holds for each.
func (r *Reader) childAhead(k cacheKey, count int) (first *Node, ok bool, err error) {
	n := 0
	err = r.rows("SELECT "+nodeColumns+" WHERE n.parent = ? AND n.key >= ? ORDER BY n.key LIMIT ?", []any{k.id, k.text, count + 1}, func(c *cursor) error {
		at := cacheKey{cachedChild, k.id, ""}
		at.text, _ = c.vals[3].(string)
		if n == 0 && at.text != k.text {
			return errEnough // it is not there
		}
		if n++; n > count {
			r.db.ahead.expect(at)
			return nil
		}
		node, err := r.scanNode(c.Scan)
		if err != nil {
			return err
		}
		if first == nil {
			first, ok = &node, true
		}
		r.keepRow(at, &node)
		return nil
	})
	return first, ok && err == nil, err
}
