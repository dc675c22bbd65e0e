package pack

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/object"
)

func (b *bench) find(s *Set, id chunk.ID, plain int) (Place, bool) {
	p, ok := s.Find(id, plain)
	if ok {
		s.Unpin(p.Pack)
	}
	return p, ok
}

func TestFind(t *testing.T) {
	b := newBench(t, withHints)
	s, _ := b.open()
	one, two, tail := s.Chunk(content(1000, 1)), s.Chunk(content(2000, 2)), s.Chunk(content(3000, 3))
	tail.Type = Tail
	if p, ok := b.find(s, one.ID, 1000); ok {
		t.Errorf("found in an empty store at %v", p)
	}
	b.append(s.Small(), one, tail)
	at := b.append(s.Lease(), two)
	check := func(s *Set) {
		t.Helper()
		if p, ok := b.find(s, one.ID, 1000); !ok || p != (Place{1, 0, 1}) {
			t.Errorf("the first: %v %v", p, ok)
		}
		if p, ok := b.find(s, two.ID, 2000); !ok || p != (Place{at.Pack, 0, 1}) {
			t.Errorf("the second: %v %v", p, ok)
		}
		if p, ok := b.find(s, tail.ID, 3000); ok {
			t.Errorf("a tail was found at %v", p)
		}
		if p, ok := b.find(s, two.ID, 1999); ok {
			t.Errorf("found with another length at %v", p)
		}
	}
	check(s) // open, not flushed
	b.close(s)
	s, _ = b.open()
	check(s) // sealed when it was opened again
	b.close(s)
	s, _ = b.open()
	check(s) // sealed long since
	// Of several the newest.
	p := b.append(s.Small(), one)
	if q, ok := b.find(s, one.ID, 1000); !ok || q != p {
		t.Errorf("found %v %v, want %v", q, ok, p)
	}
	b.close(s)
	s, _ = b.open()
	if q, ok := b.find(s, one.ID, 1000); !ok || q != p {
		t.Errorf("found %v %v, want %v", q, ok, p)
	}
}

func TestFindFailedFlush(t *testing.T) {
	b, f := withFaults(t, withHints)
	s, _ := b.open()
	flushed, lost := s.Chunk(content(1000, 1)), s.Chunk(content(1000, 2))
	b.append(s.Small(), flushed)
	b.flush(s, 1)
	b.append(s.Small(), lost)
	if _, ok := s.Find(lost.ID, 1000); !ok {
		t.Fatal("not found before its flush")
	}
	f.Add(object.Rule{Op: object.OpSync, Nth: 1, Site: "pack.(*pack).flush"})
	if err := s.Flush(ctx, 1); !errors.Is(err, ErrLaneFailed) {
		t.Fatal(err)
	}
	if err := s.Flush(ctx, 1); !errors.Is(err, ErrLaneFailed) {
		t.Errorf("the finder's own flush: %v", err)
	}
	s.Unpin(1)
	for _, id := range []chunk.ID{flushed.ID, lost.ID} {
		if p, ok := b.find(s, id, 1000); ok {
			t.Errorf("found in an abandoned pack at %v", p)
		}
	}
	if s.Drain(1) {
		t.Error("an abandoned pack can be drained")
	}
	p := b.append(s.Small(), lost)
	if q, ok := b.find(s, lost.ID, 1000); !ok || q != p {
		t.Errorf("found %v %v, want %v", q, ok, p)
	}
	if len(s.fresh.all()) != 1 {
		t.Errorf("%d packs in memory", len(s.fresh.all()))
	}
	b.flush(s, p.Pack)
	b.close(s)
	s, _ = b.open()
	for _, id := range []chunk.ID{flushed.ID, lost.ID} {
		if _, ok := b.find(s, id, 1000); !ok {
			t.Errorf("not found after opening again")
		}
	}
}

