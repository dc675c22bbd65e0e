package meta

import "sync/atomic"

// ahead sees when the files of a folder are asked for in the order of their names, as who
// fetches a folder does, and lets the cache have the next rows by the query that finds
// one: a row more costs a third of a query. The row behind those that a query brings is
// expected: if it is the next to be asked for, it brings the ones behind it. To meet a
// first one, every eighth query takes a row too many. Safe for concurrent use; what it
// forgets, or takes for another, costs a few rows.
type ahead struct {
	misses   atomic.Uint32
	expected [64]atomic.Uint64 // hashes of a folder and a key
}

const (
	// aheadRows is how many rows one query brings when the one it is for was expected.
	aheadRows = 32
	// aheadWeight is where it ends earlier: what they weigh in the cache.
	aheadWeight = 2 * aheadRows
)

// slot is where k would be noted, as what: not 0, which is nothing.
func (a *ahead) slot(k cacheKey) (*atomic.Uint64, uint64) {
	h := uint64(14695981039346656037) ^ uint64(k.id)*0x9e3779b97f4a7c15 // FNV-1a: the same in each run
	for i := range len(k.text) {
		h = (h ^ uint64(k.text[i])) * 1099511628211
	}
	h |= 1
	return &a.expected[h*0x9e3779b97f4a7c15>>58], h
}

// rows is how many are worth asking for where k is the first; 0 says that k alone is. What
// is expected is so once: others who ask for k at the same time do not bring the same rows.
func (a *ahead) rows(k cacheKey) int {
	if s, h := a.slot(k); s.CompareAndSwap(h, 0) {
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

const childAheadQuery = "SELECT " + nodeColumns + " WHERE n.parent = ? AND n.key >= ? ORDER BY n.key LIMIT ?"

// childAhead is the row of k, nil if there is none, with the next ones of its folder, which
// go into the cache: up to count in all. They were read by one query, after gen, so what
// is said of one of them in cache holds for each. An error behind the first is not its own.
func (r *Reader) childAhead(k cacheKey, count int) (first *Node, ok bool, err error) {
	n, weight := 0, 0
	err = r.rows(childAheadQuery, []any{k.id, k.text, count + 1}, func(c *cursor) error {
		at := cacheKey{cachedChild, k.id, ""}
		at.text, _ = c.vals[3].(string)
		if n == 0 && at.text != k.text {
			return errEnough // it is not there
		}
		if n++; n > count || weight >= aheadWeight {
			r.db.ahead.expect(at)
			return errEnough
		}
		node, err := r.scanNode(c.Scan)
		if err != nil {
			return err
		}
		if first == nil {
			first = &node
		}
		weight += r.keepRow(at, &node)
		return nil
	})
	if first != nil {
		return first, true, nil
	}
	return nil, false, err
}
