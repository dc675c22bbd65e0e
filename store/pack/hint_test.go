package pack

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/object"
)

func TestHintPage(t *testing.T) {
	var p hintPage
	p.reset(7)
	if p.find(0) >= 0 {
		t.Error("an empty page holds something")
	}
	for i := range uint64(hintsPerPage) {
		if changed, grown := p.put(hint{i, 100<<16 | i}); !changed || grown != 1 {
			t.Fatalf("hint %d: %v %d", i, changed, grown)
		}
	}
	for _, c := range []struct {
		name    string
		h       hint
		changed bool
		want    uint64
	}{
		{"the same", hint{5, 100<<16 | 5}, false, 100<<16 | 5},
		{"an older pack", hint{5, 99<<16 | 9}, false, 100<<16 | 5},
		{"a newer pack", hint{5, 101 << 16}, true, 101 << 16},
		{"one too many", hint{1000, 1}, true, 1},
	} {
		if changed, grown := p.put(c.h); changed != c.changed || grown != 0 {
			t.Errorf("%s: %v %d", c.name, changed, grown)
		}
		if i := p.find(c.h.prefix); i < 0 || p.at(i).loc != c.want {
			t.Errorf("%s: found at %d", c.name, i)
		}
	}
	if p.find(0) >= 0 || p.find(1) < 0 {
		t.Error("the oldest did not give way")
	}
	if p.remove(hint{5, 100<<16 | 5}) || !p.remove(hint{5, 101 << 16}) || p.find(5) >= 0 || p.len() != 254 {
		t.Error("remove")
	}
	p.sum()
	if !p.ok(7) || p.ok(8) {
		t.Error("checksum")
	}
	p[9]++
	if p.ok(7) {
		t.Error("a changed page passes")
	}
}

func newTestHints(t testing.TB, fsys object.FS, alive func(meta.PackID) bool) *hints {
	if alive == nil {
		alive = func(meta.PackID) bool { return true }
	}
	x := openHints(fsys, filepath.Join(t.TempDir(), "hints"), [16]byte{0xca}, alive, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { x.close() })
	return x
}

// fill adds n random hints as packs of each are sealed, and doubles when it is time.
func (x *hints) fill(rng *rand.Rand, n, each int) []hint {
	var all []hint
	for p := 1; len(all) < n; p++ {
		var batch []hint
		for i := range each {
			batch = append(batch, hint{rng.Uint64(), uint64(p)<<16 | uint64(i)})
		}
		all = append(all, batch...)
		for {
			if grow, _ := x.full(each); !grow || !x.grow(ctx) {
				break
			}
		}
		x.add(batch)
	}
	return all
}

func (x *hints) missing(all []hint) (n int) {
	for _, h := range all {
		if got, ok := x.find(h.prefix); !ok || got != h {
			n++
		}
	}
	return n
}

func TestHintsDouble(t *testing.T) {
	gone := meta.PackID(3)
	x := newTestHints(t, object.OS(), func(id meta.PackID) bool { return id != gone })
	all := x.fill(rand.New(rand.NewPCG(1, 1)), 60_000, 1000)
	lost := 0
	for _, h := range all {
		if _, ok := x.find(h.prefix); !ok {
			lost++
			if h.pack() != gone {
				t.Fatalf("%x is lost", h.loc)
			}
		}
	}
	if lost != 1000 {
		t.Errorf("%d hints are lost, want the 1000 of the pack that is gone", lost)
	}
	if want := int64(59_000); x.used.Load() != want {
		t.Errorf("it counts %d hints, want %d", x.used.Load(), want)
	}
	if got := x.estimate(); got < 50_000 || got > 68_000 {
		t.Errorf("it estimates %d hints, want about 59,000", got)
	}
	size, _ := x.cur.Size()
	t.Logf("%.1f bytes of disk a chunk", float64(size)/59_000)
	if fill := float64(x.used.Load()) / float64(x.cur.pages()) / hintsPerPage; fill < 0.25 || fill > 0.6 {
		t.Errorf("filled to %.2f", fill)
	}
}

// Hints added and dropped while the file doubles are in the new one, or not.
func TestHintsDoubleBusy(t *testing.T) {
	x := newTestHints(t, object.OS(), nil)
	rng := rand.New(rand.NewPCG(2, 2))
	all := x.fill(rng, 9000, 1000)
	var stop atomic.Bool
	var wait sync.WaitGroup
	first := all[:1000]
	for range 2 {
		wait.Go(func() {
			for !stop.Load() {
				if n := x.missing(first); n > 0 {
					t.Errorf("%d lost while it doubles", n)
					return
				}
			}
		})
	}
	for range 3 {
		x.growing.Store(true)
		done := make(chan bool)
		go func() { done <- x.grow(ctx) }()
		for i := range 50 {
			batch := []hint{{rng.Uint64(), uint64(1000+i) << 16}, {rng.Uint64(), uint64(1000+i)<<16 | 1}}
			all = append(all, batch...)
			x.add(slices.Clone(batch))
		}
		if !<-done {
			t.Fatal("it did not double")
		}
	}
	stop.Store(true)
	wait.Wait()
	if n := x.missing(all); n > 0 {
		t.Errorf("%d of %d lost", n, len(all))
	}
}

