package pack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store/meta"
	"cairn/store/object"
)

func withFaults(t *testing.T, change ...func(*Options)) (*bench, *object.Faults) {
	f := object.NewFaults(object.OS())
	t.Cleanup(func() {
		for _, r := range f.Pending() {
			t.Errorf("this fault never fired: %+v", r)
		}
	})
	b := newBench(t, change...)
	b.opt.FS = f
	return b, f
}

func TestFailedWrite(t *testing.T) {
	for _, cause := range []error{object.ErrInjected, object.ErrNoSpace} {
		for _, keep := range []int{0, 1, 72, 73, 1000, 1100} {
			t.Run(fmt.Sprintf("%v/%d", cause, keep), func(t *testing.T) {
				b, f := withFaults(t)
				s, _ := b.open()
				b.append(s.Small(), commitRecord(1))
				before := len(b.file(1))
				f.Add(object.Rule{Op: object.OpWrite, Nth: 1, Err: cause, Keep: keep})
				if _, err := s.Small().Append(ctx, s.Chunk(content(1000, 1)), commitRecord(2)); !errors.Is(err, cause) {
					t.Fatalf("got %v, want %v", err, cause)
				}
				if size := len(b.file(1)); size != before {
					t.Errorf("the file has %d bytes, want %d", size, before)
				}
				if p := b.append(s.Small(), commitRecord(3)); p != (Place{1, 1, 1}) {
					t.Errorf("goes on at %v", p)
				}
				b.flush(s, 1)
				b.wantClean(s)
			})
		}
	}
}

func TestFailedWriteThatCannotBeCut(t *testing.T) {
	b, f := withFaults(t)
	s, _ := b.open()
	b.append(s.Small(), commitRecord(1))
	f.Add(object.Rule{Op: object.OpWrite, Nth: 1, Keep: 75})
	f.Fail(object.OpTruncate, 1, nil)
	_, err := s.Small().Append(ctx, commitRecord(2))
	if !errors.Is(err, object.ErrInjected) || !errors.Is(err, ErrLaneFailed) {
		t.Fatal(err)
	}
	if p := b.append(s.Small(), commitRecord(2)); p != (Place{2, 0, 1}) {
		t.Errorf("goes on at %v", p)
	}
	b.flush(s, 1, 2)
	b.wantRead(s, 1, 0, []byte("commit 1"))
	b.close(s)
	s, got := b.open()
	if want := []visited{{1, "commit 1"}, {2, "commit 2"}}; !slices.Equal(got, want) {
		t.Errorf("visited %v, want %v", got, want)
	}
	b.wantClean(s)
}

func TestFailedFlush(t *testing.T) {
	b, f := withFaults(t)
	s, _ := b.open()
	b.append(s.Small(), commitRecord(1))
	b.flush(s, 1)
	flushed := len(b.file(1))
	f.Add(object.Rule{Op: object.OpSync, Site: "pack.(*pack).flush", Nth: 1})
	f.Delay(object.OpSync, 20*time.Millisecond)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			p, err := s.Small().Append(ctx, commitRecord(uint64(10+i)))
			if err == nil {
				err = s.Flush(ctx, p.Pack)
			}
			if p.Pack == 1 && !errors.Is(err, ErrLaneFailed) || p.Pack > 1 && err != nil {
				t.Errorf("in pack %d: %v", p.Pack, err)
			}
		})
	}
	wait.Wait()
	if err := s.Flush(ctx, 1); !errors.Is(err, ErrLaneFailed) {
		t.Errorf("a later flush: %v", err)
	}
	b.wantRead(s, 1, 0, []byte("commit 1"))
	b.wantErr(s, 1, 1, ErrNotFound)
	p := b.append(s.Small(), commitRecord(20))
	if p.Pack == 1 {
		t.Error("appended to the abandoned pack")
	}
	b.flush(s, p.Pack)
	eventually(t, "the doubtful tail is cut off", func() bool { return len(b.file(1)) == flushed })
	b.wantClean(s)
	b.close(s)
	s, got := b.open()
	if got[0] != (visited{1, "commit 1"}) || got[len(got)-1] != (visited{20, "commit 20"}) {
		t.Errorf("visited %v", got)
	}
	b.wantClean(s)
}

