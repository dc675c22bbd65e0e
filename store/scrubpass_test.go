package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/object"
)

// A pass that is stopped goes on where it was, also after a restart, and reads no pack
// twice; the next pass reads all.
func TestScrubResumed(t *testing.T) {
	r := newRigWith(t, nil, 256<<10)
	for i := range 12 {
		r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), 300_000))
	}
	if err := r.s.SealForTest(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := r.scrubStatus().Packs
	if all < 10 {
		t.Fatalf("%d packs: the test does not test that", all)
	}
	packs, stops := 0, 0
	r.clock.advance(time.Second) // headers have milliseconds
	for done := false; !done; stops++ {
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		out, err := r.s.Scrub(ctx, store.ScrubOptions{Progress: func(at, total int64) {
			if steps++; steps == 30 && at < total {
				cancel()
			}
		}})
		cancel()
		if out.Before < packs { // more: what was written since the pass began
			t.Errorf("%d packs were read before, it says %d", packs, out.Before)
		}
		if packs += out.Packs; packs > 2*all {
			t.Fatal("it comes to no end")
		}
		if done = err == nil; !done && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		r.clock.advance(time.Second)
		r.reopen()
	}
	if packs != all || stops < 4 {
		t.Errorf("%d packs were read of %d, in %d goes", packs, all, stops)
	}
	if out := r.scrub(); out.Packs < all || out.Before != 0 {
		t.Errorf("the next pass: %+v", out)
	}
}

// It is as slow as it is told to be.
func TestScrubRate(t *testing.T) {
	r := newRig(t)
	r.put("f", noise(1, 3<<20))
	begin := time.Now()
	out, err := r.s.Scrub(t.Context(), store.ScrubOptions{Rate: 4 << 20})
	if took := time.Since(begin); err != nil || took < 600*time.Millisecond {
		t.Errorf("%v for %+v (%v)", took, out, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.s.Scrub(ctx, store.ScrubOptions{Rate: 1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("its end: %v", err)
	}
}

// It takes one slab, and next to nothing beside, whatever there is to read.
func TestScrubMemory(t *testing.T) {
	r := newRig(t)
	for i := range uint64(6) {
		r.put(store.Path(fmt.Sprintf("raw%d", i)), noise(i, 8<<20))
		r.put(store.Path(fmt.Sprintf("coded%d", i)), bytes.Repeat(noise(i, 999), 9000))
	}
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 200 {
				r.put(store.Path(fmt.Sprintf("small%d-%d", g, i)), noise(uint64(g*1000+i), 500))
			}
		})
	}
	group.Wait()
	if err := r.s.SealForTest(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.scrub() // what it keeps is there now
	total, _ := r.s.SlabsForTest()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out, err := r.s.Scrub(t.Context(), store.ScrubOptions{Progress: func(done, all int64) {
		if _, free := r.s.SlabsForTest(); total-free > 1 {
			t.Errorf("%d slabs are in use", total-free)
		}
	}})
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; err != nil || out.Bytes < 45<<20 || out.Records < 1700 || n > 3<<20 {
		t.Errorf("%d bytes were allocated for %+v, %v", n, out, err)
	}
}

// Beside uploads, collections that compact, backups and readers it finds no damage where
// there is none, and takes one slab.
func TestScrubBesideOthers(t *testing.T) {
	r := newRigWith(t, nil, 512<<10)
	total, _ := r.s.SlabsForTest()
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	passes := 0
	group.Go(func() {
		for ctx.Err() == nil {
			out, err := r.s.Scrub(t.Context(), store.ScrubOptions{})
			if err != nil || out.Damaged > 0 || len(out.Unread) > 0 {
				t.Errorf("scrub: %+v, %v", out, err)
				return
			}
			passes++
		}
	})
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	files := map[store.Path][]byte{}
	compacted := 0
	for round := range 8 {
		for range 40 {
			p := store.Path(fmt.Sprintf("f%d", rng.IntN(30)))
			files[p] = noise(rng.Uint64(), []int{0, 100, 3000, 40_000, 600_000}[rng.IntN(5)])
			r.put(p, files[p])
		}
		r.forget()
		compacted += r.gc(store.GCOptions{Full: round%2 == 0}).Compacted
		if _, err := r.s.Backup(t.Context(), store.BackupOptions{Dir: filepath.Join(r.dir, "../backup")}); err != nil {
			t.Fatal(err)
		}
		for p, want := range files {
			if !bytes.Equal(r.read(p), want) {
				t.Fatalf("%s is not what it was", p)
			}
		}
	}
	stop()
	group.Wait()
	if compacted == 0 || passes < 8 {
		t.Errorf("%d packs compacted, %d passes: nothing was tested", compacted, passes)
	}
	if _, free := r.s.SlabsForTest(); free != total {
		t.Errorf("%d slabs are free of %d", free, total)
	}
	r.clean()
}

// What the schedule should have read long ago is checked before it is sent, until it is
// read.
func TestScrubStale(t *testing.T) {
	r := newRig(t)
	w := r.put("f", noise(1, 300_000))
	g := r.put("g", noise(2, 300_000))
	if err := r.s.SealForTest(t.Context()); err != nil {
		t.Fatal(err)
	}
	open := func(every time.Duration) {
		t.Helper()
		if err := r.s.Close(); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), store.Options{Dir: r.dir, UnsafeFS: true, Clock: r.clock.now, ScrubEvery: every})
		if err != nil {
			t.Fatal(err)
		}
		r.s = s
	}
	damaged := func() bool {
		_, err := readAll(r.s, r.sc, "f")
		return errors.Is(err, store.ErrCorrupt)
	}
	const month = 30 * 24 * time.Hour
	r.clock.advance(month)
	open(month)
	r.scrubStatus() // waits for nothing, but by then the packs are known
	r.clock.advance(month / 20)
	r.damageFile(w.Manifest)
	if damaged() {
		t.Error("it is checked though it was written within the time")
	}
	r.clock.advance(month)
	open(0)
	if damaged() {
		t.Error("it is checked without a schedule")
	}
	open(month)
	eventually(t, "it is checked", damaged)
	r.damageFile(w.Manifest) // as it was
	if !bytes.Equal(r.read("f"), noise(1, 300_000)) {
		t.Error("the file is not what it was")
	}
	r.scrub()
	r.damageFile(g.Manifest)
	if _, err := readAll(r.s, r.sc, "g"); err != nil {
		t.Errorf("it is checked though its pack was read a moment ago: %v", err)
	}
	open(month)
	r.damageFile(w.Manifest)
	if damaged() {
		t.Error("it is checked though it was read a moment ago")
	}
}