// A doubling that fails at any call, or is cut short by Close, leaves the old file.
func TestHintsDoubleFails(t *testing.T) {
	for _, r := range []object.Rule{
		{Op: object.OpCreate, Path: "hints.new"},
		{Op: object.OpWrite, Path: "hints.new", Nth: 1},
		{Op: object.OpWrite, Path: "hints.new", Nth: 100, Keep: 1000},
		{Op: object.OpWrite, Path: "hints.new", Nth: 129},
		{Op: object.OpRename, Path: "hints"},
	} {
		t.Run(fmt.Sprintf("%s/%d", r.Op, r.Nth), func(t *testing.T) {
			f := object.NewFaults(object.OS())
			x := newTestHints(t, f, nil)
			all := x.fill(rand.New(rand.NewPCG(3, 3)), 8000, 1000)
			f.Add(r)
			x.growing.Store(true)
			if x.grow(ctx) || len(f.Pending()) > 0 {
				t.Fatal("it doubled")
			}
			if n := x.missing(all); n > 0 || x.cur.pages() != 64 {
				t.Errorf("%d lost, %d pages", n, x.cur.pages())
			}
			if grow, _ := x.full(1 << 20); grow {
				t.Error("it tries again")
			}
			if _, err := os.Stat(x.newPath()); err == nil {
				t.Error("the new file is still there")
			}
		})
	}
	t.Run("killed", func(t *testing.T) {
		x := newTestHints(t, object.OS(), nil)
		all := x.fill(rand.New(rand.NewPCG(4, 4)), 8000, 1000)
		x.finish(true)
		if err := os.WriteFile(x.newPath(), make([]byte, 40960), 0o600); err != nil {
			t.Fatal(err)
		}
		y := openHints(object.OS(), x.path, x.store, x.alive, x.log) // as after a kill: x is not closed
		defer y.close()
		if n := y.missing(all); n > 0 || !y.whole() {
			t.Errorf("%d lost, whole %v", n, y.whole())
		}
		if _, err := os.Stat(x.newPath()); err == nil {
			t.Error("the new file is still there")
		}
	})
}

// withHints is a bench whose packs hold some hundred small chunks.
func withHints(o *Options) {
	o.MaxBytes = 40 << 10
	o.Hints = filepath.Join(filepath.Dir(o.Dir), "hints")
}

// fillPacks appends chunks of one KiB until some packs are sealed and indexed.
func fillPacks(b *bench, s *Set, n int) []chunk.ID {
	b.t.Helper()
	var ids []chunk.ID
	packs := map[meta.PackID]bool{}
	for i := range n {
		rec := s.Chunk(append([]byte{byte(i), byte(i >> 8)}, content(1022, 1)...))
		p := b.append(s.Small(), rec)
		packs[p.Pack] = true
		ids = append(ids, rec.ID)
	}
	for id := range packs {
		b.flush(s, id)
	}
	return ids
}

// wantFound looks for chunks of 1 KiB, and for their bytes where they are said to be.
func (b *bench) wantFound(s *Set, ids []chunk.ID) {
	b.t.Helper()
	if n := b.countFound(s, ids); n != len(ids) {
		b.t.Errorf("found %d of %d", n, len(ids))
	}
}

func (b *bench) countFound(s *Set, ids []chunk.ID) (n int) {
	b.t.Helper()
	for _, id := range ids {
		p, ok := s.Find(id, 1024)
		if !ok {
			continue
		}
		n++
		got, err := s.Read(ctx, p.Pack, p.First, nil)
		if err != nil || chunk.Sum(&b.opt.Key, got) != id {
			b.t.Errorf("found %v, which is another: %v", p, err)
		}
		s.Unpin(p.Pack)
	}
	return n
}

func TestHintsReopened(t *testing.T) {
	b := newBench(t, withHints)
	s, _ := b.open()
	ids := fillPacks(b, s, 300)
	b.wantFound(s, ids)
	eventually(t, "nothing is to be rebuilt", s.hints.whole)
	b.close(s)
	s, _ = b.open()
	if s.rebuilds > 0 {
		t.Error("it was rebuilt")
	}
	b.wantFound(s, ids)
	if len(s.fresh.all()) > 0 {
		t.Errorf("%d packs in memory", len(s.fresh.all()))
	}
}

