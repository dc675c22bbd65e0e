// Package slab is the memory budget: page-aligned buffers of one size, outside the Go
// heap, of which there is a fixed number. Whoever holds some while waiting, for a client
// or for more of them, can be asked to give them up, so that waiting clients cannot
// starve a working one and nothing deadlocks.
package slab

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrClosed is returned once the budget is closed.
var ErrClosed = errors.New("slab: budget closed")

// Slab is one buffer. Its bytes are whatever was left in them.
type Slab struct {
	Bytes []byte
	free  bool // guarded by Budget.mu
}

// Holder keeps slabs while it waits.
type Holder interface {
	// Spill saves what is in the holder's slabs and gives them up; nothing if it has
	// none any more, or is not idle any more. It is called on another goroutine, once
	// after each Idle at most, and must wait neither for the budget nor for the client.
	Spill() []*Slab
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
	cache   Holder     // asked before any idle holder
	waiting *list.List // of *waiter, in the order in which they came: see next
	fast    int        // permissions left to wait for a client with a slab in hand
	timer   *time.Timer
	closed  bool
	spills  int64
}

// waiter is who waits for n slabs, all at once.
type waiter struct {
	since time.Time
	wake  chan struct{}
}

// patience is how long who came first lets others pass.
const patience = 5 * time.Second

// MinSlabs is the least number of slabs of a budget.
const MinSlabs = 4

// New makes a budget of total bytes in slabs of size bytes each (a multiple of 4096),
// at least MinSlabs of them. Memory that is not used is not touched.
func New(total int64, size int) (*Budget, error) {
	n := max(MinSlabs, int(total/int64(size)))
	mem, err := mapMemory(n * size)
	if err != nil {
		return nil, err
	}
	b := &Budget{mem: mem, size: size, idle: list.New(), where: map[Holder]*list.Element{}, waiting: list.New(), fast: n / 4, trimAt: 10 * time.Second}
	for i := n - 1; i >= 0; i-- {
		b.free = append(b.free, &Slab{mem[i*size : (i+1)*size : (i+1)*size], true})
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
		if w := e.Value.(*waiter); w.wake != nil {
			close(w.wake)
			w.wake = nil
		}
	}
	b.waiting.Init()
	if !unused {
		return nil
	}
	mem := b.mem
	b.mem = nil
	return unmapMemory(mem)
}

// Try takes n slabs if as many are free, and nobody waits for some; else it takes none.
func (b *Budget) Try(n int) []*Slab {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.waiting.Len() > 0 {
		return nil
	}
	return b.take(n)
}

// take takes n free slabs or none. b.mu is held.
func (b *Budget) take(n int) []*Slab {
	if n > len(b.free) {
		return nil
	}
	at := len(b.free) - n
	got := append([]*Slab(nil), b.free[at:]...)
	b.free = b.free[:at]
	for _, s := range got {
		s.free = false
	}
	return got
}

// Acquire takes n slabs at once. While there are not enough it asks the cache, then the
// holders that have been idle longest, for theirs, and waits its turn for as long as
// ctx allows. Who came last is served first: it is somebody who goes on, while those that
// wait may have stopped since. Who has waited for 5 s comes before all. A caller that holds slabs already must be Idle meanwhile, or its waiting
// may never end. n is at most three quarters of the slabs there are: the rest may be in
// the hands of clients that do nothing.
func (b *Budget) Acquire(ctx context.Context, n int) ([]*Slab, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrClosed
	}
	if n > len(b.mem)/b.size-b.fastTotal() {
		return nil, fmt.Errorf("slab: %d of %d at once", n, len(b.mem)/b.size)
	}
	w := &waiter{since: time.Now()}
	turn := b.waiting.PushBack(w)
	defer func() {
		if !b.closed {
			b.waiting.Remove(turn)
			b.wake() // what is left may do for the next
		}
	}()
	for {
		if b.closed {
			return nil, ErrClosed
		}
		w.wake = make(chan struct{})
		wake := w.wake
		if turn == b.next() {
			if got := b.take(n); got != nil {
				return got, nil
			}
			if b.spill() {
				continue
			}
		}
		b.mu.Unlock()
		select {
		case <-wake:
			b.mu.Lock()
		case <-ctx.Done():
			b.mu.Lock()
			return nil, context.Cause(ctx)
		}
	}
}

func (b *Budget) fastTotal() int { return len(b.mem) / b.size / 4 }

// spill asks one holder for its slabs. b.mu is held, but not while it is asked. It
// reports whether there was one to ask.
func (b *Budget) spill() bool {
	if c := b.cache; c != nil {
		b.mu.Unlock()
		got := c.Spill()
		b.mu.Lock()
		if len(got) > 0 {
			b.put(got)
			return true
		}
	}
	e := b.idle.Front()
	if e == nil {
		return false
	}
	h := e.Value.(Holder)
	b.idle.Remove(e)
	delete(b.where, h)
	b.mu.Unlock()
	got := h.Spill()
	b.mu.Lock()
	if len(got) > 0 {
		b.spills++
		b.put(got)
	}
	return true
}

// put makes slabs free. b.mu is held.
func (b *Budget) put(slabs []*Slab) {
	if b.closed {
		return
	}
	for _, s := range slabs {
		if s.free {
			panic("slab: released twice") // two would write into one another's bytes
		}
		s.free = true
	}
	b.free = append(b.free, slabs...)
	b.wake()
}

// next is whose turn it is; nil: nobody waits. b.mu is held.
func (b *Budget) next() *list.Element {
	first := b.waiting.Front()
	if first == nil || time.Since(first.Value.(*waiter).since) > patience {
		return first
	}
	return b.waiting.Back()
}

// wake calls the one whose turn it is, to look again. b.mu is held.
func (b *Budget) wake() {
	if e := b.next(); e != nil {
		if w := e.Value.(*waiter); w.wake != nil {
			close(w.wake)
			w.wake = nil
		}
	}
}

// Release gives slabs back. One that is free already is a fault of the program: it panics.
func (b *Budget) Release(slabs ...*Slab) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || len(slabs) == 0 {
		return
	}
	b.put(slabs)
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

// SetCache names the holder that is asked first when slabs run short, each time: what
// it has can be made again. Its Spill gives a little each time, nothing once it has
// nothing. Before the first Acquire.
func (b *Budget) SetCache(h Holder) { b.cache = h }

// Idle says that h waits and may be asked to spill.
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
// taken from an idle holder. After Close there are none, or all, if the memory could not be
// given back.
func (b *Budget) Stats() (total, free int, spills int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.mem) / b.size, len(b.free), b.spills
}

// Map is memory like that of slabs: n bytes, a multiple of 4096, outside the Go heap, not
// touched before it is used. It stays until Unmap.
func Map(n int) ([]byte, error) { return mapMemory(n) }

// Unmap gives back all that one Map returned. Nobody may use it any more.
func Unmap(mem []byte) error { return unmapMemory(mem) }
