// Package slab is the memory budget: page-aligned buffers of one size, outside the Go
// heap, of which there is a fixed number. Whoever holds one while waiting for a client
// can be asked to give it up, so that waiting clients cannot starve a working one and
// nothing deadlocks.
package slab

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// ErrClosed is returned once the budget is closed.
var ErrClosed = errors.New("slab: budget closed")

// Slab is one buffer. Its bytes are whatever was left in them.
type Slab struct {
	Bytes []byte
	index int
}

// Holder keeps a slab while it waits for a client.
type Holder interface {
	// Spill saves what is in the holder's slab and gives the slab up; nil if it has
	// none any more, or is not idle any more. It is called on another goroutine, once
	// after each Idle at most, and must wait neither for the budget nor for the client.
	Spill() *Slab
}

// Budget hands out slabs. Safe for concurrent use.
type Budget struct {
	mem    []byte
	size   int
	trimAt time.Duration

	mu      sync.Mutex
	free    []*Slab // last in, first out: the warm ones first
	idle    *list.List
	where   map[Holder]*list.Element
	waiting list.List // of chan struct{}, first come first served
	fast    int       // permissions left to wait for a client with a slab in hand
	timer   *time.Timer
	closed  bool
	spills  int64
}

// New makes a budget of total bytes in slabs of size bytes each (a multiple of 4096),
// at least four of them. Memory that is not used is not touched.
func New(total int64, size int) (*Budget, error) {
	n := max(4, int(total/int64(size)))
	mem, err := mapMemory(n * size)
	if err != nil {
		return nil, err
	}
	b := &Budget{mem: mem, size: size, idle: list.New(), where: map[Holder]*list.Element{}, fast: n / 4, trimAt: 10 * time.Second}
	for i := n - 1; i >= 0; i-- {
		b.free = append(b.free, &Slab{mem[i*size : (i+1)*size : (i+1)*size], i})
	}
	return b, nil
}

// Close ends the budget. The memory is given back unless a slab is still in use, by
// a request that did not end with the server, say.
func (b *Budget) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	unused := len(b.free) == len(b.mem)/b.size
	b.free = nil
	for e := b.waiting.Front(); e != nil; e = e.Next() {
		close(e.Value.(chan struct{}))
	}
	b.waiting.Init()
	if !unused {
		return nil
	}
	return unmapMemory(b.mem)
}

// Acquire takes a slab, asking the holder that has been idle longest for its own when
// none is free. It waits for as long as ctx allows. The caller must not hold a slab,
// and must not be idle.
func (b *Budget) Acquire(ctx context.Context) (*Slab, error) {
	b.mu.Lock()
	for first := true; ; first = false {
		if b.closed {
			b.mu.Unlock()
			return nil, ErrClosed
		}
		if n := len(b.free); n > 0 && (!first || b.waiting.Len() == 0) {
			s := b.free[n-1]
			b.free = b.free[:n-1]
			b.mu.Unlock()
			return s, nil
		}
		if e := b.idle.Front(); e != nil {
			h := e.Value.(Holder)
			b.idle.Remove(e)
			delete(b.where, h)
			b.spills++
			b.mu.Unlock()
			if s := h.Spill(); s != nil {
				return s, nil
			}
			b.mu.Lock()
			continue
		}
		wake := make(chan struct{})
		e := b.waiting.PushBack(wake)
		b.mu.Unlock()
		select {
		case <-wake:
			b.mu.Lock()
		case <-ctx.Done():
			b.mu.Lock()
			b.waiting.Remove(e)
			b.wake() // pass on a call that may have been for us
			b.mu.Unlock()
			return nil, context.Cause(ctx)
		}
	}
}

// wake calls the first who waits. b.mu is held.
func (b *Budget) wake() {
	if e := b.waiting.Front(); e != nil {
		b.waiting.Remove(e)
		close(e.Value.(chan struct{}))
	}
}

// Release gives a slab back.
func (b *Budget) Release(s *Slab) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.free = append(b.free, s)
	b.wake()
	if b.timer == nil {
		b.timer = time.AfterFunc(b.trimAt, b.trim)
	} else {
		b.timer.Reset(b.trimAt)
	}
}

// trim gives the memory of free slabs back to the system when no slab has been
// released for a while.
func (b *Budget) trim() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	for _, s := range b.free {
		releasePages(s.Bytes)
	}
}

// Idle says that h waits for its client and may be asked to spill.
func (b *Budget) Idle(h Holder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.where[h] == nil {
		b.where[h] = b.idle.PushBack(h)
		b.wake()
	}
}

// Busy ends Idle. A Spill that has begun may still be running: the holder's own lock
// tells.
func (b *Budget) Busy(h Holder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.where[h]; e != nil {
		b.idle.Remove(e)
		delete(b.where, h)
	}
}

// Fast asks for one of the few permissions to read from a client straight into a
// slab, which cannot be spilled meanwhile. They are a quarter of the slabs, so that
// clients that stop in such a read leave the rest to others. End it with Slow.
func (b *Budget) Fast() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fast == 0 {
		return false
	}
	b.fast--
	return true
}

// Slow ends Fast.
func (b *Budget) Slow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fast++
}

// Stats tells how many slabs there are, how many are free, and how often one was
// taken from an idle holder.
func (b *Budget) Stats() (total, free int, spills int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.mem) / b.size, len(b.free), b.spills
}