func TestHintsRebuilt(t *testing.T) {
	header := func(change func(b *hintPage)) func(path string) error {
		return func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			p := hintPage(data[:4096])
			change(&p)
			p.sum()
			return os.WriteFile(path, append(p[:], data[4096:]...), 0o600)
		}
	}
	for _, c := range []struct {
		name   string
		change func(path string) error
	}{
		{"missing", os.Remove},
		{"empty", func(path string) error { return os.WriteFile(path, nil, 0o600) }},
		{"short", func(path string) error { return os.Truncate(path, 8192) }},
		{"header", func(path string) error { return os.WriteFile(path, make([]byte, 4096*65), 0o600) }},
		{"foreign", header(func(b *hintPage) { b[20]++ })},
		{"version", header(func(b *hintPage) { b[8]++ })},
		{"size", header(func(b *hintPage) { b[12] = 60 })},
		{"not complete", header(func(b *hintPage) { b[32] = 0 })},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, withHints)
			s, _ := b.open()
			ids := fillPacks(b, s, 300)
			b.close(s)
			if err := c.change(b.opt.Hints); err != nil {
				t.Fatal(err)
			}
			s, _ = b.open()
			eventually(t, "it is rebuilt", s.hints.whole)
			b.wantFound(s, ids)
			b.close(s)
			s, _ = b.open()
			if s.rebuilds > 0 {
				t.Error("it was rebuilt again")
			}
			b.wantFound(s, ids)
		})
	}
}

// Pages that never reached the disk are missed when somebody looks, and made good.
func TestHintsDamagedPage(t *testing.T) {
	b := newBench(t, withHints)
	s, _ := b.open()
	ids := fillPacks(b, s, 300)
	b.close(s)
	data, err := os.ReadFile(b.opt.Hints)
	if err != nil {
		t.Fatal(err)
	}
	clear(data[4096*20 : 4096*40])
	data[4096*50+3]++
	if err := os.WriteFile(b.opt.Hints, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ = b.open()
	n := b.countFound(s, ids)
	s.mu.Lock()
	made := s.rebuilds > 0 // sealing what was open may have come upon such a page already
	s.mu.Unlock()
	if n == len(ids) && !made || n < len(ids)/3 {
		t.Errorf("found %d of %d", n, len(ids))
	}
	b.close(s) // by now it is known
	s, _ = b.open()
	eventually(t, "it is rebuilt", s.hints.whole)
	b.wantFound(s, ids)
}

// A hint to a record that is not there is dropped when somebody follows it.
func TestStaleHint(t *testing.T) {
	b := newBench(t, withHints)
	s, _ := b.open()
	ids := fillPacks(b, s, 100)
	b.close(s)
	s, _ = b.open()
	stranger := content(1024, 77)
	id := s.Chunk(stranger).ID
	for _, loc := range []uint64{1<<16 | 3, 1<<16 | 60000, 99 << 16} {
		h := hint{be.Uint64(id[:8]), loc}
		s.hints.add([]hint{h})
		if p, ok := s.Find(id, 1024); ok {
			t.Errorf("found at %v", p)
		}
		if _, ok := s.hints.find(h.prefix); ok {
			t.Errorf("the hint to %x is still there", loc)
		}
	}
	b.wantFound(s, ids)
	if p, ok := s.Find(ids[0], 1023); ok {
		t.Errorf("found with another length at %v", p)
	}
}

// Every call on the file fails once: no append or flush does, no find is wrong, and
// what is missed is found after the next opening at the latest.
func TestHintsEveryFault(t *testing.T) {
	for _, op := range []object.Op{object.OpCreate, object.OpOpen, object.OpRead, object.OpWrite, object.OpRename, object.OpRemove} {
		fired := 0
		step := 1
		for n := 1; ; n += step {
			if n >= 5 { // many are alike: the pages of the empty file, those looked at
				step = 4
			}
			f := object.NewFaults(object.OS())
			b := newBench(t, withHints, func(o *Options) { o.FS, o.MaxBytes = f, 20<<10 })
			f.Add(object.Rule{Op: op, Nth: n, Path: "hints", Keep: 1500})
			var log strings.Builder
			b.opt.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
			s, _ := b.open()
			ids := fillPacks(b, s, 60)
			b.countFound(s, ids)
			s.Close()
			if n := strings.Count(log.String(), "\n"); n > 1 {
				t.Errorf("%s: %d lines in the log:\n%s", op, n, log.String())
			}
			pending := len(f.Pending()) > 0
			f.Clear()
			b.opt.Log = nil
			s, _ = b.open()
			eventually(t, "it is whole", s.hints.whole)
			b.wantFound(s, ids)
			b.close(s)
			if pending {
				break
			}
			fired++
		}
		t.Logf("%s: %d calls failed, each once", op, fired)
		if fired == 0 {
			t.Errorf("%s: not once", op)
		}
	}
}

// All calls fail, all the time.
func TestHintsNever(t *testing.T) {
	f := object.NewFaults(object.OS())
	b := newBench(t, withHints, func(o *Options) { o.FS = f })
	for _, op := range []object.Op{object.OpCreate, object.OpOpen, object.OpRead, object.OpWrite, object.OpRename, object.OpRemove} {
		f.Add(object.Rule{Op: op, Path: "hints"})
	}
	s, _ := b.open()
	ids := fillPacks(b, s, 100)
	eventually(t, "it is sealed", func() bool { return b.isSealed(1) })
	b.countFound(s, ids)
	b.wantClean(s)
	b.close(s)
}