// Whatever fails and whoever flushes: a record that was found, in a pack whose flush
// then succeeded for the finder, is there after a crash.
func TestFindUnderFaults(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var promised, refused atomic.Int64
	for range 15 {
		f := object.NewFaults(object.OS())
		b := newBench(t, withHints, func(o *Options) { o.FS, o.Ahead = f, 16<<10 })
		s, _ := b.open()
		for range 4 {
			op := []object.Op{object.OpSync, object.OpSync, object.OpSync, object.OpWrite, object.OpTruncate}[rng.IntN(5)]
			f.Add(object.Rule{Op: op, Nth: 3 + rng.IntN(60), Path: ".pack", Keep: rng.IntN(2000)})
		}
		f.Delay(object.OpSync, time.Duration(rng.IntN(200))*time.Microsecond)
		var mu sync.Mutex
		acked := map[Place]chunk.ID{}
		var wait sync.WaitGroup
		for w := range 8 {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			wait.Go(func() {
				lane := s.Small()
				if w%4 == 3 {
					lane = s.Lease()
					defer s.Return(lane)
				}
				for range 60 {
					rec := s.Chunk(bytes.Repeat([]byte{byte(r.IntN(100)), 1}, 500))
					p, found := s.Find(rec.ID, 1000)
					if !found {
						var err error
						if p, err = lane.Append(ctx, rec); err != nil {
							continue
						}
					}
					time.Sleep(time.Duration(r.IntN(500)) * time.Microsecond) // others' flushes fail meanwhile
					if s.Flush(ctx, p.Pack) == nil {
						promised.Add(1)
						mu.Lock()
						acked[p] = rec.ID
						mu.Unlock()
					} else {
						refused.Add(1)
					}
					s.Unpin(p.Pack)
				}
			})
		}
		wait.Wait()
		s.Close()
		f.Clear()
		s, _ = b.open()
		for p, id := range acked {
			es, err := s.Entries(ctx, p.Pack, p.First, 1)
			if err != nil || es[0].ID != id {
				t.Errorf("%v was promised: %v", p, err)
			}
		}
		b.wantClean(s)
		b.close(s)
	}
	t.Logf("%d promised, %d refused", promised.Load(), refused.Load())
	if promised.Load() == 0 || refused.Load() == 0 {
		t.Error("nothing was tested")
	}
}

func TestPinDrainDrop(t *testing.T) {
	b := newBench(t, withHints)
	s, _ := b.open()
	ids := fillPacks(b, s, 100)
	eventually(t, "packs are sealed", func() bool { return b.isSealed(1) && b.isSealed(2) })
	open := s.Small().Pack()
	refuse := func(id meta.PackID, want error) {
		t.Helper()
		if err := s.Drop(ctx, id); !errors.Is(err, want) {
			t.Errorf("drop %d: got %v, want %v", id, err, want)
		}
	}
	refuse(1, ErrPinned) // not draining
	refuse(99, ErrNotFound)
	if s.Drain(open) || s.Drain(99) {
		t.Error("an open pack, or none, can be drained")
	}
	p, ok := s.Find(ids[0], 1024)
	if !ok || p.Pack != 1 {
		t.Fatalf("found %v %v", p, ok)
	}
	if s.Draining(1) || !s.Drain(1) || s.Drain(1) || !s.Draining(1) {
		t.Error("drain")
	}
	if q, ok := s.Find(ids[0], 1024); ok {
		t.Errorf("found in a draining pack: %v", q)
	}
	refuse(1, ErrPinned)
	s.Undrain(1)
	if _, ok := b.find(s, ids[0], 1024); !ok || s.Draining(1) {
		t.Error("not found after Undrain")
	}
	s.Drain(1)
	s.Unpin(1)
	if err := s.Drop(ctx, 1); err != nil {
		t.Fatal(err)
	}
	refuse(1, ErrNotFound)
	if _, err := os.Stat(s.path(1)); err == nil {
		t.Error("the file is still there")
	}
	b.wantErr(s, 1, 0, ErrNotFound)
	if !s.Draining(1) {
		t.Error("a dropped pack can be used")
	}
	if _, ok := b.find(s, ids[0], 1024); ok {
		t.Error("found in a dropped pack")
	}
	if _, ok := s.hints.find(be.Uint64(ids[0][:8])); ok {
		t.Error("the hint to it is still there")
	}
	b.close(s)
	s, _ = b.open()
	if _, ok := b.find(s, ids[99], 1024); !ok {
		t.Error("another pack's chunk is not found")
	}
	defer func() {
		if recover() == nil {
			t.Error("an Unpin too many goes unnoticed")
		}
	}()
	s.Unpin(2)
}

// A pack may be full, sealed and wanted gone before Append returns: it is pinned before.
func TestAppendPins(t *testing.T) {
	b := newBench(t, withHints)
	s, _ := b.open()
	p, err := s.Small().Append(ctx, s.Chunk(content(30<<10, 1)))
	if err != nil {
		t.Fatal(err)
	}
	b.append(s.Small(), s.Chunk(content(30<<10, 2))) // to the next one
	eventually(t, "the first is sealed", func() bool { return b.isSealed(p.Pack) })
	if !s.Drain(p.Pack) {
		t.Fatal("it cannot be drained")
	}
	if err := s.Drop(ctx, p.Pack); !errors.Is(err, ErrPinned) {
		t.Errorf("dropped while who appended has it pinned: %v", err)
	}
	s.Unpin(p.Pack)
	if err := s.Drop(ctx, p.Pack); err != nil {
		t.Error(err)
	}
	b.close(s)
}