func TestFailedSeal(t *testing.T) {
	small := func(o *Options) { o.MaxBytes = 100 << 10 }
	t.Run("flush", func(t *testing.T) {
		b, f := withFaults(t, small)
		s, _ := b.open()
		f.Add(object.Rule{Op: object.OpSync, Site: "pack.(*Set).seal"})
		f.Delay(object.OpSync, 50*time.Millisecond)
		b.append(s.Small(), s.Chunk(content(80<<10, 1)))
		b.append(s.Small(), s.Chunk(content(80<<10, 2)))
		if err := s.Flush(ctx, 1); !errors.Is(err, ErrLaneFailed) {
			t.Errorf("flush of the pack being sealed: %v", err)
		}
		b.flush(s, 2)
		eventually(t, "its records are gone", func() bool {
			_, err := s.Read(ctx, 1, 0, nil)
			return errors.Is(err, ErrNotFound)
		})
		b.close(s)
		if len(b.sealed) != 0 {
			t.Errorf("sealed: %v", b.sealed)
		}
	})
	t.Run("footer", func(t *testing.T) {
		b, f := withFaults(t, small)
		s, _ := b.open()
		f.Add(object.Rule{Op: object.OpWrite, Site: "pack.(*Set).seal", Err: object.ErrNoSpace, Keep: 50})
		b.append(s.Small(), s.Chunk(content(80<<10, 1)))
		b.append(s.Small(), s.Chunk(content(80<<10, 2)))
		b.flush(s, 1, 2)
		b.wantRead(s, 1, 0, content(80<<10, 1))
		b.close(s)
		b.wantPending(f, 0)
		f.Clear()
		s, _ = b.open()
		b.append(s.Lease(), s.Chunk(content(80<<10, 3)))
		eventually(t, "sealed in the end", func() bool { return b.isSealed(1) || b.isSealed(2) })
		b.wantRead(s, 1, 0, content(80<<10, 1))
		b.wantClean(s)
	})
}

func (b *bench) wantPending(f *object.Faults, want int) {
	b.t.Helper()
	if got := len(f.Pending()); got != want {
		b.t.Errorf("%d faults pending, want %d", got, want)
	}
}

func TestFailedCreate(t *testing.T) {
	for _, r := range []object.Rule{
		{Op: object.OpMkdir, Nth: 1, Path: "01"},
		{Op: object.OpSyncDir, Nth: 1, Site: "pack.(*Set).create"},
		{Op: object.OpCreate, Nth: 1},
		{Op: object.OpWrite, Nth: 1, Keep: 100, Err: object.ErrNoSpace},
		{Op: object.OpSync, Nth: 1},
		{Op: object.OpSyncDir, Nth: 1, Site: "pack.(*Set).settle"},
	} {
		t.Run(string(r.Op)+r.Site, func(t *testing.T) {
			b, f := withFaults(t)
			s, _ := b.open()
			f.Add(r)
			if _, err := s.Small().Append(ctx, commitRecord(1)); err == nil {
				t.Fatal("no error")
			}
			if _, err := os.Stat(s.path(1)); err == nil {
				t.Error("the file is still there")
			}
			p := b.append(s.Small(), commitRecord(1))
			b.flush(s, p.Pack)
			b.wantClean(s)
			b.close(s)
			if _, got := b.open(); len(got) != 1 {
				t.Errorf("visited %v", got)
			}
		})
	}
}

// Every call of every kind fails once: what a flush has promised is there afterwards.
func TestEveryFault(t *testing.T) {
	for _, op := range []object.Op{object.OpMkdir, object.OpCreate, object.OpWrite, object.OpTruncate, object.OpSync, object.OpSyncDir} {
		fired := 0
		for n := 1; ; n++ {
			f := object.NewFaults(object.OS())
			b := newBench(t, func(o *Options) { o.FS, o.MaxBytes = f, 40<<10 })
			s, _ := b.open()
			f.Add(object.Rule{Op: op, Nth: n, Keep: 33})
			if op == object.OpTruncate { // it takes another fault to see one
				f.Add(object.Rule{Op: object.OpWrite, Site: "pack.(*pack).append", Nth: 3, Keep: 100})
			}
			acked := work(b, s)
			s.Close()
			pending := f.Pending()
			f.Clear()
			s, _ = b.open()
			for p, want := range acked {
				b.wantRead(s, p.Pack, p.First, want)
			}
			b.wantClean(s)
			b.close(s)
			if len(pending) > 0 {
				break
			}
			fired++
		}
		if fired == 0 {
			t.Errorf("%s: not once", op)
		}
		t.Logf("%s: %d calls failed, each once", op, fired)
	}
}

// work appends and flushes, and returns what it was promised.
func work(b *bench, s *Set) map[Place][]byte {
	acked := map[Place][]byte{}
	for i := range 12 {
		data := content(9000, byte(i))
		p, err := s.Small().Append(ctx, s.Chunk(data))
		if err == nil && s.Flush(ctx, p.Pack) == nil {
			acked[p] = data
		}
	}
	return acked
}

