package store_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// A run leaves every byte, time and name in the folder as it was, whatever it finds.
func TestVerify_changesNothing(t *testing.T) {
	for name, spoil := range map[string]func(r *rig){
		"clean":        func(r *rig) {},
		"torn tail":    func(r *rig) { r.appendTo(r.pack(-1), noise(9, 500)) },
		"cut":          func(r *rig) { r.cut(r.pack(0), 100) },
		"no database":  func(r *rig) { r.remove("meta.db") },
		"no lock":      func(r *rig) { r.remove("lock") },
		"no key":       func(r *rig) { r.remove("cairn.json") },
		"no packs":     func(r *rig) { r.must(os.RemoveAll(filepath.Join(r.dir, "packs"))) },
		"bad database": func(r *rig) { r.spoil("meta.db", 5000) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newVerifyRig(t)
			spoil(r)
			before := r.state()
			for _, deep := range []bool{false, true} {
				r.findings(deep)
			}
			if after := r.state(); !maps.Equal(before, after) {
				for path := range before {
					if before[path] != after[path] {
						t.Errorf("%s was %s, is %s", path, before[path], after[path])
					}
				}
				t.Errorf("%d files before, %d after", len(before), len(after))
			}
		})
	}
}

// What is wrong is told with the files that it concerns; what a crash leaves is a note.
func TestVerify_finds(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(r *rig)
		deep  bool
		want  []string // a piece of each line
	}{
		{"nothing", func(r *rig) {}, true, nil},
		{"the database behind", func(r *rig) {
			old := r.readFile("meta.db")
			r.open()
			r.put("later", []byte("x"))
			r.must(r.s.Close())
			r.writeFile("meta.db", old)
		}, false, []string{"note: meta.db: ", "commits in the packs are not in the database yet"}},
		{"the packs behind", func(r *rig) {
			packs := r.packs()
			r.open()
			r.put("later", []byte("x"))
			r.must(r.s.Close())
			for _, p := range r.packs() {
				if !slices.Contains(packs, p) {
					r.must(os.Remove(p))
				}
			}
		}, false, []string{"meta.db: it holds commits up to", "keep meta.db", "ada:/later: a part of it is in packs/", "is missing"}},
		{"a torn tail", func(r *rig) { r.appendTo(r.pack(-1), noise(9, 500)) }, false, []string{"note: packs/", "the last 500 bytes are a write that a crash cut off"}},
		{"zeros behind the records", func(r *rig) { r.appendTo(r.pack(-1), make([]byte, 70_000)) }, true, nil},
		{"an empty pack", func(r *rig) { r.writeFile("packs/ff/00000000000000ff.pack", nil) }, false, []string{"note: packs/ff/00000000000000ff.pack: a crash left it"}},
		{"a stray file", func(r *rig) { r.writeFile("packs/01/note.txt", nil) }, false, []string{"note: packs/01/note.txt: it is no pack"}},
		{"no database", func(r *rig) { r.remove("meta.db") }, false, []string{"meta.db: it is missing; the next start makes it again"}},
		{"no cairn.json", func(r *rig) { r.remove("cairn.json") }, true, []string{"cairn.json: it is missing; the next start makes it again"}},
		{"another store's cairn.json", func(r *rig) {
			other := newRig(t)
			r.must(other.s.Close())
			r.writeFile("cairn.json", other.readFile("cairn.json"))
		}, false, []string{"meta.db: it cannot be used: it belongs to another store", ".pack: it belongs to another store than cairn.json"}},
		{"a lost pack", func(r *rig) { r.must(os.Remove(r.largest())) }, false, []string{".pack: it is missing; restore this file",
			"ada:/large: a part of it is in packs/", "ada:/large, its version of 2026-01-02", "ada (trash):/gone: a part of it is in packs/"}},
		{"a pack of another size", func(r *rig) { r.cut(r.largest(), 96) }, false, []string{"when it was sealed it had"}},
		{"a damaged chunk", func(r *rig) { r.spoilFile(r.largest(), 1<<20) }, true, []string{"record 0: ", "ada:/large, its version of 2026-01-02 03:04:05: record 0 of packs/"}},
		{"a damaged chunk, unseen", func(r *rig) { r.spoilFile(r.largest(), 1<<20) }, false, nil},
		{"a damaged page of hints", func(r *rig) { r.spoil("hints", 3*4096+5) }, true, []string{"note: hints: 1 of its 64 pages are damaged", "nothing is lost by it"}},
		{"a damaged header of the hints", func(r *rig) { r.spoil("hints", 40) }, false, []string{"note: hints: it is damaged; nothing is lost by it, the next start makes it again"}},
		{"cut hints", func(r *rig) { r.cut(filepath.Join(r.dir, "hints"), 5000) }, false, []string{"note: hints: it is damaged"}},
		{"empty hints", func(r *rig) { r.writeFile("hints", nil) }, false, []string{"note: hints: it is damaged"}},
		{"another store's hints", func(r *rig) {
			other := newRig(t)
			r.must(other.s.Close())
			text, err := os.ReadFile(filepath.Join(other.dir, "hints"))
			r.must(err)
			r.writeFile("hints", text)
		}, false, []string{"note: hints: it belongs to another store than cairn.json"}},
		{"no hints", func(r *rig) { r.remove("hints") }, true, nil},
		{"half a doubling of the hints", func(r *rig) { r.writeFile("hints.new", noise(1, 99)) }, false, []string{"note: hints.new: a crash left it; the next start removes it"}},
		{"a damaged compressed chunk", func(r *rig) { r.spoilFile(r.zstd()) }, true, []string{"ada:/text: record "}},
		{"a row that nobody wrote", func(r *rig) {
			r.open()
			r.put("a", []byte("1"))
			r.must(r.s.Close())
			now := r.readFile("meta.db")
			at := bytes.LastIndex(now, []byte("ada"))
			copy(now[at:], "eve")
			r.writeFile("meta.db", now)
		}, false, []string{`is "eve", the packs say "ada"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newVerifyRig(t)
			r.t = t
			c.spoil(r)
			found := r.findings(c.deep)
			var lines []string
			for _, f := range found {
				lines = append(lines, f.String())
			}
			text := strings.Join(lines, "\n")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			if len(c.want) == 0 && len(found) > 0 {
				t.Errorf("found\n%s", text)
			}
			if len(c.want) > 0 && strings.HasPrefix(c.want[0], "note: ") {
				for _, f := range found {
					if !f.Note {
						t.Errorf("a problem: %v", f)
					}
				}
			}
		})
	}
}

// A pack that cannot be read is not a lost one.
func TestVerify_unreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("root reads everything: by a folder in place of the pack")
	}
	r := newVerifyRig(t)
	path := r.largest()
	r.must(os.Chmod(path, 0))
	if f, err := os.Open(path); err == nil { // root
		f.Close()
		text, err := os.ReadFile(path)
		r.must(err)
		r.must(os.Remove(path))
		r.must(os.Symlink("nowhere", path)) // listed, and cannot be opened
		defer os.WriteFile(path, text, 0o600)
	}
	text := fmt.Sprint(r.findings(false))
	for _, want := range []string{"it cannot be read: ", "counts as neither whole nor lost", "which cannot be read"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

func TestVerify_inUse(t *testing.T) {
	r := newRig(t)
	_, err := store.Verify(t.Context(), store.Options{Dir: r.dir}, store.VerifyOptions{Scratch: t.TempDir()}, func(f store.Finding) { t.Error(f) })
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("beside an open store: %v", err)
	}
	if _, err = store.Verify(t.Context(), store.Options{Dir: filepath.Join(r.dir, "no")}, store.VerifyOptions{Scratch: t.TempDir()}, nil); err == nil {
		t.Error("no store, and no error")
	}
}

// newVerifyRig is a store of two runs, closed.
func newVerifyRig(t *testing.T) *rig {
	r := newRig(t)
	r.put("small", []byte("hello"))
	r.put("large", noise(1, 3<<20))
	r.put("gone", noise(2, 2<<20))
	r.must(r.s.Remove(t.Context(), r.sc, "gone", store.Conditions{}))
	r.put("large", noise(3, 1<<20))
	r.put("large", noise(4, 2<<20))
	r.put("text", hex.AppendEncode(nil, noise(5, 700<<10)))
	r.unfinished("u1", noise(6, 1_900_000), 1_600_000)
	r.unfinished("u2", noise(7, 300), 200)
	r.reopen()
	for deadline := time.Now().Add(10 * time.Second); len(r.verify(false)) > 0; {
		if time.Now().After(deadline) {
			t.Fatal(r.verify(false))
		}
	}
	r.put("b", []byte("of the second run"))
	r.put("hinted", noise(4, 2<<20))
	r.unfinished("u3", bytes.Repeat([]byte("again and "), 300_000), 2_000_000)
	r.must(r.s.Close())
	return r
}

// unfinished is an upload of which the first n bytes have arrived.
func (r *rig) unfinished(p store.Path, content []byte, n int) {
	r.t.Helper()
	u, err := r.s.CreateUpload(r.t.Context(), r.sc, store.UploadSpec{Path: p, Size: int64(len(content)), Lifetime: time.Hour})
	r.must(err)
	_, err = r.s.AppendUpload(r.t.Context(), r.sc, u.ID, 0, 0, bytes.NewReader(content[:n]))
	r.must(err)
}

func (r *rig) findings(deep bool) (found []store.Finding) {
	r.t.Helper()
	_, err := store.Verify(r.t.Context(), store.Options{Dir: r.dir}, store.VerifyOptions{Deep: deep, Scratch: r.t.TempDir()}, func(f store.Finding) {
		found = append(found, f)
	})
	r.must(err)
	return found
}

// state is size, time and content of each file and folder.
func (r *rig) state() map[string]string {
	r.t.Helper()
	out := map[string]string{}
	r.must(filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := []byte(nil)
		if !d.IsDir() {
			text, err = os.ReadFile(path)
		}
		out[path] = fmt.Sprintf("%v %v %x", info.Mode(), info.ModTime().UnixNano(), store.DigestForTest(text))
		return err
	}))
	return out
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) packs() []string {
	r.t.Helper()
	list, err := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	r.must(err)
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return list
}

// pack is the i-th pack, or the last for -1.
func (r *rig) pack(i int) string {
	list := r.packs()
	if i < 0 {
		i += len(list)
	}
	return list[i]
}

func (r *rig) largest() (path string) {
	most := int64(0)
	for _, p := range r.packs() {
		info, err := os.Stat(p)
		r.must(err)
		if info.Size() > most {
			path, most = p, info.Size()
		}
	}
	return path
}

// zstd is a place in the first compressed chunk.
func (r *rig) zstd() (path string, at int) {
	r.t.Helper()
	for _, path := range r.packs() {
		text, err := os.ReadFile(path)
		r.must(err)
		if at := bytes.Index(text, []byte("\x28\xb5\x2f\xfd")); at > 0 {
			return path, at + 100
		}
	}
	r.t.Fatal("no chunk is compressed")
	return "", 0
}

func (r *rig) remove(name string) { r.must(os.Remove(filepath.Join(r.dir, name))) }

func (r *rig) readFile(name string) []byte {
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	r.must(err)
	return text
}

func (r *rig) writeFile(name string, text []byte) {
	path := filepath.Join(r.dir, name)
	r.must(os.MkdirAll(filepath.Dir(path), 0o700))
	r.must(os.WriteFile(path, text, 0o600))
}

func (r *rig) spoil(name string, at int) { r.spoilFile(filepath.Join(r.dir, name), at) }

func (r *rig) spoilFile(path string, at int) {
	text, err := os.ReadFile(path)
	r.must(err)
	text[at] ^= 4
	r.must(os.WriteFile(path, text, 0o600))
}

func (r *rig) appendTo(path string, more []byte) {
	text, err := os.ReadFile(path)
	r.must(err)
	r.must(os.WriteFile(path, append(text, more...), 0o600))
}

func (r *rig) cut(path string, bytes int64) {
	info, err := os.Stat(path)
	r.must(err)
	r.must(os.Truncate(path, info.Size()-bytes))
}
