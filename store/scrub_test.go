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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/meta"
	"cairn/store/object"
)

// damage flips a byte of a record, behind the back of the store that is open.
func (r *rig) damage(id meta.PackID, ordinal uint32) {
	r.t.Helper()
	name, offset, n, err := r.s.PlaceForTest(r.t.Context(), id, ordinal)
	if err != nil {
		r.t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(r.dir, filepath.FromSlash(name)), os.O_RDWR, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset+n/2); err != nil {
		r.t.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b[:], offset+n/2); err != nil {
		r.t.Fatal(err)
	}
}

// damageFile flips a byte of the first chunk of a content.
func (r *rig) damageFile(m meta.Manifest) {
	r.t.Helper()
	r.damage(m.Extents[0].Pack, m.Extents[0].First)
}

func (r *rig) scrub() store.Scrubbed {
	r.t.Helper()
	out, err := r.s.Scrub(r.t.Context(), store.ScrubOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *rig) scrubStatus() store.ScrubStatus {
	r.t.Helper()
	out, err := r.s.ScrubStatus(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// paths are the findings that are of no pack.
func paths(found []store.Finding) (out []string) {
	for _, f := range found {
		if !strings.HasPrefix(f.Where, "packs/") {
			out = append(out, f.Where)
		}
	}
	slices.Sort(out)
	return out
}

func (r *rig) wantDamage(what string, got []store.Finding, want ...string) {
	r.t.Helper()
	slices.Sort(want)
	if p := paths(got); !slices.Equal(p, want) {
		r.t.Errorf("%s: damaged are\n%q, want\n%q\n%v", what, p, want, got)
	}
}

// Damage is named by what it concerns and by nothing else; the rest is as it was, nobody
// gets wrong bytes, and what is put again reads well. All of it is known after a restart.
func TestScrub(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		t.Run(fmt.Sprintf("sealed=%v", sealed), func(t *testing.T) {
			r := newRig(t)
			r.mkdir("docs")
			text := func(word string) []byte { return bytes.Repeat([]byte(word+" "), 20_000) } // is compressed
			at := r.clock.now()
			cur := r.put("docs/current", noise(1, 700_000))
			coded := r.put("docs/coded", text("a line of text"))
			old := r.put("docs/old", noise(2, 5000))
			r.put("docs/old", noise(3, 5000))
			gone := r.put("docs/gone", noise(4, 70_000))
			in := r.put("docs/folder", nil)
			if err := r.s.Remove(t.Context(), r.sc, "docs/folder", store.Conditions{}); err != nil {
				t.Fatal(err)
			}
			r.mkdir("docs/folder")
			in = r.put("docs/folder/in it", noise(5, 70_000))
			for _, p := range []store.Path{"docs/gone", "docs/folder"} {
				if err := r.s.Remove(t.Context(), r.sc, p, store.Conditions{}); err != nil {
					t.Fatal(err)
				}
			}
			up, err := r.s.CreateUpload(t.Context(), r.sc, store.UploadSpec{Path: "docs/coming", Size: 9_000_000})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.s.AppendUpload(t.Context(), r.sc, up.ID, 0, 0, bytes.NewReader(noise(6, 6_000_000))); err != nil {
				t.Fatal(err)
			}
			whole := map[store.Path][]byte{}
			for i := range 30 {
				p := store.Path(fmt.Sprintf("docs/whole %d", i))
				whole[p] = noise(uint64(100+i), 3000*i)
				r.put(p, whole[p])
			}
			u, err := r.s.GetUpload(t.Context(), r.sc, up.ID)
			if err != nil {
				t.Fatal(err)
			}
			if sealed {
				if err := r.s.SealForTest(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if out := r.scrub(); out.Damaged > 0 || out.Packs == 0 || len(out.Unread) > 0 {
				t.Fatalf("whole: %+v", out)
			}
			for _, m := range []meta.Manifest{cur.Manifest, coded.Manifest, old.Manifest, gone.Manifest, in.Manifest, u.Parts[0].Manifest} {
				r.damageFile(m)
			}
			out := r.scrub()
			version := "ada:/docs/old, its version of " + old.ModTime.Format("2006-01-02 15:04:05")
			rest := []string{"ada (trash):/docs/gone", "ada (trash):/docs/folder/in it", version, "unfinished upload to docs/coming (" + up.ID.String() + ")"}
			want := append([]string{"ada:/docs/current", "ada:/docs/coded"}, rest...)
			r.wantDamage("found", out.Damage, want...)
			if packs := out.Damaged - len(want); packs < 1 {
				t.Errorf("no pack is named: %v", out.Damage)
			}
			check := func() {
				t.Helper()
				for p, want := range whole {
					if !bytes.Equal(r.read(p), want) {
						t.Errorf("%s is not what it was", p)
					}
				}
				if !bytes.Equal(r.read("docs/old"), noise(3, 5000)) {
					t.Error("the current content is not what it was")
				}
			}
			check()
			for p, want := range map[store.Path][]byte{"docs/current": noise(1, 700_000), "docs/coded": text("a line of text")} {
				if got, err := readAll(r.s, r.sc, p); !errors.Is(err, store.ErrCorrupt) || !bytes.HasPrefix(want, got) {
					t.Errorf("%s, damaged, reads as %d bytes, %v", p, len(got), err)
				}
			}
			r.put("docs/current", noise(1, 700_000))
			if !bytes.Equal(r.read("docs/current"), noise(1, 700_000)) {
				t.Error("what was put again is not what was put")
			}
			r.wantDamage("one is put again", r.scrubStatus().Damage, append(slices.Clone(rest), "ada:/docs/coded",
				"ada:/docs/current, its version of "+cur.ModTime.Format("2006-01-02 15:04:05"))...)
			if err := r.s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(r.dir, "hints")); err != nil { // which know nothing of damage any more
				t.Fatal(err)
			}
			r.open()
			eventually(t, "the hints are made again", func() bool {
				before := r.s.HitsForTest()
				r.put("docs/probe", whole["docs/whole 20"])
				return r.s.HitsForTest() > before
			})
			check()
			r.put("docs/again", text("a line of text"))
			if !bytes.Equal(r.read("docs/again"), text("a line of text")) {
				t.Error("after a restart new content refers to what is damaged")
			}
			if _, err := readAll(r.s, r.sc, "docs/coded"); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("docs/coded: %v", err)
			}
			st := r.scrubStatus()
			r.wantDamage("after a restart", st.Damage, append(slices.Clone(rest), "ada:/docs/coded",
				"ada:/docs/current, its version of "+cur.ModTime.Format("2006-01-02 15:04:05"))...)
			if st.Packs == 0 || st.Fresh != st.Packs || st.Last.Before(at) || st.Every != store.DefaultScrubEvery {
				t.Errorf("status %+v", st)
			}
			r.clock.advance(31 * 24 * time.Hour)
			if st := r.scrubStatus(); st.Fresh != 0 {
				t.Errorf("a month later: %+v", st)
			}
		})
	}
}

// A file whose long manifest is damaged is named, and so is one of which a page names what
// is damaged.
func TestScrubPages(t *testing.T) {
	r := newRig(t)
	var extents []meta.Extent
	for i := range 1500 {
		m := r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), 200+i%3)).Manifest
		if i%2 == 0 {
			extents = append(extents, m.Extents...)
		}
	}
	long, err := r.s.PutExtentsForTest(t.Context(), r.sc, "long", extents)
	if err != nil || len(long.Manifest.Pages) == 0 {
		t.Fatalf("%v, %d pages", err, len(long.Manifest.Pages))
	}
	other, err := r.s.PutExtentsForTest(t.Context(), r.sc, "other", extents[1:])
	if err != nil {
		t.Fatal(err)
	}
	r.damage(extents[0].Pack, extents[0].First)
	r.wantDamage("a chunk", r.scrub().Damage, "ada:/f0", "ada:/long")
	page := other.Manifest.Pages[0]
	r.damage(page.Pack, page.Ordinal)
	r.wantDamage("a page", r.scrub().Damage, "ada:/f0", "ada:/long", "ada:/other")
}

