package mount

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/test/rig"
)

// oddNames are names that a store takes and some program may not expect.
var oddNames = []string{
	"plain.txt", "with space", " begins with one", "ends with one ", "two  in the middle", "-rf", "--help", ".hidden", "...", "..x",
	"quote'single", `quote"double`, `back\slash`, "percent%41", "percent%", "hash#tag", "question?", "amp&", "semi;colon", "colon:", "star*", "pipe|",
	"less<greater>", "dollar$HOME", "`ticks`", "tab is refused", "equals=", "comma,", "plus+", "tilde~", "brackets[]{}()", "!bang", "@at", "^caret",
	"ä-composed", "a\u0308-decomposed", "日本語.txt", "عربى", "emoji 🗻.jpg", "zero\u200bwidth", "line\u2028separator", "\ufeffmark", "\ufffd",
	"files", "versions", "trash", "snapshots", "lost+found", "CON", "nul.txt", "a.tar.gz", "noext.", "2026-11-29T20-04-05Z-57.txt",
	strings.Repeat("x", 255), strings.Repeat("é", 127), strings.Repeat("𝄞", 63) + "abc",
}

// escaped is a path as it stands in an address.
func escaped(p string) string {
	parts := strings.Split(p, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// fill stores files, and returns what is in each.
func fill(t *testing.T, s *rig.Server) map[string]string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	sizes := []int{0, 1, 4095, 4096, 4097, 70_000, 131_072, 300_001}
	want := map[string]string{}
	put := func(p, content string) {
		s.Put(t, escaped(p), content)
		want[p] = content
	}
	for _, dir := range []string{"folder", "folder/deep er", "folder/deep er/ünder", "empty"} {
		s.Must(t, rig.Request{Method: "MKCOL", Path: escaped(dir)}, 201)
	}
	for i, name := range oddNames {
		put(name, strings.Repeat(name+"\n", 1+i%7))
		put("folder/deep er/"+name, noise(r, sizes[i%len(sizes)]))
	}
	for i := range 200 {
		put(fmt.Sprintf("folder/%03d.dat", i), noise(r, 100+r.IntN(6000)))
	}
	put("folder/film", noise(r, 9<<20+17))
	put("folder/deep er/ünder/table.csv", strings.Repeat("one line like all others\n", 400_000))
	return want
}

func noise(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := 0; i < n; i += 8 {
		for j, v := 0, r.Uint64(); j < 8 && i+j < n; j, v = j+1, v>>8 {
			b[i+j] = byte(v)
		}
	}
	return string(b)
}

// sameTree reads a folder and all below it, and compares it with what was stored.
func sameTree(t *testing.T, root string, want map[string]string) (seen map[string]fs.FileInfo) {
	t.Helper()
	seen = map[string]fs.FileInfo{}
	inodes := map[uint64]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		if old, taken := inodes[st.Ino]; taken {
			t.Errorf("%q and %q have the same inode number", old, p)
		}
		inodes[st.Ino] = p
		mode := fs.FileMode(0o444)
		if d.IsDir() {
			mode = fs.ModeDir | 0o555
		}
		if info.Mode() != mode || info.ModTime().Nanosecond() == 0 || time.Since(info.ModTime()).Abs() > time.Hour {
			t.Errorf("%q: mode %v, changed %v", p, info.Mode(), info.ModTime())
		}
		if d.IsDir() {
			return nil
		}
		rel, _ := filepath.Rel(root, p)
		seen[rel] = info
		content, stored := want[rel]
		if !stored {
			t.Errorf("%q was never stored", rel)
			return nil
		}
		got, err := os.ReadFile(p)
		if err != nil {
			t.Errorf("%q: %v", rel, err)
		} else if string(got) != content || info.Size() != int64(len(content)) {
			t.Errorf("%q: %d bytes (stat: %d), want %d: %x", rel, len(got), info.Size(), len(content), sha256.Sum256(got))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for _, p := range slices.Sorted(maps.Keys(want)) {
		if seen[p] == nil {
			t.Errorf("%q is not listed", p)
		}
	}
	return seen
}

// TestMount compares a tree with what was stored, through a server and without one.
func TestMount(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	want := fill(t, s)
	s.Put(t, "empty.txt", "")
	want["empty.txt"] = ""
	history := []string{"first", "the second one", "", "fourth"}
	for _, content := range append(history, "now") {
		s.Put(t, "folder/letter.odt", content)
	}
	want["folder/letter.odt"] = "now"
	s.Put(t, "folder/gone.txt", "was here")
	s.Must(t, rig.Request{Method: "DELETE", Path: "folder/gone.txt"}, 204)
	s.Must(t, rig.Request{Method: "MKCOL", Path: "old"}, 201)
	s.Put(t, "old/paper%20one", "inside")
	s.Must(t, rig.Request{Method: "DELETE", Path: "old"}, 204)
	s.AddUser("bob", "another password", 0)

	var of [2]map[string]fs.FileInfo
	for i, mode := range []string{"served", "alone"} {
		if mode == "alone" {
			s.Stop()
		}
		t.Run(mode, func(t *testing.T) {
			p := mount(t, s.Dir, "--user", rig.User)
			of[i] = sameTree(t, p.path("files"), want)
			if names := listed(t, p.at); !slices.Equal(names, []string{"files", "snapshots", "trash", "versions"}) {
				t.Errorf("the root holds %q", names)
			}
			if names := listed(t, p.path("files", "empty")); len(names) > 0 {
				t.Errorf("the empty folder holds %q", names)
			}
			showsHistory(t, p, history)
			showsTrash(t, p)
			nobodyWrites(t, p)
			notThere(t, p)
			p.stop()
		})
		t.Run(mode+"/all accounts", func(t *testing.T) {
			p := mount(t, s.Dir)
			if names := listed(t, p.at); !slices.Equal(names, []string{rig.User, "bob"}) {
				t.Errorf("the root holds %q", names)
			}
			if names := listed(t, p.path("bob", "files")); len(names) > 0 {
				t.Errorf("bob has %q", names)
			}
			got, err := os.ReadFile(p.path(rig.User, "files", "folder", "letter.odt"))
			if err != nil || string(got) != "now" {
				t.Errorf("%q, %v", got, err)
			}
			p.stop()
		})
	}
	for p, served := range of[0] {
		alone := of[1][p]
		if alone == nil || !alone.ModTime().Equal(served.ModTime()) || alone.Sys().(*syscall.Stat_t).Ino != served.Sys().(*syscall.Stat_t).Ino {
			t.Errorf("%q is not the same with and without a server", p)
		}
	}
}

func listed(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	for _, d := range list {
		names = append(names, d.Name())
	}
	return names
}

var versionName = regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d-\d\d-\d\dZ-\d+\.odt$`)

// showsHistory: what a file held before is in a folder of its name, the oldest first.
func showsHistory(t *testing.T, p *process, want []string) {
	t.Helper()
	dir := p.path("versions", "folder", "letter.odt")
	names := listed(t, dir)
	if len(names) != len(want) {
		t.Fatalf("%d older versions are shown, want %d: %q", len(names), len(want), names)
	}
	inodes := map[uint64]bool{}
	slices.SortFunc(names, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
	for i, name := range names {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want[i] || !versionName.MatchString(name) {
			t.Errorf("version %q: %q, %v; want %q", name, got, err, want[i])
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			inodes[info.Sys().(*syscall.Stat_t).Ino] = true
		}
	}
	if len(inodes) != len(want) {
		t.Errorf("%d versions have %d inode numbers", len(want), len(inodes))
	}
	if names := listed(t, p.path("versions", "plain.txt")); len(names) > 0 {
		t.Errorf("a file that was never overwritten has the versions %q", names)
	}
	if _, err := os.Stat(filepath.Join(dir, strings.Replace(names[0], "20", "19", 1))); !os.IsNotExist(err) {
		t.Errorf("a version by another name: %v", err)
	}
}

// showsTrash: each removal is a folder that holds what was removed.
func showsTrash(t *testing.T, p *process) {
	t.Helper()
	found := map[string]string{}
	for _, removal := range listed(t, p.path("trash")) {
		err := filepath.WalkDir(p.path("trash", removal), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			rel, _ := filepath.Rel(p.path("trash", removal), path)
			found[rel] = string(content)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if want := map[string]string{"gone.txt": "was here", "old/paper one": "inside"}; !maps.Equal(found, want) {
		t.Errorf("the trash holds %q, want %q", found, want)
	}
}

// nobodyWrites: the file system is read-only, also for root.
func nobodyWrites(t *testing.T, p *process) {
	t.Helper()
	file, dir := p.path("files", "plain.txt"), p.path("files", "folder")
	_, err := os.OpenFile(file, os.O_WRONLY, 0)
	failsWith(t, "open for writing", err, syscall.EROFS)
	_, err = os.OpenFile(filepath.Join(dir, "new"), os.O_CREATE|os.O_WRONLY, 0o600)
	failsWith(t, "create", err, syscall.EROFS)
	failsWith(t, "truncate", os.Truncate(file, 0), syscall.EROFS)
	failsWith(t, "remove", os.Remove(file), syscall.EROFS)
	failsWith(t, "mkdir", os.Mkdir(filepath.Join(dir, "new"), 0o700), syscall.EROFS)
	failsWith(t, "rename", os.Rename(file, file+"2"), syscall.EROFS)
	failsWith(t, "chmod", os.Chmod(file, 0o600), syscall.EROFS)
	failsWith(t, "chtimes", os.Chtimes(file, time.Now(), time.Now()), syscall.EROFS)
	failsWith(t, "link", os.Link(file, file+"2"), syscall.EROFS)
	failsWith(t, "symlink", os.Symlink(file, file+"2"), syscall.EROFS)
}

// notThere: names are found byte for byte.
func notThere(t *testing.T, p *process) {
	t.Helper()
	for _, name := range []string{"PLAIN.TXT", "a\u0308-composed", "ä-decomposed", "plain.txt ", "new\nline", "\xff", strings.Repeat("y", 255)} {
		if _, err := os.Stat(p.path("files", name)); !os.IsNotExist(err) {
			t.Errorf("%q: %v", name, err)
		}
	}
	_, err := os.Stat(p.path("files", strings.Repeat("y", 256)))
	failsWith(t, "a long name", err, syscall.ENAMETOOLONG)
	_, err = os.ReadFile(p.path("files", "plain.txt", "below"))
	failsWith(t, "below a file", err, syscall.ENOTDIR)
	_, err = os.ReadFile(p.path("files", "folder"))
	failsWith(t, "read a folder", err, syscall.EISDIR)
}
