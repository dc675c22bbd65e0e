package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/meta"
)

// damage flips a byte of a record, behind the back of the store that is open.
func (r *rig) damage(id meta.PackID, ordinal uint32) {
	r.t.Helper()
	name, offset, n, err := r.s.PlaceForTest(r.t.Context(), id, ordinal)
	if err != nil {
		r.t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(r.dir, filepath.FromSlash(name)), os.O_RDWR, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset+n/2); err != nil {
		r.t.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b[:], offset+n/2); err != nil {
		r.t.Fatal(err)
	}
}

// damageFile flips a byte of the first chunk of a content.
func (r *rig) damageFile(m meta.Manifest) {
	r.t.Helper()
	r.damage(m.Extents[0].Pack, m.Extents[0].First)
}

func (r *rig) scrub() store.Scrubbed {
	r.t.Helper()
	out, err := r.s.Scrub(r.t.Context(), store.ScrubOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *rig) scrubStatus() store.ScrubStatus {
	r.t.Helper()
	out, err := r.s.ScrubStatus(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// paths are the findings that are of no pack.
func paths(found []store.Finding) (out []string) {
	for _, f := range found {
		if !strings.HasPrefix(f.Where, "packs/") {
			out = append(out, f.Where)
		}
	}
	slices.Sort(out)
	return out
}

func (r *rig) wantDamage(what string, got []store.Finding, want ...string) {
	r.t.Helper()
	slices.Sort(want)
	if p := paths(got); !slices.Equal(p, want) {
		r.t.Errorf("%s: damaged are\n%q, want\n%q\n%v", what, p, want, got)
	}
}

// Damage is named by what it concerns and by nothing else; the rest is as it was, nobody
// gets wrong bytes, and what is put again reads well. All of it is known after a restart.
func TestScrub(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		t.Run(fmt.Sprintf("sealed=%v", sealed), func(t *testing.T) {
			r := newRig(t)
			r.mkdir("docs")
			text := func(word string) []byte { return bytes.Repeat([]byte(word+" "), 20_000) } // is compressed
			at := r.clock.now()
			cur := r.put("docs/current", noise(1, 700_000))
			coded := r.put("docs/coded", text("a line of text"))
			old := r.put("docs/old", noise(2, 5000))
			r.put("docs/old", noise(3, 5000))
			gone := r.put("docs/gone", noise(4, 70_000))
			in := r.put("docs/folder", nil)
			if err := r.s.Remove(t.Context(), r.sc, "docs/folder", store.Conditions{}); err != nil {
				t.Fatal(err)
			}
			r.mkdir("docs/folder")
			in = r.put("docs/folder/in it", noise(5, 70_000))
			for _, p := range []store.Path{"docs/gone", "docs/folder"} {
				if err := r.s.Remove(t.Context(), r.sc, p, store.Conditions{}); err != nil {
					t.Fatal(err)
				}
			}
			up, err := r.s.CreateUpload(t.Context(), r.sc, store.UploadSpec{Path: "docs/coming", Size: 9_000_000})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.s.AppendUpload(t.Context(), r.sc, up.ID, 0, 0, bytes.NewReader(noise(6, 6_000_000))); err != nil {
				t.Fatal(err)
			}
			whole := map[store.Path][]byte{}
			for i := range 30 {
				p := store.Path(fmt.Sprintf("docs/whole %d", i))
				whole[p] = noise(uint64(100+i), 3000*i)
				r.put(p, whole[p])
			}
			u, err := r.s.GetUpload(t.Context(), r.sc, up.ID)
			if err != nil {
				t.Fatal(err)
			}
			if sealed {
				if err := r.s.SealForTest(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if out := r.scrub(); out.Damaged > 0 || out.Packs == 0 || len(out.Unread) > 0 {
				t.Fatalf("whole: %+v", out)
			}
			for _, m := range []meta.Manifest{cur.Manifest, coded.Manifest, old.Manifest, gone.Manifest, in.Manifest, u.Parts[0].Manifest} {
				r.damageFile(m)
			}
			out := r.scrub()
			version := "ada:/docs/old, its version of " + old.ModTime.Format("2006-01-02 15:04:05")
			rest := []string{"ada (trash):/docs/gone", "ada (trash):/docs/folder/in it", version, "unfinished upload to docs/coming (" + up.ID.String() + ")"}
			want := append([]string{"ada:/docs/current", "ada:/docs/coded"}, rest...)
			r.wantDamage("found", out.Damage, want...)
			if packs := out.Damaged - len(want); packs < 1 {
				t.Errorf("no pack is named: %v", out.Damage)
			}
			check := func() {
				t.Helper()
				for p, want := range whole {
					if !bytes.Equal(r.read(p), want) {
						t.Errorf("%s is not what it was", p)
					}
				}
				if !bytes.Equal(r.read("docs/old"), noise(3, 5000)) {
					t.Error("the current content is not what it was")
				}
			}
			check()
			for p, want := range map[store.Path][]byte{"docs/current": noise(1, 700_000), "docs/coded": text("a line of text")} {
				if got, err := readAll(r.s, r.sc, p); !errors.Is(err, store.ErrCorrupt) || !bytes.HasPrefix(want, got) {
					t.Errorf("%s, damaged, reads as %d bytes, %v", p, len(got), err)
				}
			}
			r.put("docs/current", noise(1, 700_000))
			if !bytes.Equal(r.read("docs/current"), noise(1, 700_000)) {
				t.Error("what was put again is not what was put")
			}
			r.wantDamage("one is put again", r.scrubStatus().Damage, append(slices.Clone(rest), "ada:/docs/coded",
				"ada:/docs/current, its version of "+cur.ModTime.Format("2006-01-02 15:04:05"))...)
			if err := r.s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(r.dir, "hints")); err != nil { // which know nothing of damage any more
				t.Fatal(err)
			}
			r.open()
			eventually(t, "the hints are made again", func() bool {
				before := r.s.HitsForTest()
				r.put("docs/probe", whole["docs/whole 20"])
				return r.s.HitsForTest() > before
			})
			check()
			r.put("docs/again", text("a line of text"))
			if !bytes.Equal(r.read("docs/again"), text("a line of text")) {
				t.Error("after a restart new content refers to what is damaged")
			}
			if _, err := readAll(r.s, r.sc, "docs/coded"); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("docs/coded: %v", err)
			}
			st := r.scrubStatus()
			r.wantDamage("after a restart", st.Damage, append(slices.Clone(rest), "ada:/docs/coded",
				"ada:/docs/current, its version of "+cur.ModTime.Format("2006-01-02 15:04:05"))...)
			if st.Packs == 0 || st.Fresh != st.Packs || st.Last.Before(at) || st.Every != store.DefaultScrubEvery {
				t.Errorf("status %+v", st)
			}
			r.clock.advance(31 * 24 * time.Hour)
			if st := r.scrubStatus(); st.Fresh != 0 {
				t.Errorf("a month later: %+v", st)
			}
		})
	}
}

// A file whose long manifest is damaged is named, and so is one of which a page names what
// is damaged.
func TestScrubPages(t *testing.T) {
	r := newRig(t)
	var extents []meta.Extent
	for i := range 1500 {
		m := r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), 200+i%3)).Manifest
		if i%2 == 0 {
			extents = append(extents, m.Extents...)
		}
	}
	long, err := r.s.PutExtentsForTest(t.Context(), r.sc, "long", extents)
	if err != nil || len(long.Manifest.Pages) == 0 {
		t.Fatalf("%v, %d pages", err, len(long.Manifest.Pages))
	}
	other, err := r.s.PutExtentsForTest(t.Context(), r.sc, "other", extents[1:])
	if err != nil {
		t.Fatal(err)
	}
	r.damage(extents[0].Pack, extents[0].First)
	r.wantDamage("a chunk", r.scrub().Damage, "ada:/f0", "ada:/long")
	page := other.Manifest.Pages[0]
	r.damage(page.Pack, page.Ordinal)
	r.wantDamage("a page", r.scrub().Damage, "ada:/f0", "ada:/long", "ada:/other")
}