// Power fails at random moments: the files keep what was flushed and any part of the
// rest.
func TestCrash(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	b := newBench(t, func(o *Options) { o.MaxBytes, o.MaxLanes = 200<<10, 4 })
	kept := map[Place][]byte{}
	for range 25 {
		s, _ := b.open()
		durable := map[meta.PackID]int64{}
		pending := map[Place][]byte{}
		for range rng.IntN(40) {
			l := s.Small()
			if rng.IntN(2) == 0 {
				l = s.Lease()
				defer s.Return(l)
			}
			data := content(rng.IntN(30000), byte(rng.Int()))
			p := b.append(l, s.Chunk(data))
			pending[p] = data
			if rng.IntN(3) > 0 {
				continue
			}
			b.flush(s, p.Pack)
			durable[p.Pack] = int64(len(b.file(p.Pack)))
			for q, data := range pending {
				if q.Pack == p.Pack {
					kept[q] = data
					delete(pending, q)
				}
			}
		}
		b.close(s)
		for _, i := range s.Packs() {
			if i.Sealed {
				continue
			}
			data := b.file(i.ID)
			low := max(durable[i.ID], HeaderBytes)
			if whole := int64(len(data)); whole > low {
				if _, seen := durable[i.ID]; seen || !known(kept, i.ID) {
					b.rewrite(i.ID, data[:low+rng.Int64N(whole-low+1)])
				}
			}
		}
		s, _ = b.open()
		for p, want := range kept {
			b.wantRead(s, p.Pack, p.First, want)
		}
		b.wantClean(s)
		b.close(s)
	}
	if len(kept) < 20 {
		t.Errorf("only %d records were flushed", len(kept))
	}
}

func known(kept map[Place][]byte, id meta.PackID) bool {
	for p := range kept {
		if p.Pack == id {
			return true
		}
	}
	return false
}

// A reply may come only after a flush that began after the write. The trace of many
// writers at once is checked for that; and without the flushes the check must fail.
func TestFlushCovers(t *testing.T) {
	for _, skip := range []string{"", "pack.(*pack).flush"} {
		t.Run("without "+skip, func(t *testing.T) {
			var trace strings.Builder
			b := newBench(t, func(o *Options) { o.MaxBytes = 500 << 10 })
			rec := object.NewRecorder(b.opt.FS, b.opt.Dir, &trace, object.RecorderOptions{Begin: true})
			f := object.NewFaults(rec)
			if skip != "" {
				f.SkipSite(skip)
			}
			b.opt.FS = f
			s, _ := b.open()
			var wait sync.WaitGroup
			for w := range 8 {
				wait.Go(func() {
					for i := range 30 {
						p, err := s.Small().Append(ctx, s.Chunk(content(5000, byte(w))), commitRecord(uint64(100+i)))
						if err == nil {
							err = s.Flush(ctx, p.Pack)
						}
						if err != nil {
							t.Error(err)
							return
						}
						// 5000 and, padded, 16 bytes of payload, alternately.
						end := HeaderBytes + int64(p.First/2+1)*(2*RecordBytes+5000+16)
						rec.Event(fmt.Sprintf("reply %016x %d", uint64(p.Pack), end))
					}
				})
			}
			wait.Wait()
			b.close(s)
			early, flushes, replies := uncovered(trace.String())
			t.Logf("%d replies, %d flushes, %d too early", replies, flushes, early)
			if skip == "" && early > 0 {
				t.Errorf("%d replies came before their flush", early)
			}
			if skip != "" && early == 0 {
				t.Error("the check did not see that flushes are missing")
			}
			if skip == "" && flushes >= replies {
				t.Errorf("%d flushes for %d replies: nothing was shared", flushes, replies)
			}
		})
	}
}

// uncovered reads a trace and counts replies before their flush.
func uncovered(trace string) (early, flushes, replies int) {
	written, begun, durable := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for line := range strings.Lines(trace) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "\t")
		w := strings.Fields(line)
		id := func(s string) string { return strings.TrimSuffix(s[strings.LastIndex(s, "/")+1:], ".pack") }
		switch {
		case w[0] == "write":
			var off int64
			fmt.Sscanf(w[3], "@%d", &off)
			for n := range strings.SplitSeq(w[2], "+") {
				var size int64
				fmt.Sscan(n, &size)
				off += size
			}
			written[id(w[1])] = max(written[id(w[1])], off)
		case w[0] == "begin" && w[1] == "sync":
			begun[id(w[2])] = written[id(w[2])]
		case w[0] == "sync":
			flushes++
			durable[id(w[1])] = max(durable[id(w[1])], begun[id(w[1])])
		case w[0] == "reply":
			replies++
			var end int64
			fmt.Sscan(w[2], &end)
			if durable[w[1]] < end {
				early++
			}
		}
	}
	return early, flushes, replies
}
