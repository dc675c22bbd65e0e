package pack

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/store/meta"
	"cairn/store/object"
)

// mergeDoubtful is a file system whose folder flush fails for a merged object, as with an
// EIO of the journal. before is called when that happens. rename: the rename is made and yet
// reported as failed (NFS, a lost reply).
type mergeDoubtful struct {
	object.FS
	arm    bool
	rename bool
	took   string // the object
	bytes  []byte
}

func (d *mergeDoubtful) Rename(from, to string) error {
	err := d.FS.Rename(from, to)
	if d.arm && err == nil && strings.HasSuffix(to, ".packs") {
		d.took = to
		d.bytes, _ = os.ReadFile(to)
		if d.rename {
			return errors.New("input/output error, after it was made")
		}
	}
	return err
}

func (d *mergeDoubtful) SyncDir(path string) error {
	if d.arm && d.took != "" && !d.rename {
		return errors.New("input/output error")
	}
	return d.FS.SyncDir(path)
}

// After a Merge that failed in the flush of the folder, the object may come back when the power
// goes: its removal was not flushed either. Meanwhile the store goes on with the old packs, in
// which uploads find chunks again that the object does not have.
func mergeDoubt(t *testing.T, rename, compact bool) {
	d := &mergeDoubtful{FS: object.OS(), rename: rename}
	b, s, data := mergeable(t, 4, withHints, func(o *Options) { o.FS = d })
	list := []Merging{}
	for id := meta.PackID(1); id <= 4; id++ {
		s.Drain(id)
		list = append(list, Merging{id, even})
	}
	d.arm = true
	_, err := s.Merge(t.Context(), list, nil)
	d.arm = false
	if err == nil {
		t.Fatal("it went well")
	}
	t.Logf("merge: %v", err)
	for id := meta.PackID(1); id <= 4; id++ {
		s.Undrain(id)
	}
	// An upload has a content that was in pack 1, and is told that it is stored already.
	const ordinal = 1
	again := data[1][ordinal]
	place, ok := b.find(s, s.Chunk(again).ID, len(again))
	if !ok { // so the content is stored anew
		for again := range 2 {
			if again > 0 {
				b.close(s)
				s, _ = b.open()
			}
			if _, err := s.Tidy(t.Context()); err != nil {
				t.Error(err)
			}
			b.wantMerged(s, data, func(i int) bool { return i%2 == 0 }, 1, 2, 3, 4)
		}
		return
	}
	if place.Pack != 1 || place.First != ordinal {
		t.Fatalf("found %v", place)
	}
	if err := s.Flush(t.Context(), place.Pack); err != nil {
		t.Fatal(err)
	}
	// From here on that upload is acknowledged: a row refers to pack 1, record 1.
	if compact { // a later collection, which knows that it is needed
		s.Drain(1)
		if _, err := s.Compact(t.Context(), 1, func(e *Entry) bool { return e.Ordinal <= ordinal }, nil); err != nil {
			t.Fatal(err)
		}
		s.Undrain(1)
	}
	b.wantRead(s, 1, ordinal, again)
	b.close(s)
	if !rename { // the power goes: the rename reached the medium, its removal did not
		if err := os.WriteFile(d.took, d.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, _ = b.open()
	b.wantRead(s, 1, ordinal, again)
	if _, err := s.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantRead(s, 1, ordinal, again)
	if got := files(t, b.opt.Dir); !slices.Contains(got, "0000000000000001.pack") {
		t.Errorf("the only file that has it was deleted: %v", got)
	}
}

func TestMergeDoubtfulFlush(t *testing.T)   { mergeDoubt(t, false, false) }
func TestMergeDoubtfulCompact(t *testing.T) { mergeDoubt(t, false, true) }
func TestMergeDoubtfulRename(t *testing.T)  { mergeDoubt(t, true, false) }

// One flipped bit in the 128 bytes before them, and no pack of an object can be had. A pack
// that lies alone is read without its header.
func TestMergedHeaderFlip(t *testing.T) {
	b, s, data := mergeable(t, 5)
	in := b.merge(s, all, 1, 2, 3, 4)
	path := s.mergedPath(in[0].Object)
	b.close(s)
	flip := func(path string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var one [1]byte
		f.ReadAt(one[:], 33)
		one[0] ^= 4
		f.WriteAt(one[:], 33)
	}
	flip(path)
	flip(s.path(5))
	s, _ = b.open()
	b.wantRead(s, 5, 0, data[5][0]) // so it is with a pack
	for id := meta.PackID(1); id <= 4; id++ {
		b.wantRead(s, id, 0, data[id][0])
	}
}

// mergeBadEnd cannot read the last bytes of files of some kind.
type mergeBadEnd struct {
	object.FS
	kind string
	on   bool
}

type mergeBadEndFile struct {
	object.File
	d *mergeBadEnd
}

func (d *mergeBadEnd) Open(path string, flag int) (object.File, error) {
	f, err := d.FS.Open(path, flag)
	if err != nil || !strings.HasSuffix(path, d.kind) {
		return f, err
	}
	return &mergeBadEndFile{f, d}, nil
}

func (f *mergeBadEndFile) ReadAt(p []byte, off int64) (int, error) {
	if size, err := f.Size(); f.d.on && err == nil && off+int64(len(p)) > size-64 {
		return 0, errors.New("input/output error")
	}
	return f.File.ReadAt(p, off)
}

// A sector at the end of one object that cannot be read keeps the whole store from being
// opened, though every pack can be found and read without it. At the end of a pack it costs
// that pack at most.
func TestMergedUnreadableDirectory(t *testing.T) {
	for _, kind := range []string{"05.pack", ".packs"} {
		d := &mergeBadEnd{FS: object.OS(), kind: kind}
		b, s, data := mergeable(t, 5, func(o *Options) { o.FS = d })
		b.merge(s, all, 1, 2, 3, 4)
		b.close(s)
		d.on = true
		s, err := Open(t.Context(), b.opt)
		if err != nil {
			t.Errorf("%s: the store does not open: %v", kind, err)
			continue
		}
		t.Cleanup(func() { s.Close() })
		if err := s.Recover(t.Context(), b.isSealed, Visitor{}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for id := meta.PackID(1); id <= 4; id++ {
			b.wantRead(s, id, 0, data[id][0])
		}
	}
}

// What a crash leaves of an object is not deleted before what took its place was read: Tidy
// says so, but the last pack that is dropped takes it along.
func TestMergeDropTakesTheOnlyCopy(t *testing.T) {
	b, s, data := mergeable(t, 2)
	b.merge(s, all, 1, 2) // object 3
	old, err := os.ReadFile(s.mergedPath(3))
	if err != nil {
		t.Fatal(err)
	}
	// A collection: 1 is dead, 2 is merged anew; the power goes before object 3 is deleted.
	s.Drain(1)
	if err := s.Drop(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	b.merge(s, all, 2) // object 4
	b.close(s)
	if err := os.WriteFile(s.mergedPath(3), old, 0o600); err != nil {
		t.Fatal(err)
	}
	// and what was written just before it is not what it should be
	f, err := os.OpenFile(s.mergedPath(4), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte("damage"), 40_000)
	f.Close()
	s, _ = b.open()
	if _, err := s.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Drain(1) // the next collection finds it dead
	if err := s.Drop(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	got := files(t, b.opt.Dir)
	if !slices.Contains(got, "0000000000000003.packs") {
		t.Errorf("the only whole copy of pack 2 was deleted: %v", got)
	}
	_ = data
}

// A pack whose file is there, whole, is not read from it while an object has it damaged.
func TestMergeWholeTwinIsUsed(t *testing.T) {
	b, s, data := mergeable(t, 2)
	one := b.file(1)
	in := b.merge(s, all, 1, 2)
	b.close(s)
	b.rewrite(1, one) // from a backup, as verify says; or what a crash has left
	f, err := os.OpenFile(s.mergedPath(in[0].Object), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{0xff}, in[0].At+20) // in the head of its block
	f.Close()
	s, _ = b.open()
	b.wantRead(s, 1, 0, data[1][0])
	b.wantRead(s, 1, 2, data[1][2])
}

// Where the directory is damaged and a head too, there may be packs that nobody has listed:
// the object must stay.
func TestMergeUnlistedObjectStays(t *testing.T) {
	b, s, data := mergeable(t, 3)
	in := b.merge(s, all, 1, 2, 3)
	path := s.mergedPath(in[0].Object)
	b.close(s)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	size, _ := f.Seek(0, 2)
	f.WriteAt([]byte{0xff}, size-3)
	f.WriteAt([]byte{0xff}, in[1].At+20) // one bit of a head; all else of pack 2 is whole
	f.Close()
	s, _ = b.open()
	b.wantRead(s, 1, 0, data[1][0])
	s.Drain(1)
	s.Drain(3)
	if _, err := s.Merge(t.Context(), []Merging{{1, all}, {3, all}}, nil); err != nil {
		t.Logf("merge: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the object that has pack 2, which can be read but for one bit, is gone: %v", files(t, b.opt.Dir))
	}
}

// A member that is shorter than a header, as no writer makes it, has the whole object removed.
func TestMergeTinyMemberRemovesObject(t *testing.T) {
	b, s, data := mergeable(t, 2)
	in := b.merge(s, all, 1, 2)
	path := s.mergedPath(in[0].Object)
	b.close(s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := parseMergedHeader(whole[:mergedHeaderBytes])
	if err != nil {
		t.Fatal(err)
	}
	members, err := readDirectory(bytes.NewReader(whole), &h, int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	off := members[1].at + members[1].stored
	tiny := member{id: 77, generation: 1, at: off, size: 104}
	block := append(encodeBlock(h.marker, &tiny, []run{{0, 104}}), make([]byte, 104)...)
	out := append(bytes.Clone(whole[:off]), block...)
	out = append(out, encodeDirectory(&h, append(members, tiny), int64(len(out)))...)
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ = b.open()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the object is gone: %v, %v", err, files(t, filepath.Dir(filepath.Dir(path))))
	}
	b.wantRead(s, 1, 0, data[1][0])
}

// A second look at what is not as it should be comes from the medium.
func TestMergeScrubReadsTwice(t *testing.T) {
	d := &mergeFlaky{FS: object.OS()}
	b, s, _ := mergeable(t, 2, func(o *Options) { o.FS = d })
	in := b.merge(s, func(e *Entry) bool { return e.Ordinal == 3 }, 1, 2)
	es, err := s.Entries(t.Context(), 1, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	_ = in
	_ = es
	b.close(s)
	s, _ = b.open()
	d.on = 1
	_, defects := b.scrub(s, 1)
	t.Logf("flaky reads: %d", d.hits)
	if d.hits > 0 && len(defects) > 0 {
		t.Errorf("a bit that was flipped once on the way is told as damage: %v", defects)
	}
}

// mergeFlaky flips a bit of the 40 bytes of pack 1 in the first read that has them.
type mergeFlaky struct {
	object.FS
	on, hits int
}

type mergeFlakyFile struct {
	object.File
	d *mergeFlaky
}

func (d *mergeFlaky) Open(path string, flag int) (object.File, error) {
	f, err := d.FS.Open(path, flag)
	if err != nil || !strings.HasSuffix(path, ".packs") {
		return f, err
	}
	return &mergeFlakyFile{f, d}, nil
}

var mergeWanted = content(40, 3)

func (f *mergeFlakyFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if i := bytes.Index(p[:n], mergeWanted); i >= 0 && f.d.on > 0 {
		f.d.on--
		f.d.hits++
		p[i] ^= 1
	}
	return n, err
}
