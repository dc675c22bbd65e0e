package slab

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

type holder struct {
	mu   sync.Mutex
	slab *Slab
}

func (h *holder) Spill() *Slab {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.slab
	h.slab = nil
	return s
}

func newBudget(t *testing.T) *Budget {
	t.Helper()
	b, err := New(4*8192, 8192)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestAcquireTakesFromTheLongestIdle(t *testing.T) {
	b := newBudget(t)
	ctx := context.Background()
	hs := make([]*holder, 4)
	for i := range hs {
		s, err := b.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		hs[i] = &holder{slab: s}
		b.Idle(hs[i])
	}
	b.Busy(hs[0])
	if _, err := b.Acquire(ctx); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, true, true} {
		if got := hs[i].slab != nil; got != want {
			t.Errorf("holder %d has its slab: %v, want %v", i, got, want)
		}
	}
}

func TestAcquireWaitsForABusyHolder(t *testing.T) {
	b := newBudget(t)
	var last *Slab
	for range 4 {
		last, _ = b.Acquire(context.Background())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("with nothing to spill: %v, want a timeout", err)
	}
	got := make(chan error, 1)
	go func() { _, err := b.Acquire(context.Background()); got <- err }()
	b.Release(last)
	select {
	case err := <-got:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("a released slab reached nobody")
	}
}

func TestFastIsAQuarter(t *testing.T) {
	b := newBudget(t)
	if !b.Fast() || b.Fast() {
		t.Fatal("four slabs should allow exactly one fast read")
	}
	b.Slow()
	if !b.Fast() {
		t.Fatal("Slow did not give the permission back")
	}
}

// Many holders that idle and work at random share few slabs: nobody may hang.
func TestManyHolders(t *testing.T) {
	b := newBudget(t)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			h := &holder{}
			for range 200 {
				h.mu.Lock()
				if h.slab == nil {
					s, err := b.Acquire(context.Background())
					if err != nil {
						t.Error(err)
						h.mu.Unlock()
						return
					}
					h.slab = s
				}
				h.slab.Bytes[0]++
				b.Idle(h)
				h.mu.Unlock()
				h.mu.Lock()
				b.Busy(h)
				h.mu.Unlock()
			}
			h.mu.Lock()
			if h.slab != nil {
				b.Release(h.slab)
				h.slab = nil
			}
			h.mu.Unlock()
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
