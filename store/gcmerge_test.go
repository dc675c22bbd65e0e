package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/store"
)

// packFiles counts the files of packs, and those that hold many.
func (r *rig) packFiles() (all, merged int) {
	r.t.Helper()
	err := filepath.WalkDir(filepath.Join(r.dir, "packs"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all++
			if strings.HasSuffix(path, ".packs") {
				merged++
			}
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all, merged
}

// littlePacks makes n packs of a few files each: the server is restarted often.
func (r *rig) littlePacks(n int, files map[store.Path][]byte) {
	r.t.Helper()
	for i := range n {
		for j := range 3 {
			p := store.Path(fmt.Sprintf("f%d-%d", i, j))
			files[p] = noise(uint64(i*10+j), 200+1000*j)
			r.put(p, files[p])
		}
		r.reopen()
	}
}

func (r *rig) wantFiles(files map[store.Path][]byte) {
	r.t.Helper()
	for p, want := range files {
		if got := r.read(p); !bytes.Equal(got, want) {
			r.t.Fatalf("%s is not what it was: %d bytes", p, len(got))
		}
	}
	r.clean()
}

// What is left in many packs shares an object. It reads, is verified, scrubbed, backed up and
// made again from the packs as before, and its space comes back too.
func TestGCMerges(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	files := map[store.Path][]byte{}
	r.littlePacks(12, files)
	before, _ := r.packFiles()
	c := r.gc(store.GCOptions{})
	all, merged := r.packFiles()
	if c.Merged < 10 || merged != 1 || all > 3 || before < 12 {
		t.Errorf("%d files of packs, %d merged, before %d; %+v", all, merged, before, c)
	}
	r.wantFiles(files)
	r.reopen()
	r.wantFiles(files)
	if s, err := r.s.Scrub(t.Context(), store.ScrubOptions{}); err != nil || s.Damaged > 0 || len(s.Unread) > 0 {
		t.Errorf("scrub: %+v, %v", s, err)
	}
	if again := r.gc(store.GCOptions{}); again.Merged > 0 {
		t.Errorf("merged once more: %+v", again)
	}

	dir := filepath.Join(t.TempDir(), "backups")
	first := r.backup(dir)
	second := r.backup(dir)
	if first.New != first.Packs || second.New >= 3 || second.Packs != first.Packs {
		t.Errorf("backups: %+v, %+v", first, second)
	}
	q := r.restored(dir)
	q.wantFiles(files)
	if _, merged := q.packFiles(); merged != 1 {
		t.Errorf("%d merged objects are restored", merged)
	}

	// The same content again takes nothing: it is found in the object.
	had := r.stored()
	for p, content := range files {
		r.put("again-"+p, content)
	}
	if more := r.stored() - had; more > 128<<10 {
		t.Errorf("%d bytes more for what is there", more)
	}
	for p := range files {
		r.put("again-"+p, nil)
	}

	// Half of what it holds goes, then all.
	rng := rand.New(rand.NewPCG(1, 2))
	for p := range files {
		if rng.IntN(3) > 0 {
			r.put(p, nil) // from now on only a version has it
			files[p] = nil
		}
	}
	r.forget()
	c = r.gc(store.GCOptions{})
	r.wantSpace(c, 1.3)
	if c.Merged == 0 {
		t.Errorf("an object of which little is needed stays: %+v", c)
	}
	r.wantFiles(files)
	r.wantRebuilt(files)
	for p := range files {
		r.put(p, nil)
		files[p] = nil
	}
	r.forget()
	c = r.gc(store.GCOptions{Full: true})
	r.wantSpace(c, 1.05)
	if _, merged := r.packFiles(); merged > 1 { // commits, that is
		t.Errorf("%d merged objects for nothing", merged)
	}
	r.reopen()
	r.clean()
}

// Objects of few packs become one, so that there are never many.
func TestGCMergesObjects(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	files := map[store.Path][]byte{}
	for i := range 12 {
		part := map[store.Path][]byte{}
		r.littlePacks(5, part)
		for p, c := range part {
			q := store.Path(fmt.Sprintf("r%d-%s", i, p))
			r.move(p, q)
			files[q] = c
		}
		r.gc(store.GCOptions{})
		if _, merged := r.packFiles(); merged > 9 {
			t.Fatalf("%d merged objects", merged)
		}
	}
	r.wantFiles(files)
	r.gc(store.GCOptions{Full: true})
	if all, merged := r.packFiles(); merged != 1 || all > 4 {
		t.Errorf("%d files of packs, %d merged objects", all, merged)
	}
	r.wantRebuilt(files)
}
