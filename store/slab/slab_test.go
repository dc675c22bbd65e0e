package slab

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

type holder struct {
	mu    sync.Mutex
	slabs []*Slab
}

func (h *holder) Spill() []*Slab {
	if !h.mu.TryLock() {
		return nil
	}
	defer h.mu.Unlock()
	s := h.slabs
	h.slabs = nil
	return s
}

func newBudget(t *testing.T, slabs int) *Budget {
	t.Helper()
	b, err := New(int64(slabs)*8192, 8192)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func (b *Budget) must(t *testing.T, n int) []*Slab {
	t.Helper()
	s, err := b.Acquire(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAcquireTakesFromTheLongestIdle(t *testing.T) {
	b := newBudget(t, 4)
	hs := make([]*holder, 4)
	for i := range hs {
		hs[i] = &holder{slabs: b.must(t, 1)}
		b.Idle(hs[i])
	}
	b.Busy(hs[0])
	b.must(t, 2)
	for i, want := range []bool{true, false, false, true} {
		if got := hs[i].slabs != nil; got != want {
			t.Errorf("holder %d has its slab: %v, want %v", i, got, want)
		}
	}
}

// What can be made again goes first, a little at a time.
func TestAcquireAsksTheCacheFirst(t *testing.T) {
	b := newBudget(t, 4)
	cache, idle := &holder{}, &holder{}
	b.SetCache(cache)
	cache.slabs, idle.slabs = b.must(t, 2), b.must(t, 2)
	b.Idle(idle)
	b.must(t, 2)
	if cache.slabs != nil || idle.slabs == nil {
		t.Fatal("the cache still has its slabs, or the idle holder has not")
	}
	b.must(t, 1)
	if idle.slabs != nil {
		t.Fatal("an empty cache hides the idle holder")
	}
}

func TestAcquireWaitsForABusyHolder(t *testing.T) {
	b := newBudget(t, 8)
	all := b.must(t, 6)
	last := b.must(t, 2)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.Acquire(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("with nothing to spill: %v, want a timeout", err)
	}
	got := make(chan error, 1)
	go func() { _, err := b.Acquire(context.Background(), 5); got <- err }()
	b.Release(last...)
	select {
	case err := <-got:
		t.Fatalf("five of two: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	if b.Try(1) != nil {
		t.Fatal("Try overtakes who waits for more")
	}
	b.Release(all...)
	select {
	case err := <-got:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("released slabs reached nobody")
	}
}

func TestAcquireTooMany(t *testing.T) {
	b := newBudget(t, 8)
	if _, err := b.Acquire(t.Context(), 7); err == nil {
		t.Fatal("a number that may never come together was waited for")
	}
}

func TestFastIsAQuarter(t *testing.T) {
	b := newBudget(t, 4)
	if !b.Fast() || b.Fast() {
		t.Fatal("four slabs should allow exactly one fast read")
	}
	b.Slow()
	if !b.Fast() {
		t.Fatal("Slow did not give the permission back")
	}
}

// Many holders that idle, grow while they hold some, and work at random share few
// slabs: nobody may hang.
func TestManyHolders(t *testing.T) {
	b := newBudget(t, 8)
	b.SetCache(&holder{})
	var wg sync.WaitGroup
	for seed := range uint64(64) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 1))
			h := &holder{}
			h.mu.Lock()
			defer h.mu.Unlock()
			for range 200 {
				if len(h.slabs) < 3 {
					h.mu.Unlock()
					b.Idle(h)
					s, err := b.Acquire(context.Background(), 1+rng.IntN(3))
					h.mu.Lock()
					b.Busy(h)
					if err != nil {
						t.Error(err)
						return
					}
					h.slabs = append(h.slabs, s...)
				}
				for _, s := range h.slabs {
					s.Bytes[0]++
				}
				if rng.IntN(4) == 0 {
					b.Release(h.slabs...)
					h.slabs = nil
				}
			}
			b.Release(h.slabs...)
			h.slabs = nil // a Spill that has begun comes when the lock is free
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("deadlock")
	}
	if total, free, _ := b.Stats(); total != free {
		t.Fatalf("%d of %d slabs free at the end", free, total)
	}
}

// Slabs released twice would be two uploads' at once.
func TestReleaseTwice(t *testing.T) {
	b := newBudget(t, 4)
	s := b.must(t, 1)
	b.Release(s...)
	defer func() {
		if recover() == nil {
			t.Error("a free slab was released")
		}
	}()
	b.Release(s...)
}

// Who came last is served first, but not before one who has waited long.
func TestAcquireOrder(t *testing.T) {
	for _, old := range []bool{false, true} {
		b := newBudget(t, 4)
		all := b.must(t, 3)
		served := make(chan int)
		for i := range 3 {
			go func() {
				s, err := b.Acquire(context.Background(), 2)
				if err != nil {
					t.Error(err)
				}
				served <- i
				b.Release(s...)
			}()
			for queued := 0; queued <= i; time.Sleep(time.Millisecond) {
				b.mu.Lock()
				queued = b.waiting.Len()
				b.mu.Unlock()
			}
		}
		if old {
			b.mu.Lock()
			b.waiting.Front().Value.(*waiter).since = time.Now().Add(-patience - time.Second)
			b.mu.Unlock()
		}
		b.Release(all...)
		want := []int{2, 1, 0}
		if old {
			want = []int{0, 2, 1}
		}
		for i, w := range want {
			if got := <-served; got != w {
				t.Errorf("old %v: %d was served as number %d, want %d", old, got, i+1, w)
			}
		}
	}
}
