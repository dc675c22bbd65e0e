package crash

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cairn/test/rig"
)

// TestBadPacks serves a store of which somebody has spoiled one pack: it starts, or says what
// is wrong and with which file; what does not lie in that pack is served; the rest is refused
// and named by `cairn verify`; and no collection takes anything away.
func TestBadPacks(t *testing.T) {
	files := map[string]string{}
	content := func(name string) string {
		b := make([]byte, 3<<20)
		rand.NewChaCha8([32]byte{name[0]}).Read(b)
		return string(b)
	}
	s := rig.Start(t, rig.Options{})
	var older string
	for _, name := range []string{"a.bin", "b.bin", "c.bin"} {
		if name == "c.bin" {
			older = filepath.Join(t.TempDir(), "older")
			s.Stop()
			copyDir(t, s.Dir, older)
			s.Restart()
		}
		files[name] = content(name)
		s.Put(t, name, files[name])
		s.Stop() // its pack is sealed by the next start
		s.Restart()
	}
	s.Stop()
	other := rig.Start(t, rig.Options{})
	other.Put(t, "x.bin", content("x"))
	other.Stop()
	pack := packOf(t, s.Dir, files["b.bin"])
	foreign := packOf(t, other.Dir, content("x"))

	for _, c := range []struct {
		name  string
		spoil func(dir, pack string) error
		bad   string // what the start, or verify, must say, besides the pack's name
		fine  bool   // b.bin is served all the same
	}{
		{"truncated", func(_, pack string) error { return os.Truncate(pack, 1<<20) }, "", false},
		{"flipped", func(_, pack string) error {
			b, err := os.ReadFile(pack)
			if err == nil {
				b[len(b)/2] ^= 1
				err = os.WriteFile(pack, b, 0o600)
			}
			return err
		}, "", false},
		{"missing", func(_, pack string) error { return os.Remove(pack) }, "", false},
		{"empty", func(_, pack string) error { return os.WriteFile(pack, nil, 0o600) }, "", false},
		{"duplicated", func(dir, pack string) error {
			b, err := os.ReadFile(pack)
			if err != nil {
				return err
			}
			to := filepath.Join(dir, "packs", "f3")
			if err := os.MkdirAll(to, 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(to, "00000000000000f3.pack"), b, 0o600)
		}, "00000000000000f3", true},
		{"of another store", func(_, pack string) error {
			b, err := os.ReadFile(foreign)
			if err == nil {
				err = os.WriteFile(pack, b, 0o600)
			}
			return err
		}, "another store", false},
		{"an older database", func(dir, _ string) error {
			for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
				os.Remove(filepath.Join(dir, name))
				if b, err := os.ReadFile(filepath.Join(older, name)); err == nil {
					if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
						return err
					}
				}
			}
			return nil
		}, "no problem", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			copyDir(t, s.Dir, dir)
			name := filepath.Base(pack)
			if err := c.spoil(dir, filepath.Join(dir, strings.TrimPrefix(pack, s.Dir))); err != nil {
				t.Fatal(err)
			}
			before := listing(t, dir)
			bad := rig.Start(t, rig.Options{Dir: dir, Args: []string{"--verify-reads"}}) // else what is sent as it lies is not looked at
			for path, want := range files {
				resp, err := bad.Do(rig.Request{Method: "GET", Path: path})
				switch {
				case path != "b.bin" || c.fine:
					if err != nil || resp.Status != 200 || resp.Body != want {
						t.Errorf("%s is not served: %v", path, err)
					}
				case err == nil && resp.Status == 200 && len(resp.Body) == len(want) && resp.Body != want:
					t.Errorf("%s is served, with other bytes", path)
				case err == nil && resp.Status == 200 && resp.Body == want:
					t.Errorf("%s is served", path)
				}
			}
			bad.Put(t, "new.bin", content("n"))
			if out, err := bad.Cairn("", "gc", "--full"); err != nil && !strings.Contains(out, name) {
				t.Errorf("gc: %v\n%s", err, out)
			}
			bad.Stop()
			out, err := bad.Cairn("", "verify", "--deep")
			if c.bad != "no problem" && (err == nil || !strings.Contains(out, c.bad)) {
				t.Errorf("verify says: %v\n%s", err, out)
			}
			if !c.fine && (!strings.Contains(out, name) || !regexp.MustCompile(`(?m)ada:.*b\.bin`).MatchString(out)) {
				t.Errorf("verify does not name %s and b.bin:\n%s", name, out)
			}
			if strings.Contains(out, "a.bin") || strings.Contains(out, "c.bin") {
				t.Errorf("verify names files that are fine:\n%s", out)
			}
			after, moved := listing(t, dir), merged(t, dir)
			for file := range before {
				if _, there := after[file]; !there && !moved[filepath.Base(file)] {
					t.Errorf("%s is gone", file)
				}
			}
			t.Logf("verify: %s", out)
		})
	}
}

// merged are the names that the packs in merged objects would have as files: those that gc has
// put together.
func merged(t *testing.T, dir string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for file := range listing(t, dir) {
		if !strings.HasSuffix(file, ".packs") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; ; at += 8 {
			i := bytes.Index(b[at:], []byte("CAIRNBLK"))
			if at += i; i < 0 || at+24 > len(b) {
				break
			}
			out[fmt.Sprintf("%016x.pack", binary.LittleEndian.Uint64(b[at+16:]))] = true
		}
	}
	return out
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// packOf is the pack in which the beginning of a content lies.
func packOf(t *testing.T, dir, content string) (path string) {
	t.Helper()
	for file := range listing(t, dir) {
		if b, err := os.ReadFile(filepath.Join(dir, file)); err == nil && bytes.Contains(b, []byte(content[:64])) {
			return filepath.Join(dir, file)
		}
	}
	t.Fatal("no pack has it")
	return ""
}

// listing is the packs of a folder.
func listing(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(dir, "packs"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			out[strings.TrimPrefix(path, dir)] = fi.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
