package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/store"
)

// tornRig has packs that are not sealed yet, and returns the one that holds a content of
// several chunks.
func tornRig(t *testing.T, small bool) (r *rig, broken []byte, pack string) {
	t.Helper()
	r = newRig(t)
	broken = noise(1, 300_000)
	if !small {
		broken = noise(1, 9<<20) // in a lane of its own, which the next one gets
	}
	u, err := r.s.CreateUpload(t.Context(), r.sc, store.UploadSpec{Path: "broken", Size: 20 << 20})
	if err == nil {
		_, err = r.s.AppendUpload(t.Context(), r.sc, u.ID, 0, 0, bytes.NewReader(broken))
	}
	if err == nil {
		err = r.s.DropUpload(t.Context(), r.sc, u.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.put("kept", noise(2, len(broken)))
	r.put("newest", []byte("newest"))
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		if data, err := os.ReadFile(p); err == nil && bytes.Contains(data, broken[1000:1100]) {
			return r, broken, p
		}
	}
	t.Fatal("no pack holds what a broken upload brought")
	return
}

// spoil changes bytes of the pack that follow what.
func spoil(t *testing.T, pack string, what []byte) []byte {
	t.Helper()
	data, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, what)
	if at < 0 {
		t.Fatal("it is not there")
	}
	data[at] ^= 1
	if err := os.WriteFile(pack, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return data
}

// Records that are lost between others, and that nothing refers to, are writes that a
// crash cut off: verify makes a note of it, and the next start a whole pack.
func TestTornInFlight(t *testing.T) {
	for _, small := range []bool{true, false} {
		r, broken, pack := tornRig(t, small)
		spoil(t, pack, broken[1000:1100])
		if found := r.verify(true); len(found) > 0 {
			t.Errorf("small %v: before the start: %v", small, found)
		}
		r.open()
		r.clean()
		for name, want := range map[store.Path][]byte{"kept": noise(2, len(broken)), "newest": []byte("newest")} {
			if got := r.read(name); !bytes.Equal(got, want) {
				t.Errorf("small %v: %s is not what was written", small, name)
			}
		}
		if err := r.s.Close(); err != nil {
			t.Fatal(err)
		}
		if found := r.verify(true); len(found) > 0 {
			t.Errorf("small %v: after it: %v", small, found)
		}
		for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
			os.Remove(filepath.Join(r.dir, name))
		}
		r.open()
		if got := r.read("kept"); !bytes.Equal(got, noise(2, len(broken))) {
			t.Errorf("small %v: without the database, kept is not what was written", small)
		}
	}
}

// Damage of what was acknowledged is never mended away, even if only commits in other
// packs tell that it was.
func TestRotIsNotMended(t *testing.T) {
	for _, small := range []bool{true, false} {
		for _, rebuilt := range []bool{false, true} {
			r, broken, pack := tornRig(t, small)
			data := spoil(t, pack, noise(2, len(broken))[1000:1100])
			if rebuilt {
				for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
					os.Remove(filepath.Join(r.dir, name))
				}
			}
			complains := func(when string) {
				for _, f := range r.verify(true) {
					if strings.Contains(f.What, "records are lost") {
						return
					}
				}
				t.Errorf("small %v, rebuilt %v: %s start verify does not tell of the pack", small, rebuilt, when)
			}
			complains("before the")
			for range 2 {
				r.open()
				if got, err := readAll(r.s, r.sc, "kept"); err == nil {
					t.Errorf("small %v, rebuilt %v: %d bytes are read", small, rebuilt, len(got))
				} else if !errors.Is(err, store.ErrCorrupt) {
					t.Errorf("small %v, rebuilt %v: %v", small, rebuilt, err)
				}
				if got := r.read("newest"); string(got) != "newest" {
					t.Errorf("small %v, rebuilt %v: %q", small, rebuilt, got)
				}
				if err := r.s.Close(); err != nil {
					t.Fatal(err)
				}
				if now, err := os.ReadFile(pack); err != nil || !bytes.Equal(now, data) {
					t.Errorf("small %v, rebuilt %v: the pack was changed (%v)", small, rebuilt, err)
				}
			}
			complains("after the")
		}
	}
}

