package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"cairn/store"
	"cairn/store/object"
)

func (r *rig) backup(dir string) store.BackedUp {
	r.t.Helper()
	b, err := r.s.Backup(r.t.Context(), store.BackupOptions{Dir: dir})
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// restored is the store of a backup, in a folder of its own.
func (r *rig) restored(from string) *rig {
	r.t.Helper()
	q := &rig{t: r.t, packBytes: r.packBytes, dir: filepath.Join(r.t.TempDir(), "restored"), clock: r.clock}
	_, err := store.RestoreBackup(r.t.Context(), from, store.Options{Dir: q.dir, Clock: r.clock.now, PackBytes: r.packBytes, UnsafeFS: true}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	q.open()
	r.t.Cleanup(func() { q.s.Close() })
	u, err := q.s.UserByName(r.t.Context(), "ada")
	if err != nil {
		r.t.Fatal(err)
	}
	q.home(u)
	return q
}

// A backup that is made while uploads run holds what was there before, whole, with ids and
// ETags; folders have other tags, since the epoch is raised.
func TestBackup(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	rng := rand.New(rand.NewPCG(8, 9))
	files := map[store.Path][]byte{}
	r.mkdir("folder")
	for i := range 60 {
		p := store.Path(fmt.Sprintf("folder/f%d", i))
		files[p] = noise(rng.Uint64(), []int{0, 100, 30_000, 400_000}[i%4])
		r.put(p, files[p])
	}
	dir := filepath.Join(t.TempDir(), "backups")
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var wrote atomic.Int64
	for g := range 20 {
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				c := noise(uint64(g*1000+i), 50_000)
				p := store.Path(fmt.Sprintf("up%d", g))
				if _, err := r.s.Put(t.Context(), r.sc, p, slowly{bytes.NewReader(c), 5000}, store.PutOptions{Size: int64(len(c))}); err != nil {
					t.Error(err)
					return
				}
				wrote.Add(1)
			}
		})
	}
	first := r.backup(dir)
	if first.New != first.Packs || first.Copied != first.Bytes || first.Commit == 0 {
		t.Errorf("the first: %+v", first)
	}
	r.put("between", []byte("between"))
	second := r.backup(dir)
	stop()
	group.Wait()
	if wrote.Load() == 0 {
		t.Fatal("nothing was written meanwhile: the test does not test that")
	}
	if second.New == second.Packs {
		t.Errorf("the second copied all packs: %+v", second)
	}
	check := func(from string, between bool) {
		t.Helper()
		q := r.restored(from)
		for p, want := range files {
			if got := q.read(p); !bytes.Equal(got, want) {
				t.Fatalf("%s is not what it was", p)
			}
			a, b := r.stat(p), q.stat(p)
			if a.ID != b.ID || a.ETag() != b.ETag() || !a.ModTime.Equal(b.ModTime) {
				t.Errorf("%s: %v %s, it was %v %s", p, b.ID, b.ETag(), a.ID, a.ETag())
			}
		}
		if a, b := r.stat("folder"), q.stat("folder"); a.ID != b.ID || a.ETag() == b.ETag() {
			t.Errorf("the folder: %s, it was %s", b.ETag(), a.ETag())
		}
		if _, err := q.s.Stat(t.Context(), q.sc, "between"); (err == nil) != between {
			t.Errorf("what came between the two: %v", err)
		}
		q.put("new", []byte("new"))
		q.clean()
	}
	check(first.Path, false)
	check(second.Path, true)
	check(dir, true) // the newest
	r.clean()

	// After a collection the packs that it wrote are new, and nothing else.
	r.forget()
	c := r.gc(store.GCOptions{Full: true})
	third := r.backup(dir)
	if third.Packs-third.New < 1 || c.Compacted == 0 {
		t.Errorf("after a collection: %+v, %+v", third, c)
	}
	check(third.Path, true)
	check(first.Path, false)
}

