package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
)

// treeFiles is how many files the round trip has, odd names and deep folders aside.
var treeFiles = flag.Int("tree-files", 2000, "files of the round trip of export and import")

// oddNames are names that Cairn holds and that programs trip over, no two of them the
// same to it.
func oddNames() []string {
	names := []string{" ", "  two  ", "...", ".hidden", "..x", "trailing.", "trailing ", "~", "-rf", "--user", "%2F", "%", "#", "a#b?c", "*", "\\", "a\\b",
		"C:", "con", "NUL.txt", "Foo", "foo", "FOO", "$(x)", "`x`", "'", "\"", "|", "a;b", "&", "😀", "👩‍👩‍👧", "日本語", "עברית", "a\u202eb", "\u200b", "\ufeff",
		"Cafe\u0301", "\u0041\u030a", "q\u0307\u0323", "\u0344", "\U0010ffff", "\u0085", ".cairn-export-", ".cairn-export-0123456789abcdef-1", "lost+found",
		strings.Repeat("x", 255), strings.Repeat("é", 127) + "x", strings.Repeat("😀", 63) + "abc", strings.Repeat(".", 255), strings.Repeat("e\u0301", 85)}
	for r := rune(0x20); r < 0x250; r++ {
		if r != '/' && r != 0x7f {
			names = append(names, "byte "+string(r)+" .")
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		first := slices.IndexFunc(names, func(other string) bool { return norm.NFC.String(other) == norm.NFC.String(name) })
		return names[first] != name
	})
}

// oddTimes are times that a file may have.
func oddTimes() []time.Time {
	return []time.Time{time.Unix(0, 0), time.Unix(0, 1), time.Unix(-1, 999_999_999), time.Unix(1_700_000_000, 123_456_789), time.Unix(1_700_000_000, 100),
		time.Date(2100, 2, 28, 23, 59, 59, 999_999_999, time.UTC), time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), time.Date(1912, 6, 23, 0, 0, 0, 5, time.UTC)}
}

// oddTree makes a tree of n files, and some with odd names and in deep folders.
func oddTree(t *testing.T, dir string, n int) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	noise := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var all []string // in the order in which they were made
	folders := map[string]bool{".": true}
	add := func(name string, size int) {
		t.Helper()
		if up := path.Dir(name); !folders[up] {
			if err := root.MkdirAll(up, 0o700); err != nil {
				t.Fatal(err)
			}
			for ; !folders[up]; up = path.Dir(up) {
				folders[up] = true
				all = append(all, up)
			}
		}
		text := make([]byte, size)
		if noise.Read(text); rnd.IntN(2) == 0 {
			copy(text, bytes.Repeat([]byte("all work and no play "), size/21))
		}
		if err := root.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	names := oddNames()
	for i, name := range names {
		add("odd/"+name, i)
		if len(name) < 40 && !strings.HasPrefix(name, "byte ") {
			add("odd folders/"+name+"/"+name, 10)
		}
	}
	add(strings.Repeat("d/", 254)+"deep", 100) // with the folder it goes to, 256 names
	long := strings.Repeat("l", 254)
	add(strings.Repeat(long+"/", 20)+"deep", 100) // longer than the system takes at once
	for i, size := range []int{0, 1, 4096, 511 << 10, 1<<20 + 1, 3 << 20, 9 << 20} {
		add(fmt.Sprintf("sizes/%d", i), size)
	}
	for i := range 20 {
		empty := fmt.Sprintf("empty/%d/%d", i, i)
		if err := root.MkdirAll(empty, 0o700); err != nil {
			t.Fatal(err)
		}
		all = append(all, empty, path.Dir(empty))
	}
	for i := range n {
		add(fmt.Sprintf("many/%d/file %d", i/200, i), rnd.IntN(2000))
	}
	times := oddTimes()
	for i, name := range all {
		if err := root.Chtimes(name, time.Time{}, times[i%len(times)]); err != nil {
			t.Fatal(err)
		}
	}
}

// found is what stands at a name.
type found struct {
	folder bool
	mod    int64
	size   int64
	sum    [32]byte
}

// readTree reads a tree of files and folders of any depth; its root is "".
func readTree(t *testing.T, dir string) map[string]found {
	t.Helper()
	all := map[string]found{}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := root.Stat(".")
	if err != nil {
		t.Fatal(err)
	}
	all[""] = found{folder: true, mod: info.ModTime().UnixNano()}
	readFolder(t, root, "", all)
	return all
}

func readFolder(t *testing.T, root *os.Root, below string, all map[string]found) {
	t.Helper()
	defer root.Close()
	f, err := root.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	names, err := f.Readdirnames(-1)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := root.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		at := found{folder: info.IsDir(), mod: info.ModTime().UnixNano()}
		switch {
		case info.IsDir():
			sub, err := root.OpenRoot(name)
			if err != nil {
				t.Fatal(err)
			}
			readFolder(t, sub, below+name+"/", all)
		case info.Mode().IsRegular():
			f, err := root.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			h := sha256.New()
			if at.size, err = io.Copy(h, f); err != nil {
				t.Fatal(err)
			}
			f.Close()
			at.sum = [32]byte(h.Sum(nil))
		default:
			t.Errorf("%q is %v", below+name, info.Mode())
		}
		all[below+name] = at
	}
}

// sameTree compares two trees: names byte for byte, bytes, times to the nanosecond.
func sameTree(t *testing.T, got, want map[string]found) {
	t.Helper()
	wrong := 0
	for _, name := range slices.Sorted(maps.Keys(want)) {
		g, ok := got[name]
		if w := want[name]; g != w {
			if wrong++; wrong <= 10 {
				t.Errorf("%.100q: there: %v; got %+v, want %+v", name, ok, g, w)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			if wrong++; wrong <= 10 {
				t.Errorf("%.100q: too much", name)
			}
		}
	}
	if wrong > 10 {
		t.Errorf("%d names are wrong in all", wrong)
	}
}
