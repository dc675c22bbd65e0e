package meta

import "sync"

// cache remembers rows for as long as nothing commits. Every entry belongs to one
// generation, the number of commits so far: a View takes that number before it looks
// at anything, finds only entries of that generation, and leaves what it reads under
// it. What a View finds is therefore never older than the last commit that anybody
// was told of when it began. Transactions that write do not use the cache.
type cache struct {
	mu  sync.RWMutex
	gen uint64
	m   map[cacheKey]any
}

type cacheKey struct {
	kind cacheKind
	id   int64
	text string
}

type cacheKind uint8

const (
	cachedChild cacheKind = iota + 1
	cachedNode
	cachedSpace
	cachedAccount
	cachedAccountName
	cachedLocks
)

// The bounds of the cache: entries, and the extents of a node that may be kept.
const (
	maxCached        = 4096
	maxCachedExtents = 16
)

func (c *cache) get(gen uint64, k cacheKey) any {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.gen != gen {
		return nil
	}
	return c.m[k]
}

func (c *cache) put(gen uint64, k cacheKey, v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if gen < c.gen {
		return
	}
	if gen > c.gen || len(c.m) >= maxCached {
		c.gen = gen
		clear(c.m)
	}
	if c.m == nil {
		c.m = map[cacheKey]any{}
	}
	c.m[k] = v
}

// cached answers from the cache, or asks and keeps the answer if it is a row that
// exists and is worth keeping. What it returns must not be changed in place.
func cached[T any](r *Reader, k cacheKey, ask func() (T, bool, error)) (T, bool, error) {
	if r.cache == nil {
		return ask()
	}
	if v, ok := r.cache.get(r.gen, k).(T); ok {
		return v, true, nil
	}
	v, ok, err := ask()
	if ok && err == nil {
		if n, is := any(v).(Node); !is || len(n.Manifest.Extents)+len(n.Manifest.Pages) <= maxCachedExtents {
			r.cache.put(r.gen, k, v)
		}
	}
	return v, ok, err
}