// Backups go to a folder of their own, and an earlier one outlives all that goes wrong.
func TestBackupRefused(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("f"))
	refused := func(dir string, want error) {
		t.Helper()
		if _, err := r.s.Backup(t.Context(), store.BackupOptions{Dir: dir}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", dir, err, want)
		}
	}
	refused(r.dir, store.ErrOccupied)
	refused(filepath.Join(r.dir, "backups"), store.ErrOccupied)
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "a file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(other, store.ErrOccupied)
	dir := t.TempDir()
	first := r.backup(dir)
	q := newRig(t)
	if _, err := q.s.Backup(t.Context(), store.BackupOptions{Dir: dir}); !errors.Is(err, store.ErrOccupied) {
		t.Errorf("another store's: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := r.s.Backup(ended, store.BackupOptions{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, ".partial", "packs", "01"), 0o700); err != nil {
		t.Fatal(err)
	}
	second := r.backup(dir)
	if second.Path <= first.Path {
		t.Errorf("%s, after %s", second.Path, first.Path)
	}
	if _, err := store.RestoreBackup(t.Context(), t.TempDir(), store.Options{Dir: filepath.Join(t.TempDir(), "x")}, nil); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("restored from nothing: %v", err)
	}
	if _, err := store.RestoreBackup(t.Context(), dir, store.Options{Dir: other}, nil); !errors.Is(err, store.ErrOccupied) {
		t.Errorf("restored over a file: %v", err)
	}
	if got := r.restored(dir).read("f"); string(got) != "f" {
		t.Errorf("restored: %q", got)
	}
}

// Two restores of one backup, with changes in between, have the same epoch.
func TestBackupRestoredTwice(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	r.mkdir("d")
	r.put("d/f", noise(1, 100))
	dir := filepath.Join(t.TempDir(), "backups")
	r.backup(dir)
	tag := func(n uint64) string {
		q := r.restored(dir)
		q.put("d/f", noise(n, 100))
		d, err := q.s.Stat(t.Context(), q.sc, "d")
		if err != nil {
			t.Fatal(err)
		}
		return d.ETag()
	}
	if one, two := tag(2), tag(3); one == two {
		t.Errorf("two contents of a folder have the tag %s", one)
	}
}

// Who was signed in when a backup was made is not when it is restored: that may have been
// ended since. And one process at a time restores to a folder.
func TestBackupRestored(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	users, err := r.s.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hash := r.session("browser", users[0])
	dir := filepath.Join(t.TempDir(), "backups")
	r.backup(dir)
	q := r.restored(dir)
	if q.alive(hash) || !r.alive(hash) {
		t.Error("a session of the backup is alive, or that of the store is not")
	}
	to := t.TempDir()
	lock, err := object.OS().Lock(filepath.Join(to, ".restoring.lock"))
	if err != nil {
		t.Fatal(err)
	}
	o := store.Options{Dir: to, UnsafeFS: true}
	if _, err := store.RestoreBackup(t.Context(), dir, o, nil); !errors.Is(err, store.ErrInUse) {
		t.Errorf("beside another: %v", err)
	}
	lock.Close()
	if _, err := store.RestoreBackup(t.Context(), dir, o, nil); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(to, ".restoring*")); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

// A folder of backups that is there may be one whose name an earlier process did not flush.
func TestBackupFlushesTheName(t *testing.T) {
	faults := object.NewFaults(object.OS())
	r := newRigOn(t, faults)
	r.put("f", []byte("f"))
	up := t.TempDir()
	r.backup(filepath.Join(up, "backups"))
	faults.Add(object.Rule{Op: object.OpSyncDir, Site: "store.makeDirectory"})
	if _, err := r.s.Backup(t.Context(), store.BackupOptions{Dir: filepath.Join(up, "backups")}); !errors.Is(err, object.ErrInjected) {
		t.Errorf("got %v", err)
	}
}
