package meta

import (
	"sync"
	"sync/atomic"
)

// cache remembers rows until a commit changes them.
//
// Commits are numbered. What is cached depends on a few marks, each of which holds the
// number of the last commit that changed what it stands for: the row of a node (one
// mark for many nodes, by id), the sums of a folder, the locks, who has an account.
// Commit G does, in this order: COMMIT; set the marks of all it touched to G; gen = G;
// answer those who wait for it (DB.committed). A View reads gen first, as g, and leaves
// what it reads under g. An entry left under e is found while e >= its marks.
//
// So a View never finds what is older than the last commit that anybody was told of
// when it began. Say commit G changed the row and was answered before the View began:
// then its mark was G or more when the View looked, so that it found only an entry with
// e >= G. Whoever left that began when gen was G or more, thus after the COMMIT of G,
// and what it asked the database then is at least as new. Absence is not remembered, so
// a node that a commit makes can be in nobody's cache and needs no mark.
//
// What it finds may be newer than the View: rows of different commits may then stand
// side by side, as in a walk down a path while somebody moves folders.
// Transactions that write do not use the cache.
type cache struct {
	mu         sync.RWMutex
	young, old map[cacheKey]cacheEntry // what is full becomes the old, and the old goes
	weight     int                     // of the young

	all, who, locks, props atomic.Uint64
	rows, sums             [nodeMarks]atomic.Uint64
}

// nodeMarks is how many nodes' marks there are of each kind, 16 KiB of them: a node
// shares its own with others, whose changes then cost it a look.
const nodeMarks = 2048

func nodeMark(id NodeID) int { return int((uint64(id) * 0x9e3779b97f4a7c15) >> (64 - 11)) }

type cacheKey struct {
	kind cacheKind
	id   int64
	text string
}

type cacheEntry struct {
	gen  uint64
	node NodeID // whose marks count, with those of the kind
	v    any
	more int // what it weighs beyond 1
}

type cacheKind uint8

const (
	cachedChild cacheKind = iota + 1
	cachedNode
	cachedNodeProps
	cachedNoProps
	cachedSpace
	cachedAccount
	cachedAccountName
	cachedAppPassword
	cachedLocks
)

// The bounds of the cache: the weight of either half, where a node and each 16 extents
// of a long manifest weigh 1 (about 450 bytes), and the properties of a node that may
// be kept.
const (
	maxCached      = 5120
	cachedExtents  = 16
	maxCachedProps = 1 << 10 // bytes
)

// changed is the number of the last commit that touched what an entry is made of.
// steps: the sums of a folder do not count.
func (c *cache) changed(k cacheKind, node NodeID, steps bool) uint64 {
	g := c.all.Load()
	switch k {
	case cachedChild, cachedNode:
		g = max(g, c.rows[nodeMark(node)].Load())
		if !steps {
			g = max(g, c.sums[nodeMark(node)].Load())
		}
	case cachedNodeProps:
		g = max(g, c.rows[nodeMark(node)].Load())
	case cachedNoProps:
		g = max(g, c.props.Load())
	case cachedLocks: // which tell the names of their owners
		g = max(g, c.locks.Load(), c.who.Load())
	default:
		g = max(g, c.who.Load())
	}
	return g
}

// get is what is cached for k. outdated: nothing, because it has changed since.
func (c *cache) get(k cacheKey, steps bool) (v any, outdated bool) {
	c.mu.RLock()
	e, ok := c.young[k]
	aged := false
	if !ok {
		e, aged = c.old[k]
	}
	c.mu.RUnlock()
	if !ok && !aged {
		return nil, false
	}
	if e.gen < c.changed(k.kind, e.node, steps) {
		return nil, true
	}
	if aged {
		c.put(k, e)
	}
	return e.v, false
}

func (c *cache) put(k cacheKey, e cacheEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	had, ok := c.young[k]
	if ok && had.gen > e.gen {
		return
	}
	if ok {
		c.weight -= 1 + had.more
	} else if c.weight >= maxCached || c.young == nil {
		c.old, c.young, c.weight = c.young, map[cacheKey]cacheEntry{}, 0
	}
	c.young[k] = e
	c.weight += 1 + e.more
}

// cached answers from the cache, or asks and keeps the answer if it is one that is
// worth keeping. What it returns must not be changed in place.
func cached[T any](r *Reader, k cacheKey, node NodeID, ask func() (v T, keep bool, err error)) (T, bool, error) {
	if r.cache == nil {
		return nearly(r, k, ask)
	}
	had, _ := r.cache.get(k, false)
	if v, ok := had.(T); ok {
		return v, true, nil
	}
	v, keep, err := ask()
	if keep && err == nil {
		r.cache.put(k, cacheEntry{gen: r.gen, node: node, v: v})
	}
	return v, keep, err
}

// cachedRow is cached for nodes. steps: the sums of a folder may be old. The row is nil
// if there is none, and must not be changed.
func (r *Reader) cachedRow(k cacheKey, steps bool, query string, args ...any) (*Node, bool, error) {
	if r.cache == nil {
		return nearly(r, k, func() (*Node, bool, error) { return r.oneNode(query, args...) })
	}
	n, outdated := r.cache.get(k, steps)
	if n, ok := n.(*Node); ok {
		return n, true, nil
	}
	if k.kind == cachedChild && !outdated { // else its neighbours are known too
		if rows := r.db.ahead.rows(k); rows > 0 {
			return r.childAhead(k, rows)
		}
	}
	row, ok, err := r.oneNode(query, args...)
	if ok {
		r.keepRow(k, row)
	}
	return row, ok, err
}

// keepRow leaves a row in the cache, and tells what it weighs there. The manifest in it is
// bounded.
func (r *Reader) keepRow(k cacheKey, n *Node) (weight int) {
	more := (len(n.Manifest.Extents) + len(n.Manifest.Pages)) / cachedExtents
	r.cache.put(k, cacheEntry{r.gen, n.ID, n, more})
	return 1 + more
}