// Of a pack that lost its footer, its header or its file, what needs that is named.
func TestScrubWholePacks(t *testing.T) {
	r := newRigWith(t, nil, 256<<10)
	var made []store.Written
	for i := range 6 {
		made = append(made, r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), 300_000)))
	}
	if err := r.s.SealForTest(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := func(i int) string {
		name, _, _, err := r.s.PlaceForTest(t.Context(), made[i].Manifest.Extents[0].Pack, 0)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(r.dir, filepath.FromSlash(name))
	}
	edit := func(i int, f func(b []byte)) {
		b, err := os.ReadFile(file(i))
		if err != nil {
			t.Fatal(err)
		}
		f(b)
		if err := os.WriteFile(file(i), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit(0, func(b []byte) { b[50] ^= 1 })                          // header
	edit(1, func(b []byte) { b[len(b)-50] ^= 1 })                   // trailer
	edit(3, func(b []byte) { b[len(b)-50] ^= 1; b[len(b)/2] ^= 1 }) // and the one record
	gone := file(2)
	if err := os.Rename(gone, gone+".away"); err != nil {
		t.Fatal(err)
	}
	out := r.scrub()
	r.wantDamage("three packs and a file", out.Damage, "ada:/f2", "ada:/f3")
	if len(out.Damage) != 6 {
		t.Errorf("%v", out.Damage)
	}
	for _, i := range []int{0, 1, 4, 5} {
		if !bytes.Equal(r.read(store.Path(fmt.Sprintf("f%d", i))), noise(uint64(i), 300_000)) {
			t.Errorf("f%d is not what it was", i)
		}
	}
	if err := os.Rename(gone+".away", gone); err != nil {
		t.Fatal(err)
	}
	r.wantDamage("it is there again", r.scrub().Damage, "ada:/f3")
}