// Of a pack that lost its footer, its header or its file, what needs that is named.
func TestScrubWholePacks(t *testing.T) {
	r := newRigWith(t, nil, 256<<10)
	var made []store.Written
	for i := range 6 {
		made = append(made, r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), 300_000)))
	}
	if err := r.s.SealForTest(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := func(i int) string {
		name, _, _, err := r.s.PlaceForTest(t.Context(), made[i].Manifest.Extents[0].Pack, 0)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(r.dir, filepath.FromSlash(name))
	}
	edit := func(i int, f func(b []byte)) {
		b, err := os.ReadFile(file(i))
		if err != nil {
			t.Fatal(err)
		}
		f(b)
		if err := os.WriteFile(file(i), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit(0, func(b []byte) { b[50] ^= 1 })                          // header
	edit(1, func(b []byte) { b[len(b)-50] ^= 1 })                   // trailer
	edit(3, func(b []byte) { b[len(b)-50] ^= 1; b[len(b)/2] ^= 1 }) // and the one record
	gone := file(2)
	if err := os.Rename(gone, gone+".away"); err != nil {
		t.Fatal(err)
	}
	out := r.scrub()
	r.wantDamage("three packs and a file", out.Damage, "ada:/f2", "ada:/f3")
	if len(out.Damage) != 6 {
		t.Errorf("%v", out.Damage)
	}
	for _, i := range []int{0, 1, 4, 5} {
		if !bytes.Equal(r.read(store.Path(fmt.Sprintf("f%d", i))), noise(uint64(i), 300_000)) {
			t.Errorf("f%d is not what it was", i)
		}
	}
	if err := os.Rename(gone+".away", gone); err != nil {
		t.Fatal(err)
	}
	r.wantDamage("it is there again", r.scrub().Damage, "ada:/f3")
}

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