func TestDropFails(t *testing.T) {
	for _, op := range []object.Op{object.OpRemove, object.OpSyncDir} {
		t.Run(string(op), func(t *testing.T) {
			b, f := withFaults(t, withHints)
			s, _ := b.open()
			ids := fillPacks(b, s, 100)
			eventually(t, "it is sealed", func() bool { return b.isSealed(1) })
			s.Drain(1)
			f.Add(object.Rule{Op: op, Nth: 1, Site: "pack.(*Set).Drop"})
			if err := s.Drop(ctx, 1); !errors.Is(err, object.ErrInjected) {
				t.Fatal(err)
			}
			s.Undrain(1) // too late
			if _, ok := b.find(s, ids[0], 1024); ok || !s.Draining(1) {
				t.Error("it can be used")
			}
			// If the file is gone, so is the pack: a loss of power may bring both back.
			if err := s.Drop(ctx, 1); err != nil && !(op == object.OpSyncDir && errors.Is(err, ErrNotFound)) {
				t.Error(err)
			}
			if _, err := s.lookup(1); err == nil {
				t.Error("it is still there")
			}
		})
	}
}

func TestMarkDamaged(t *testing.T) {
	b := newBench(t, withHints)
	s, _ := b.open()
	ids := fillPacks(b, s, 100)
	b.close(s)
	s, _ = b.open()
	fresh := s.Chunk(content(1024, 50))
	at := b.append(s.Small(), fresh)
	s.MarkDamaged(1, 0)
	s.MarkDamaged(at.Pack, at.First)
	s.MarkDamaged(99, 0)
	if n := b.countFound(s, ids); n != 99 {
		t.Errorf("found %d of 100", n)
	}
	if p, ok := b.find(s, fresh.ID, 1024); ok {
		t.Errorf("found at %v", p)
	}
	again := b.append(s.Small(), fresh)
	if p, ok := b.find(s, fresh.ID, 1024); !ok || p != again {
		t.Errorf("found %v %v, want %v", p, ok, again)
	}
	b.flush(s, again.Pack)
	b.close(s)
	s, _ = b.open()
	if n := b.countFound(s, ids); n != 99 {
		t.Errorf("found %d of 100 after opening again", n)
	}
	// Hints are made again from footers, which know nothing of damage.
	p1, err := s.lookup(1)
	if err != nil {
		t.Fatal(err)
	}
	s.MarkDamaged(1, 3)
	s.learnSealed(ctx, p1)
	if n := b.countFound(s, ids); n != 99 { // 0 was read again, and is not marked any more
		t.Errorf("found %d of 100 with new hints", n)
	}
	before := b.countFound(s, ids)
	p1.mu.Lock()
	p1.damaged = true // as if what follows could not be read
	p1.mu.Unlock()
	if n := b.countFound(s, ids); n >= before {
		t.Errorf("found %d, as many as with the pack whole", n)
	}
	p1.mu.Lock()
	p1.damaged = false
	p1.mu.Unlock()
	for i := range uint32(maxBad + 1) { // the disk below it is bad
		s.MarkDamaged(2, 1000+i)
	}
	if n := b.countFound(s, ids); n > 70 {
		t.Errorf("found %d of 100", n)
	}
}

// Finders, writers and gc at once.
func TestFindConcurrently(t *testing.T) {
	b := newBench(t, withHints)
	s, _ := b.open()
	var stop atomic.Bool
	var wait sync.WaitGroup
	var hits, drops atomic.Int64
	for w := range 4 {
		r := rand.New(rand.NewPCG(1, uint64(w)))
		wait.Go(func() {
			for range 400 {
				data := bytes.Repeat([]byte{byte(r.IntN(200)), byte(w % 2)}, 1000)
				rec := s.Chunk(data)
				p, found := s.Find(rec.ID, 2000)
				if !found {
					if p, err := s.Small().Append(ctx, rec); err != nil {
						t.Error(err)
					} else {
						s.Unpin(p.Pack)
					}
					continue
				}
				hits.Add(1)
				if got, err := s.Read(ctx, p.Pack, p.First, nil); err != nil || !bytes.Equal(got, data) {
					t.Errorf("found %v: %v", p, err)
				}
				s.Unpin(p.Pack)
			}
		})
	}
	gc := make(chan struct{})
	go func() {
		defer close(gc)
		for !stop.Load() {
			for _, i := range s.Packs() {
				if !s.Drain(i.ID) {
					continue
				}
				switch err := s.Drop(ctx, i.ID); {
				case err == nil:
					drops.Add(1)
				case errors.Is(err, ErrPinned):
					s.Undrain(i.ID)
				default:
					t.Error(err)
				}
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	wait.Wait()
	stop.Store(true)
	<-gc
	if hits.Load() == 0 || drops.Load() == 0 {
		t.Errorf("%d hits, %d drops: nothing was tested", hits.Load(), drops.Load())
	}
	b.close(s)
	s, _ = b.open()
	b.wantClean(s)
}
