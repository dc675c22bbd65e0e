package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"cairn/store"
	"cairn/store/meta"
	"cairn/store/object"
)

// The newest commit counts only if all that it refers to is there, and its own batch may
// have made some of that dead. So something newer comes before anything goes.
func TestGCKeepsTheNewestCommit(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	for i := range 4 {
		r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), 400_000))
	}
	r.put("f1", []byte("small"))
	r.put("kept", []byte("kept"))
	r.gc(store.GCOptions{Full: true}) // a checkpoint, and no open packs
	n, err := r.s.ForgetForTest(t.Context(), r.sc, func(tx *meta.Tx, v store.Version) (err error) {
		return tx.Apply(&meta.PutVersion{Version: v})
	})
	if err != nil || n != 1 {
		t.Fatalf("%d versions, %v", n, err)
	}
	if c := r.gc(store.GCOptions{Full: true}); c.Compacted == 0 {
		t.Fatalf("nothing was compacted: %+v", c)
	}
	r.wantRebuilt(map[store.Path][]byte{"f1": []byte("small"), "kept": []byte("kept")})
	if n := r.versions("f1"); n != 0 {
		t.Errorf("%d older versions are back", n)
	}
}

// What a database that is older than the checkpoint lacks is made from that.
func TestGCOlderDatabase(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	r.put("old", []byte("old"))
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	older, err := os.ReadFile(filepath.Join(r.dir, "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	r.open()
	files := map[store.Path][]byte{"old": []byte("old")}
	for i := range 150 {
		p := store.Path(fmt.Sprintf("f%d", i))
		files[p] = noise(uint64(i), 5_000)
		r.put(p, files[p])
	}
	if c := r.gc(store.GCOptions{Full: true}); c.Checkpoint == 0 {
		t.Fatalf("no checkpoint: %+v", c)
	}
	r.put("new", []byte("new"))
	files["new"] = []byte("new")
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "meta.db"), older, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.verify(true) {
		t.Logf("before the start: %v", f)
	}
	r.open()
	for p, want := range files {
		if got := r.read(p); !bytes.Equal(got, want) {
			t.Errorf("%s is not what it was", p)
		}
	}
	r.clean()
}

// A process that dies between the rename of a compaction and the flush of the folder
// leaves a name that a loss of power may take back: the next start makes it durable
// before it tells the database of it.
func TestGCKilledBeforeTheFlush(t *testing.T) {
	for seed := range uint64(20) {
		disk, scopes := simTemplate()
		m := &simMachine{tmp: simTmp(t), clock: newSimClock()}
		m.swap(disk.Clone(seed))
		faults := object.NewFaults(m.disk)
		m.fs = faults
		if err := m.open(simParams{pack: 64 << 10}); err != nil {
			t.Fatal(err)
		}
		r := &rig{t: t, s: m.s, sc: scopes[0]}
		for i := range 12 {
			r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), 20_000))
		}
		r.put("f3", nil)
		r.forget()
		faults.Add(object.Rule{Op: object.OpSyncDir, Site: "pack.(*Set).Compact"})
		if c, err := m.s.GC(t.Context(), store.GCOptions{Full: true}); err == nil {
			t.Fatalf("seed %d: the folder was not flushed: %+v", seed, c)
		}
		m.disk.Off()
		m.close()
		m.swap(m.disk.Kill())
		if err := m.open(simParams{pack: 64 << 10}); err != nil {
			t.Fatal(err)
		}
		m.disk.Off()
		m.close()
		m.swap(m.disk.Crash(rand.New(rand.NewPCG(seed, 9))))
		if err := m.open(simParams{pack: 64 << 10}); err != nil {
			t.Fatal(err)
		}
		found, err := verifyDisk(m.disk, "/srv/data", true)
		if err != nil || len(found) > 0 {
			t.Fatalf("seed %d: %v, %v", seed, found, err)
		}
		m.close()
	}
}

// An older database, and packs in which some of the commits that it lacks have stayed,
// beside what is needed, and others have gone: the checkpoint has them all.
func TestGCOlderDatabaseSomeCommitsStayed(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	r.put("first", noise(1, 100))
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(r.dir, "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	r.open()
	for i := range 60 { // packs that are full of what is needed
		r.put(store.Path(fmt.Sprint("f", i)), noise(uint64(i), 40_000))
	}
	for i := range 6000 { // and packs with nothing but commits
		r.mkdir(store.Path(fmt.Sprint("d", i)))
	}
	for i := range 60 {
		r.put(store.Path(fmt.Sprint("g", i)), noise(uint64(1000+i), 40_000))
	}
	c := r.gc(store.GCOptions{})
	if c.Checkpoint == 0 || c.Dropped+c.Compacted == 0 {
		t.Fatal("nothing was collected")
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{"-wal", "-shm"} {
		os.Remove(filepath.Join(r.dir, "meta.db"+e))
	}
	if err := os.WriteFile(filepath.Join(r.dir, "meta.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	r.open()
	if got := r.read("g59"); !bytes.Equal(got, noise(1059, 40_000)) {
		t.Error("a file is not what it was")
	}
	r.clean()
}

// After a flush of the database that failed nobody knows what it holds: no changes are
// taken, and the next start makes it again from the packs.
func TestFailedFlushOfTheDatabase(t *testing.T) {
	faults := object.NewFaults(object.OS())
	r := newRigWith(t, faults, 256<<10)
	files := map[store.Path][]byte{}
	for i := range 40 {
		p := store.Path(fmt.Sprintf("f%d", i))
		files[p] = noise(uint64(i), 20_000)
		r.put(p, files[p])
	}
	for i := range 20 {
		p := store.Path(fmt.Sprintf("f%d", i))
		files[p] = nil
		r.put(p, nil)
	}
	r.forget()
	faults.Add(object.Rule{Op: object.OpSync, Path: "meta.db-wal"})
	if _, err := r.s.GC(t.Context(), store.GCOptions{Full: true}); err == nil {
		t.Fatal("no error")
	}
	faults.Clear()
	if r.s.Ready() == nil {
		t.Error("changes are taken")
	}
	if got := r.read("f30"); !bytes.Equal(got, files["f30"]) {
		t.Error("nothing can be read any more")
	}
	if err := r.s.Close(); err != nil {
		t.Log(err)
	}
	// What SQLite wrote when it was closed may be anything.
	if err := os.WriteFile(filepath.Join(r.dir, "meta.db"), noise(1, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	r.open()
	for p, want := range files {
		if got := r.read(p); !bytes.Equal(got, want) {
			t.Errorf("%s is not what it was", p)
		}
	}
	r.gc(store.GCOptions{Full: true})
	r.clean()
	r.reopen()
	if left, _ := filepath.Glob(filepath.Join(r.dir, "*suspect*")); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}