// syncLog is a log that may be read while it is written.
type syncLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *syncLog) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *syncLog) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

// The schedule reads every pack by itself, tells of damage, and goes on after a restart.
func TestScrubSchedule(t *testing.T) {
	r := newRigWith(t, nil, 256<<10)
	bad := r.put("bad", noise(0, 300_000))
	for i := range uint64(8) {
		r.put(store.Path(fmt.Sprintf("f%d", i)), noise(1+i, 300_000))
	}
	r.damageFile(bad.Manifest)
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	var log syncLog
	for range 2 {
		log.Reset()
		s, err := store.Open(t.Context(), store.Options{Dir: r.dir, UnsafeFS: true, PackBytes: r.packBytes, ScrubEvery: 400 * time.Millisecond, Log: log.logger()})
		if err != nil {
			t.Fatal(err)
		}
		r.s = s
		begin := time.Now()
		eventually(t, "all is read", func() bool {
			st := r.scrubStatus()
			return st.Oldest.After(begin)
		})
		eventually(t, "it is told", func() bool { return strings.Contains(log.String(), "where=ada:/bad") })
		r.wantDamage("by itself", r.scrubStatus().Damage, "ada:/bad")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r.open()
}

// A pack that cannot be looked at is named, and is no damage; the next pass reads all.
func TestScrubUnread(t *testing.T) {
	faults := object.NewFaults(object.OS())
	r := newRigWith(t, faults, 256<<10)
	for i := range uint64(4) {
		r.put(store.Path(fmt.Sprintf("f%d", i)), noise(i, 300_000))
	}
	if err := r.s.SealForTest(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := r.scrub().Packs
	faults.Add(object.Rule{Op: object.OpOpen, Path: "0002.pack", Err: os.ErrPermission})
	if out := r.scrub(); out.Packs != all-1 || out.Damaged > 0 || len(out.Unread) != 1 || !strings.HasSuffix(out.Unread[0], "0002.pack") {
		t.Errorf("%+v of %d packs", out, all)
	}
	faults.Clear()
	if out := r.scrub(); out.Packs != all || len(out.Unread) > 0 {
		t.Errorf("%+v of %d packs", out, all)
	}
}
