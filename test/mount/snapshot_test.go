package mount

import (
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"cairn/test/rig"
)

// snapshot runs `cairn snapshot`.
func snapshot(t *testing.T, s *rig.Server, args ...string) {
	t.Helper()
	if out, err := s.Cairn("", append([]string{"snapshot"}, args...)...); err != nil {
		t.Fatalf("cairn snapshot %q: %v\n%s", args, err, out)
	}
}

// sameTimes compares sizes and times with those that a tree had.
func sameTimes(t *testing.T, got, want map[string]fs.FileInfo) {
	t.Helper()
	for p, w := range want {
		if g := got[p]; g == nil || !g.ModTime().Equal(w.ModTime()) || g.Size() != w.Size() {
			t.Errorf("%q has another time or size than it had", p)
		}
	}
}

// TestSnapshots compares what snapshots show with what was there, whatever happened since:
// changes, removals, and when all was deleted for good.
func TestSnapshots(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	want := fill(t, s)
	p := mount(t, s.Dir, "--user", rig.User)
	before := sameTree(t, p.path("files"), want)
	if names := listed(t, p.path("snapshots")); len(names) > 0 {
		t.Errorf("there are the snapshots %q", names)
	}
	const first = "before the move, e\u0301"
	snapshot(t, s, rig.User, first)
	if !rig.Poll(rig.Patience, func() bool { _, err := os.Stat(p.path("snapshots", first)); return err == nil }) {
		t.Fatal("a snapshot made while it is mounted is not shown")
	}
	later := maps.Clone(want)
	for _, name := range []string{"folder/film", "plain.txt"} {
		s.Put(t, name, "something else")
		later[name] = "something else"
	}
	s.Put(t, "new", "new")
	later["new"] = "new"
	// Moved over another, and deleted with all below it.
	s.Must(t, rig.Request{Method: "MOVE", Path: "folder/001.dat", Header: map[string]string{"Destination": s.DAV + "folder/000.dat"}}, 204)
	later["folder/000.dat"] = want["folder/001.dat"]
	delete(later, "folder/001.dat")
	s.Must(t, rig.Request{Method: "DELETE", Path: escaped("folder/deep er")}, 204)
	maps.DeleteFunc(later, func(name, _ string) bool { return strings.HasPrefix(name, "folder/deep er/") })
	s.AddUser("bob", "another password", 0)
	s.Must(t, rig.Request{Method: "PUT", Path: "his", Body: "his", User: "bob", Password: "another password"}, 201)
	for _, who := range []string{rig.User, "bob"} {
		snapshot(t, s, who, "second")
	}
	shows := func(t *testing.T, p *process) {
		t.Helper()
		if names := listed(t, p.path("snapshots")); !slices.Equal(names, []string{first, "second"}) {
			t.Errorf("there are the snapshots %q", names)
		}
		sameTimes(t, sameTree(t, p.path("snapshots", first), want), before)
		sameTree(t, p.path("snapshots", "second"), later)
		for _, name := range []string{"before the move, \u00e9", "third", "", "x/y", strings.Repeat("y", 255)} {
			if _, err := os.Lstat(p.path("snapshots", name, ".", "plain.txt")); !os.IsNotExist(err) {
				t.Errorf("a snapshot %q: %v", name, err)
			}
		}
		_, err := os.OpenFile(p.path("snapshots", first, "plain.txt"), os.O_WRONLY, 0)
		failsWith(t, "open for writing", err, syscall.EROFS)
		failsWith(t, "remove", os.Remove(p.path("snapshots", first)), syscall.EROFS)
		_, err = os.ReadDir(p.path("snapshots", first, "plain.txt"))
		failsWith(t, "list a file", err, syscall.ENOTDIR)
	}
	shows(t, p)
	p.stop()
	s.Stop()
	t.Run("alone", func(t *testing.T) {
		p := mount(t, s.Dir, "--user", rig.User)
		shows(t, p)
		p.stop()
		p = mount(t, s.Dir)
		for who, want := range map[string]string{rig.User: "new", "bob": "his"} {
			if got, err := os.ReadFile(p.path(who, "snapshots", "second", want)); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v", who, got, err)
			}
		}
		if names := listed(t, p.path("bob", "snapshots")); !slices.Equal(names, []string{"second"}) {
			t.Errorf("bob has the snapshots %q", names)
		}
		p.stop()
	})
	// What nothing else keeps any more.
	s.Restart()
	s.Must(t, rig.Request{Method: "DELETE", Path: "folder"}, 204)
	s.Stop()
	out, err := s.Cairn("", "prune", "--keep-versions=0", "--keep-trash=0", "--keep-minimum=0")
	if err != nil || strings.Contains(out, "and 0 entries") {
		t.Fatalf("prune: %v, %s", err, out)
	}
	t.Run("deleted for good, alone", func(t *testing.T) {
		p := mount(t, s.Dir, "--user", rig.User)
		shows(t, p)
		p.stop()
	})
	s.Restart()
	t.Run("deleted for good, served", func(t *testing.T) {
		p := mount(t, s.Dir, "--user", rig.User)
		shows(t, p)
		p.stop()
	})
}

// TestSnapshotDropped: what is looked up in a snapshot that was dropped is not there; who has
// a file of it open reads on as long as anybody keeps it.
func TestSnapshotDropped(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	content := noise(rand.New(rand.NewPCG(21, 22)), 9<<20)
	s.Must(t, rig.Request{Method: "MKCOL", Path: "d"}, 201)
	s.Put(t, "d/file", content)
	s.Put(t, "d/other", "other")
	snapshot(t, s, rig.User, "it")
	s.Put(t, "d/file", "now")
	p := mount(t, s.Dir, "--user", rig.User)
	f, err := os.Open(p.path("snapshots", "it", "d", "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir, err := os.Open(p.path("snapshots", "it", "d"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	before, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1<<20)
	if _, err := io.ReadFull(f, got); err != nil {
		t.Fatal(err)
	}
	snapshot(t, s, rig.User, "--drop", "it")
	for _, name := range []string{"", "d", "d/file", "d/other"} {
		if !rig.Poll(rig.Patience, func() bool { _, err := os.Stat(p.path("snapshots", "it", name)); return os.IsNotExist(err) }) {
			t.Errorf("%q is still there", name)
		}
	}
	if names := listed(t, p.path("snapshots")); len(names) > 0 {
		t.Errorf("there are the snapshots %q", names)
	}
	_, err = dir.Readdirnames(-1)
	failsWith(t, "listing a folder of it", err, syscall.ENOENT)
	rest, err := io.ReadAll(f)
	if err != nil || string(got)+string(rest) != content {
		t.Errorf("the open file ends with %d other bytes (%v)", len(rest), err)
	}
	if after, err := f.Stat(); err != nil || !after.ModTime().Equal(before.ModTime()) || after.Size() != before.Size() {
		t.Errorf("stat of the open file: %v", err)
	}
	// Another one of the same name is another one.
	snapshot(t, s, rig.User, "it")
	if !rig.Poll(rig.Patience, func() bool {
		got, err := os.ReadFile(p.path("snapshots", "it", "d", "file"))
		return err == nil && string(got) == "now"
	}) {
		t.Error("the next one is not shown")
	}
}
