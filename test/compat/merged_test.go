package compat

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/test/rig"
)

// TestMerged has packs that lie together in merged objects, and damages these.
func TestMerged(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	// Each end of the server seals its packs, and gc puts small ones together.
	life := func(round int) {
		t.Helper()
		for i := range 4 {
			s.Put(t, fmt.Sprintf("small-%d-%d.txt", round, i), fmt.Sprintf("file %d of %d", i, round))
		}
		s.Put(t, fmt.Sprintf("blocks-%d.bin", round), string(draw(t, noise(byte(round), 200_001))))
		s.Put(t, fmt.Sprintf("zeros-%d.jpg", round), "\xff\xd8\xff"+string(make([]byte, 30_000))+"end")
		s.Put(t, fmt.Sprintf("log-%d.txt", round), record(50_000+round))
		s.Put(t, "written-over.txt", fmt.Sprintf("version %d", round))
		if round > 0 {
			s.Must(t, rig.Request{Method: "DELETE", Path: fmt.Sprintf("small-%d-3.txt", round-1)}, 204)
		}
	}
	gc := func() {
		t.Helper()
		out, err := s.Cairn("", "gc", "--full")
		if err != nil {
			t.Fatalf("cairn gc: %v\n%s", err, out)
		}
		t.Logf("cairn gc: %s", out)
	}
	var want map[string]file
	see := func() {
		t.Helper()
		want = map[string]file{}
		walk(t, s, [2]string{rig.User, rig.Password}, "", want)
		s.Stop()
	}
	for round := range 6 {
		if round > 0 {
			s.Restart()
		}
		life(round)
		see()
	}
	compare(t, s.Dir, want, "")
	before := filepath.Join(t.TempDir(), "packs")
	copyTo(t, before, filepath.Join(s.Dir, "packs"))
	gc()
	objects := merged(t, s.Dir)
	if len(objects) == 0 {
		t.Fatal("there is no merged object")
	}
	if says := compare(t, s.Dir, want, ""); !strings.Contains(says, "generation 1, ") || !strings.Contains(says, " records, in object ") {
		t.Error("no pack counts that is in an object")
	}
	t.Run("packs left over", func(t *testing.T) { leftOver(t, s.Dir, before, want) })
	damaged(t, s.Dir, objects[0], want)

	// Packs leave the objects for others, or for good.
	drop := func(names ...string) {
		t.Helper()
		for _, name := range names {
			s.Must(t, rig.Request{Method: "DELETE", Path: name}, 204)
		}
	}
	prune := func() {
		t.Helper()
		if out, err := s.Cairn("", "prune", "--keep-trash", "0", "--keep-version-count", "1", "--keep-minimum", "0s"); err != nil {
			t.Fatalf("cairn prune: %v\n%s", err, out)
		}
	}
	for round := 6; round < 10; round++ {
		s.Restart()
		life(round)
		n := round - 6
		drop(fmt.Sprintf("small-%d-0.txt", n), fmt.Sprintf("blocks-%d.bin", n), fmt.Sprintf("zeros-%d.jpg", n))
		see()
	}
	prune()
	compare(t, s.Dir, want, "")
	before = filepath.Join(t.TempDir(), "packs")
	copyTo(t, before, filepath.Join(s.Dir, "packs"))
	gc()
	if len(merged(t, s.Dir)) == 0 {
		t.Error("there is no merged object any more")
	}
	compare(t, s.Dir, want, "")
	t.Run("objects left over", func(t *testing.T) { leftOver(t, s.Dir, before, want) })

	// All that one pack still holds, and some of what another does.
	s.Restart()
	drop("small-1-1.txt", "small-1-2.txt", "log-1.txt", "blocks-5.bin")
	see()
	prune()
	before = filepath.Join(t.TempDir(), "packs")
	copyTo(t, before, filepath.Join(s.Dir, "packs"))
	gc()
	merged(t, s.Dir)
	compare(t, s.Dir, want, "")
	t.Run("packs forgotten", func(t *testing.T) {
		if says := leftOver(t, s.Dir, before, want); strings.Contains(says, ", 0 forgotten") {
			t.Error("no pack is forgotten")
		}
	})
	s.Check("--deep")
	if out, err := s.Cairn("", "rebuild"); err != nil {
		t.Fatalf("cairn rebuild: %v\n%s", err, out)
	}
	compare(t, s.Dir, want, "")
	s.Check("--deep")
}

// copyTo copies all that is in a folder, but for what is there already.
func copyTo(t *testing.T, to, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		name := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(name, 0o700)
		}
		if _, err := os.Stat(name); err == nil {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(name, text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// leftOver has the reader look at a copy of a data folder in which all files of an earlier
// state are there too, as after a crash of gc before it deleted them. It returns what the
// check says.
func leftOver(t *testing.T, dir, before string, want map[string]file) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), "data")
	copyTo(t, filepath.Join(other, "packs"), filepath.Join(dir, "packs"))
	copyTo(t, filepath.Join(other, "packs"), before)
	says := compare(t, other, want, "")
	if !strings.Contains(says, ", left over in ") {
		t.Error("nothing is left over")
	}
	return says
}

// merged is the names of the merged objects below packs/, with their folders.
func merged(t *testing.T, dir string) []string {
	t.Helper()
	root := filepath.Join(dir, "packs")
	names, err := fs.Glob(os.DirFS(root), "*/*.packs")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(root, name)); err == nil {
			t.Logf("%s has %d bytes", name, info.Size())
		}
	}
	return names
}

// damaged has the reader look at copies of a data folder with one other byte in an object.
func damaged(t *testing.T, dir, object string, want map[string]file) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "packs", object))
	if err != nil {
		t.Fatal(err)
	}
	size := len(text)
	directory := int(binary.LittleEndian.Uint64(text[size-48:]))
	var id uint64
	fmt.Sscanf(filepath.Base(object), "%x.packs", &id)
	name := fmt.Sprintf("object %d: ", id)
	type place struct {
		what   string
		at     int
		damage string
		whole  bool // all can still be read
	}
	places := []place{
		{"header", 20, name + "header: ", true},
		{"reserved in the header", 100, name + "header: ", true},
		{"head", 128 + 16, "head: ", false},
		{"directory", directory + 20, name + "directory: ", true},
		{"end of the directory", size - 65, name + "directory: ", true},
		{"trailer", size - 60, name + "trailer: ", true},
		{"end of the trailer", size - 1, name + "trailer: ", true},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		places = append(places, place{"block", 128 + rng.IntN(directory-128), "", false})
	}
	for _, p := range places {
		t.Run(p.what, func(t *testing.T) {
			other := filepath.Join(t.TempDir(), "data")
			copyTo(t, filepath.Join(other, "packs"), filepath.Join(dir, "packs"))
			changed := slices.Clone(text)
			changed[p.at] ^= 1 << rng.IntN(8)
			if err := os.WriteFile(filepath.Join(other, "packs", object), changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if p.whole {
				compare(t, other, want, p.damage)
				return
			}
			out, _, err := second(t, other, "check")
			if err == nil || !strings.Contains(out, "damage: ") || !strings.Contains(out, p.damage) {
				t.Errorf("byte %d of %d: %v\n%s", p.at, size, err, out)
			}
		})
	}
}