// The same for bytes of an unfinished upload, which only its row refers to.
func TestRotOfATailIsNotMended(t *testing.T) {
	r := newRig(t)
	c := noise(3, 900_000)
	u, err := r.s.CreateUpload(t.Context(), r.sc, store.UploadSpec{Path: "up", Size: int64(len(c))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.AppendUpload(t.Context(), r.sc, u.ID, 0, 0, bytes.NewReader(c[:300_000])); err != nil {
		t.Fatal(err)
	}
	r.put("newest", []byte("newest"))
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	packs, _ := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	for _, p := range packs {
		if data, err := os.ReadFile(p); err == nil && bytes.Contains(data, c[1000:1100]) {
			want := spoil(t, p, c[1000:1100])
			r.open()
			r.s.Close()
			if now, err := os.ReadFile(p); err != nil || !bytes.Equal(now, want) {
				t.Errorf("the pack was changed (%v)", err)
			}
		}
	}
	if found := r.verify(true); len(found) == 0 {
		t.Error("verify finds nothing")
	}
}

// A commit that is lost between others is damage, whatever its rows are now.
func TestLostCommitIsNotMended(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.put("same", []byte("one content"))
	}
	r.mkdir("a-very-special-name")
	r.mkdir("another-name")
	if err := r.s.Remove(t.Context(), r.sc, "a-very-special-name", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	packs, _ := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	data := spoil(t, packs[0], []byte("a-very-special-name"))
	r.open()
	r.s.Close()
	if now, err := os.ReadFile(packs[0]); err != nil || !bytes.Equal(now, data) {
		t.Errorf("the pack was changed (%v)", err)
	}
	if found := r.verify(true); len(found) == 0 {
		t.Error("verify finds nothing")
	}
}

// dropDatabase has the next start read all packs.
func dropDatabase(r *rig) {
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
		os.Remove(filepath.Join(r.dir, name))
	}
}

// A commit that is the first of its pack has none before it there: the others tell that it
// is missing.
func TestLostFirstCommitIsNotMended(t *testing.T) {
	r := newRig(t)
	r.reopen() // from now on in another pack
	r.mkdir("a-very-special-name")
	r.mkdir("another-name")
	if err := r.s.Remove(t.Context(), r.sc, "a-very-special-name", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	packs, _ := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	for _, p := range packs {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(data, []byte("a-very-special-name"))
		if at < 0 {
			continue
		}
		// All before it too, such as what tells of the first pack.
		for i := 4096; i <= at; i += 64 {
			data[i] ^= 1
		}
		data[at] ^= 1
		os.WriteFile(p, data, 0o600)
		r.open()
		r.s.Close()
		if now, err := os.ReadFile(p); err != nil || !bytes.Equal(now, data) {
			t.Errorf("the pack was changed (%v)", err)
		}
	}
	if found := r.verify(true); len(found) == 0 {
		t.Error("verify finds nothing")
	}
}

// The newest commit refers to a record that was lost, so it is left out. It is left out
// again if the machine stops when the pack is mended and nothing else is written.
func TestPadsAreNotContent(t *testing.T) {
	r := newRig(t)
	r.put("older", noise(1, 5000))
	c := noise(2, 5000)
	r.put("newest", c)
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	packs, _ := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	spoil(t, packs[0], c[1000:1100])
	for range 2 {
		dropDatabase(r)
		if found := r.verify(true); len(found) > 0 && !strings.Contains(found[0].What, "missing") {
			t.Error(found)
		}
		r.open()
		if _, err := r.s.Stat(t.Context(), r.sc, "newest"); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("a file whose content is lost is there: %v", err)
		}
		if got := r.read("older"); !bytes.Equal(got, noise(1, 5000)) {
			t.Error("older is not what was written")
		}
		if err := r.s.Close(); err != nil {
			t.Fatal(err)
		}
		all, _ := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
		for _, p := range all {
			if p != packs[0] {
				os.Remove(p) // as if it had not been written yet
			}
		}
	}
}
