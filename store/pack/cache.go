package pack

import (
	"container/list"
	"sync"
)

// footers keeps the trailers and footer pages that were used last. Safe for concurrent
// use; what is in it is never changed.
type footers struct {
	pages    [shards]lru[pageKey, []Entry]
	trailers [shards]lru[pageKey, *trailer]
	scans    chan struct{} // held while a pack is read by its records: one at a time
}

// shards keeps readers of different pages from waiting for one another.
const shards = 16

// pageCost is what a page takes in memory, its place in the cache included.
const pageCost = pageBytes + 256

// maxTrailers bounds the trailers, about 250 bytes each.
const maxTrailers = 4096

// pageKey names a page of a pack, not of an id: should the pack of an id be replaced,
// what a late reader still puts in is never found again.
type pageKey struct {
	pack *pack
	page int
}

// newFooters makes a cache of about max bytes of pages.
func newFooters(max int) *footers {
	c := &footers{scans: make(chan struct{}, 1)}
	for i := range c.pages {
		c.pages[i].max = max / pageCost / shards
		c.trailers[i].max = maxTrailers / shards
	}
	return c
}

func (k pageKey) shard() int {
	return int((uint64(k.pack.id) + uint64(k.page)<<32) * 0x9e3779b97f4a7c15 >> 60)
}

func (c *footers) page(k pageKey) ([]Entry, bool)  { return c.pages[k.shard()].get(k) }
func (c *footers) putPage(k pageKey, page []Entry) { c.pages[k.shard()].put(k, page) }

func (c *footers) trailer(p *pack) (*trailer, bool) {
	k := pageKey{pack: p}
	return c.trailers[k.shard()].get(k)
}

func (c *footers) putTrailer(p *pack, t *trailer) {
	k := pageKey{pack: p}
	c.trailers[k.shard()].put(k, t)
}

// forget drops all that is kept of some packs. It looks at the whole cache.
func (c *footers) forget(packs ...*pack) {
	of := func(k pageKey) bool { return k.pack == packs[0] }
	if len(packs) > 1 {
		gone := map[*pack]bool{}
		for _, p := range packs {
			gone[p] = true
		}
		of = func(k pageKey) bool { return gone[k.pack] }
	}
	for i := range c.pages {
		c.pages[i].forget(of)
		c.trailers[i].forget(of)
	}
}

// lru keeps the max values that were used last.
type lru[K comparable, V any] struct {
	mu    sync.Mutex
	max   int
	order list.List // of slot, newest first
	byKey map[K]*list.Element
}

type slot[K comparable, V any] struct {
	key   K
	value V
}

func (c *lru[K, V]) get(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[k]
	if e == nil {
		return v, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*slot[K, V]).value, true
}

func (c *lru[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = map[K]*list.Element{}
	}
	if e := c.byKey[k]; e != nil || c.max == 0 {
		return
	}
	c.byKey[k] = c.order.PushFront(&slot[K, V]{k, v})
	for len(c.byKey) > c.max {
		delete(c.byKey, c.order.Remove(c.order.Back()).(*slot[K, V]).key)
	}
}

func (c *lru[K, V]) forget(which func(K) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, e := range c.byKey {
		if which(k) {
			c.order.Remove(e)
			delete(c.byKey, k)
		}
	}
}
