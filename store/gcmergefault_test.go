package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/store"
	"cairn/store/object"
)

// mergeDoubtFS fails the flush of the folder behind the rename of a merged object, once, and
// keeps what the object was.
type mergeDoubtFS struct {
	object.FS
	arm   bool
	took  string
	bytes []byte
}

func (d *mergeDoubtFS) Rename(from, to string) error {
	err := d.FS.Rename(from, to)
	if d.arm && err == nil && strings.HasSuffix(to, ".packs") {
		d.took = to
		d.bytes, _ = os.ReadFile(to)
	}
	return err
}

func (d *mergeDoubtFS) SyncDir(path string) error {
	if d.arm && d.took != "" {
		d.arm = false
		return errors.New("input/output error")
	}
	return d.FS.SyncDir(path)
}

func (r *rig) object() string {
	r.t.Helper()
	list, err := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.packs"))
	if err != nil || len(list) != 1 {
		r.t.Fatalf("%v, %v", list, err)
	}
	return list[0]
}

func (r *rig) tryRead(p store.Path) ([]byte, error) {
	f, err := r.s.Open(r.t.Context(), r.sc, p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// A file that was uploaded, and acknowledged, after a collection failed, is there after the
// power went.
func TestMergeAcknowledgedAfterFailedMerge(t *testing.T) {
	d := &mergeDoubtFS{FS: object.OS()}
	r := newRigWith(t, d, 1<<20)
	files := map[store.Path][]byte{}
	r.littlePacks(8, files)
	for i := range 8 { // half of each pack is of no use
		p := store.Path([]string{"f0-1", "f1-1", "f2-1", "f3-1", "f4-1", "f5-1", "f6-1", "f7-1"}[i])
		r.put(p, nil)
	}
	gone := files["f3-1"]
	r.forget()
	d.arm = true
	_, err := r.s.GC(t.Context(), store.GCOptions{})
	if err == nil {
		t.Fatal("no fault")
	}
	t.Logf("gc: %v", err)
	// An hour later somebody uploads what was deleted. It is stored already, he is told.
	r.put("again", gone)
	files["again"] = gone
	if got := r.read("again"); !bytes.Equal(got, gone) {
		t.Fatal("not even now")
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	// The power had gone: the name of the object was on the medium, its removal was not.
	if err := os.WriteFile(d.took, d.bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	r.open()
	if got, err := r.tryRead("again"); err != nil || !bytes.Equal(got, gone) {
		t.Errorf("an acknowledged file is lost: %d bytes, %v", len(got), err)
	}
	r.gc(store.GCOptions{})
	if got, err := r.tryRead("again"); err != nil || !bytes.Equal(got, gone) {
		t.Errorf("for good: %d bytes, %v", len(got), err)
	}
}

// What the start cannot do without is looked at by a scrub, and is in a backup.
func TestMergeHeaderOfObject(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	files := map[store.Path][]byte{}
	r.littlePacks(8, files)
	r.gc(store.GCOptions{})
	path := r.object()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{0xff}, 100) // a reserved byte of its header
	f.Close()
	s, err := r.s.Scrub(t.Context(), store.ScrubOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Damaged == 0 {
		t.Errorf("a scrub of everything saw nothing: %+v", s)
	}
	r.reopen()
	lost := 0
	for p, want := range files {
		if got, err := r.tryRead(p); err != nil || !bytes.Equal(got, want) {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("one reserved byte: %d of %d files cannot be read", lost, len(files))
	}
	b := r.backup(filepath.Join(t.TempDir(), "backups"))
	if _, err := os.Stat(filepath.Join(b.Path, "packs", filepath.Base(filepath.Dir(path)), filepath.Base(path))); err != nil && len(b.Damaged) == 0 {
		t.Errorf("a backup lacks the object and does not say so: %+v", b)
	}
	// and without the database
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
		os.Remove(filepath.Join(r.dir, name))
	}
	o, err := store.Open(t.Context(), store.Options{Dir: r.dir, PackBytes: 1 << 20, UnsafeFS: true})
	if err != nil {
		t.Errorf("the database cannot be made again: %v", err)
	} else {
		r.s = o
	}
}

// An object with one damaged record: what is dead in there is forgotten, called given back, and
// takes its room until the next start; which finds it all again.
func TestMergeDamagedMember(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	files := map[store.Path][]byte{}
	for i := range 8 {
		for j := range 3 {
			p := store.Path(fmt.Sprintf("f%d-%d", i, j))
			files[p] = noise(uint64(i*10+j), 5000)
			r.put(p, files[p])
		}
		r.reopen()
	}
	r.gc(store.GCOptions{})
	path := r.object()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, files["f5-0"])
	if at < 0 {
		t.Fatal("not there")
	}
	text[at+10] ^= 1
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for p := range files {
		if !strings.HasPrefix(string(p), "f5-") {
			r.put(p, nil)
		}
	}
	for i := range 300 { // commits enough for a checkpoint
		r.put("other", noise(uint64(1000+i), 300))
	}
	r.forget()
	for i := range 4 {
		had := r.stored()
		c := r.gc(store.GCOptions{Full: true})
		t.Logf("%d: %d bytes of files before, %d after; %+v", i, had, r.stored(), c)
		if d := r.gc(store.GCOptions{DryRun: true}); r.stored() > d.Before.Stored+1<<20+5<<10 {
			t.Errorf("it says that %d bytes are stored, and %d are", d.Before.Stored, r.stored())
		}
		if c.Dropped > 0 && i > 0 {
			t.Errorf("%d packs were dropped once more", c.Dropped)
		}
		r.reopen()
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// What verify says of an object whose header is damaged: names of files that are, or can be
// restored.
func TestMergeVerifyNamesFiles(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	files := map[store.Path][]byte{}
	r.littlePacks(5, files)
	r.gc(store.GCOptions{})
	path := r.object()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{0xff}, 100)
	f.Close()
	for _, x := range r.verify(true) {
		t.Logf("%+v", x)
		if strings.HasPrefix(x.Where, "packs/") && strings.HasSuffix(x.Where, ".pack") {
			if _, err := os.Stat(filepath.Join(r.dir, filepath.FromSlash(x.Where))); err != nil {
				t.Errorf("%s: %s: %s: no such file was in the store, or will be in a backup", x.Where, x.What, x.Do)
			}
		}
	}
}

// mergeNoObject cannot open merged objects.
type mergeNoObject struct {
	object.FS
	on bool
}

func (d *mergeNoObject) Open(path string, flag int) (object.File, error) {
	if d.on && strings.HasSuffix(path, ".packs") {
		return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrPermission}
	}
	return d.FS.Open(path, flag)
}

// One object that verify may not read is one object that it may not read, not a store without
// any pack.
func TestMergeVerifyUnreadableObject(t *testing.T) {
	d := &mergeNoObject{FS: object.OS()}
	r := newRigWith(t, d, 1<<20)
	files := map[store.Path][]byte{}
	r.littlePacks(5, files)
	r.gc(store.GCOptions{})
	big := noise(77, 1<<20)
	r.put("elsewhere", big)
	r.reopen()
	path, err := filepath.Rel(r.dir, r.object())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	d.on = true
	named := false
	for _, x := range r.verify(false) {
		t.Logf("%+v", x)
		named = named || strings.Contains(x.What, "permission") || x.Where == filepath.ToSlash(path)
		if strings.Contains(x.Where, "elsewhere") {
			t.Errorf("%s can be read: %s", x.Where, x.What)
		}
	}
	if !named {
		t.Errorf("nobody is told that %s cannot be read", path)
	}
	rest, err := store.Open(t.Context(), store.Options{Dir: r.dir, FS: d, PackBytes: 1 << 20, UnsafeFS: true})
	if err != nil {
		t.Fatalf("the rest of the store cannot be had: %v", err)
	}
	r.s = rest
	if got, err := r.tryRead("elsewhere"); err != nil || !bytes.Equal(got, big) {
		t.Errorf("what lies elsewhere: %d bytes, %v", len(got), err)
	}
}
