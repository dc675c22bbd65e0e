package store

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/pack"
	"cairn/store/slab"
)

const (
	// plainSlabs bounds what the cache keeps, also when nobody else wants the memory.
	plainSlabs = 64
	// aheads is how many chunks are made ready ahead at once.
	aheads = 2
)

// plains is the cache of chunks that cannot be sent as they lie: compressed ones, and
// all when reads are verified. Its slabs are the first to go when they run short. No
// reader holds a chunk while its client is waited for: it copies a piece, and finds the
// chunk again, or has it made again. Safe for concurrent use.
type plains struct {
	s      *Store
	aheads chan struct{}

	mu    sync.Mutex
	byKey map[plainKey]*plain
	order *list.List // of *plain that are ready, newest first
	slabs int        // of those
}

type plainKey struct {
	pack    meta.PackID
	ordinal uint32
}

type plain struct {
	key   plainKey
	n     int
	slabs []*slab.Slab
	ready chan struct{}
	err   error // set before ready is closed

	users int // who copies from it now. Under plains.mu
	place *list.Element
}

func newPlains(s *Store) *plains {
	return &plains{s: s, aheads: make(chan struct{}, aheads), byKey: map[plainKey]*plain{}, order: list.New()}
}

// read copies the plain bytes of a chunk from off on to dst.
func (c *plains) read(ctx context.Context, id meta.PackID, e pack.Entry, off int, dst []byte) error {
	for {
		p, mine := c.get(plainKey{id, e.Ordinal}, int(e.Plain))
		if mine {
			c.fill(ctx, p, e, func(n int) ([]*slab.Slab, error) { return c.s.mem.Acquire(ctx, n) })
		}
		select {
		case <-p.ready:
		case <-ctx.Done():
			c.leave(p)
			return context.Cause(ctx)
		}
		err := p.err
		if err == nil {
			for at := off; len(dst) > 0; {
				k := copy(dst, p.slabs[at/slabBytes].Bytes[at%slabBytes:])
				dst, at = dst[k:], at+k
			}
		}
		c.leave(p)
		if mine || err == nil || ctx.Err() != nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		// Whoever was making it gave up: make it ourselves.
	}
}

// ahead begins to make a chunk ready that will be wanted soon, if that costs nobody
// anything.
func (c *plains) ahead(id meta.PackID, e pack.Entry) {
	select {
	case c.aheads <- struct{}{}:
	default:
		return
	}
	p, mine := c.get(plainKey{id, e.Ordinal}, int(e.Plain))
	if !mine {
		c.leave(p)
		<-c.aheads
		return
	}
	go func() {
		defer func() { c.leave(p); <-c.aheads }()
		c.fill(context.Background(), p, e, func(n int) ([]*slab.Slab, error) {
			got := c.s.mem.Try(n)
			if got == nil {
				return nil, context.Canceled
			}
			return got, nil
		})
	}()
}

// get finds a chunk, or makes a place for it that the caller must fill. The caller is a
// user of it until leave.
func (c *plains) get(k plainKey, n int) (p *plain, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p = c.byKey[k]
	if p == nil {
		p, mine = &plain{key: k, n: n, ready: make(chan struct{})}, true
		c.byKey[k] = p
	}
	p.users++
	if p.place != nil {
		c.order.MoveToFront(p.place)
	}
	return p, mine
}

func (c *plains) leave(p *plain) {
	c.mu.Lock()
	p.users--
	over := c.over()
	c.mu.Unlock()
	c.s.mem.Release(over...)
}

// over takes what is more than the cache may keep. c.mu is held.
func (c *plains) over() (slabs []*slab.Slab) {
	for c.slabs > plainSlabs {
		got := c.evict()
		if got == nil {
			break
		}
		slabs = append(slabs, got...)
	}
	return slabs
}

// evict takes the slabs of the chunk that was used longest ago and is not in use. c.mu
// is held.
func (c *plains) evict() []*slab.Slab {
	for e := c.order.Back(); e != nil; e = e.Prev() {
		p := e.Value.(*plain)
		if p.users > 0 {
			continue
		}
		c.order.Remove(e)
		delete(c.byKey, p.key)
		c.slabs -= len(p.slabs)
		return p.slabs
	}
	return nil
}

// close waits for what is being made ready and gives up all that nobody uses.
func (c *plains) close() {
	for range aheads {
		c.aheads <- struct{}{}
	}
	for slabs := c.Spill(); slabs != nil; slabs = c.Spill() {
		c.s.mem.Release(slabs...)
	}
}

// Spill implements slab.Holder.
func (c *plains) Spill() []*slab.Slab {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.evict()
}

// fill makes the plain bytes and tells all who wait.
func (c *plains) fill(ctx context.Context, p *plain, e pack.Entry, acquire func(n int) ([]*slab.Slab, error)) {
	defer close(p.ready)
	slabs, err := acquire((p.n + slabBytes - 1) / slabBytes)
	if err == nil {
		err = c.s.plainChunk(ctx, p.key.pack, e, slabs)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.err = err; err != nil {
		delete(c.byKey, p.key)
		c.s.mem.Release(slabs...)
		return
	}
	p.slabs = slabs
	p.place = c.order.PushFront(p)
	c.slabs += len(slabs)
}

// plainChunk reads a chunk, checks it and leaves its plain bytes in slabs.
func (s *Store) plainChunk(ctx context.Context, id meta.PackID, e pack.Entry, slabs []*slab.Slab) error {
	parts := make([][]byte, len(slabs))
	for i, sl := range slabs {
		parts[i] = sl.Bytes[:min(slabBytes, int(e.Plain)-i*slabBytes)]
	}
	var err error
	if e.Codec == pack.Raw {
		err = s.packs.ReadInto(ctx, id, e.Ordinal, parts...)
	} else {
		err = s.codec.DecodeFrom(ctx, int(e.Stored), func(stored []byte) error {
			return s.packs.ReadInto(ctx, id, e.Ordinal, stored)
		}, int(e.Plain), func(plain []byte) error {
			for _, p := range parts {
				plain = plain[copy(p, plain):]
			}
			return nil
		})
	}
	if err != nil && ctx.Err() == nil {
		if errors.Is(err, pack.ErrCorrupt) || errors.Is(err, chunk.ErrFrame) {
			s.sawDamage(id, e.Ordinal)
		}
		err = outward(err)
	}
	return err
}
