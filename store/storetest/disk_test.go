package storetest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"cairn/store/object"
)

var _ object.FS = (*Disk)(nil)

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, d *Disk, path string) object.File {
	t.Helper()
	f, err := d.Open(path, os.O_RDWR|os.O_CREATE)
	must(t, err)
	return f
}

func write(t *testing.T, f object.File, p []byte, off int64) {
	t.Helper()
	_, err := f.WriteAt(p, off)
	must(t, err)
}

// What was flushed, content and name, survives every crash; what was not comes out in
// all ways that a disk can leave it.
func TestCrash(t *testing.T) {
	lengths, torn, lost, kept := map[int]bool{}, 0, 0, 0
	for seed := range uint64(300) {
		d := NewDisk(seed)
		must(t, d.MkdirAll("/data/sub"))
		f := create(t, d, "/data/sub/f")
		write(t, f, bytes.Repeat([]byte{1}, 3000), 0)
		must(t, f.Sync())
		must(t, d.SyncDir("/data/sub"))
		write(t, f, bytes.Repeat([]byte{2}, 3000), 1000)
		write(t, f, bytes.Repeat([]byte{3}, 1000), 4000)
		d = d.Crash(rng(seed))
		got, err := d.ReadFile("/data/sub/f")
		must(t, err)
		if len(got) < 3000 || !bytes.Equal(got[:1000], bytes.Repeat([]byte{1}, 1000)) {
			t.Fatalf("seed %d: flushed bytes are gone: %d left", seed, len(got))
		}
		lengths[len(got)] = true
		switch old, new := bytes.Count(got[1000:3000], []byte{1}), bytes.Count(got[1000:3000], []byte{2}); {
		case old+new != 2000:
			t.Fatalf("seed %d: bytes that nobody wrote", seed)
		case old == 0:
			kept++
		case new == 0:
			lost++
		default:
			torn++
			if i := bytes.IndexByte(got[1000:], 2) + 1000; i != 1000 && i%sectorBytes != 0 {
				t.Fatalf("seed %d: torn at %d, within a sector", seed, i)
			}
		}
	}
	if !lengths[3000] || !lengths[4000] || !lengths[5000] || torn == 0 || lost == 0 || kept == 0 {
		t.Errorf("lengths %v, %d torn, %d lost, %d kept: some fate never came", lengths, torn, lost, kept)
	}
}

func TestCrashNames(t *testing.T) {
	outcomes := map[string]int{}
	for seed := range uint64(300) {
		d := NewDisk(seed)
		must(t, d.MkdirAll("/a"))
		for name, text := range map[string]string{"/a/old": "old", "/a/gone": "gone"} {
			f := create(t, d, name)
			write(t, f, []byte(text), 0)
			must(t, f.Sync())
		}
		must(t, d.SyncDir("/a"))
		f := create(t, d, "/a/new.tmp")
		write(t, f, []byte("new"), 0)
		must(t, f.Sync())
		must(t, d.Rename("/a/new.tmp", "/a/old"))
		must(t, d.Remove("/a/gone"))
		d = d.Crash(rng(seed))
		got, err := d.ReadFile("/a/old")
		must(t, err)
		_, err = d.ReadFile("/a/gone")
		if string(got) != "old" && string(got) != "new" {
			t.Fatalf("seed %d: a rename tore: %q", seed, got)
		}
		outcomes[string(got)+map[bool]string{true: "+gone"}[err == nil]]++
	}
	if len(outcomes) != 4 {
		t.Errorf("outcomes %v, want all four", outcomes)
	}
}

// A flush without that of the folder keeps the bytes, not the name.
func TestCrashLosesNamesWithoutSyncDir(t *testing.T) {
	lost := 0
	for seed := range uint64(100) {
		d := NewDisk(seed)
		f := create(t, d, "/f")
		write(t, f, []byte("text"), 0)
		must(t, f.Sync())
		d = d.Crash(rng(seed))
		switch got, err := d.ReadFile("/f"); {
		case err != nil:
			lost++
		case string(got) != "text":
			t.Fatalf("seed %d: flushed bytes are %q", seed, got)
		}
	}
	if lost == 0 || lost == 100 {
		t.Errorf("the name was lost %d times of 100", lost)
	}
}

func TestKillKeepsThePageCache(t *testing.T) {
	d := NewDisk(1)
	f := create(t, d, "/f")
	write(t, f, []byte("text"), 0)
	lock, err := d.Lock("/lock")
	must(t, err)
	_, err = d.Lock("/lock")
	if !errors.Is(err, object.ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	defer lock.Close()
	k := d.Kill()
	if _, err := f.WriteAt([]byte("late"), 0); !errors.Is(err, ErrCrashed) {
		t.Errorf("a killed process writes: %v", err)
	}
	got, err := k.ReadFile("/f")
	if err != nil || string(got) != "text" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err = k.Lock("/lock"); err != nil {
		t.Errorf("the lock of a killed process: %v", err)
	}
	lost := false
	for seed := range uint64(20) {
		again := NewDisk(1)
		write(t, create(t, again, "/f"), []byte("text"), 0)
		_, err := again.Kill().Crash(rng(seed)).ReadFile("/f")
		lost = lost || err != nil
	}
	if !lost {
		t.Error("what was not flushed before a kill survives every crash after it")
	}
}

func TestCrashAt(t *testing.T) {
	for n := 1; ; n++ {
		d := NewDisk(1)
		d.CrashAt(n, 0.5)
		f, err := d.Open("/f", os.O_RDWR|os.O_CREATE)
		if err == nil {
			if _, err = f.WriteAt([]byte("12345678"), 0); err == nil {
				err = f.Sync()
			}
		}
		if err == nil {
			err = d.SyncDir("/")
		}
		if n == 5 {
			must(t, err)
			return
		}
		if !errors.Is(err, ErrCrashed) || !d.IsOff() || d.Calls() != n {
			t.Fatalf("call %d: %v (off: %v, %d calls)", n, err, d.IsOff(), d.Calls())
		}
		if _, err := d.ReadDir("/"); !errors.Is(err, ErrCrashed) {
			t.Fatalf("call %d: a machine that is off reads: %v", n, err)
		}
		if n == 2 {
			if got, _ := d.Kill().ReadFile("/f"); string(got) != "1234" {
				t.Errorf("half of a write left %q", got)
			}
		}
	}
}

func TestFullDisk(t *testing.T) {
	d := NewDisk(1)
	f := create(t, d, "/f")
	d.Limit(1000)
	n, err := f.WriteAt(make([]byte, 1500), 0)
	if n != 1000 || !errors.Is(err, object.ErrNoSpace) {
		t.Errorf("%d, %v", n, err)
	}
	must(t, f.Truncate(500))
	write(t, f, make([]byte, 500), 500)
	if free, _, _ := d.Space("/"); free != 0 {
		t.Errorf("%d bytes free", free)
	}
	must(t, d.Remove("/f"))
	if free, _, _ := d.Space("/"); free != 1000 {
		t.Errorf("%d bytes free after all is removed", free)
	}
}

// A failed flush loses what it should have written, and the next one does not tell.
func TestFailSync(t *testing.T) {
	for _, readable := range []bool{true, false} {
		lost := false
		for seed := range uint64(50) {
			d := NewDisk(seed)
			f := create(t, d, "/f")
			must(t, d.SyncDir("/"))
			write(t, f, []byte("first"), 0)
			must(t, f.Sync())
			write(t, f, []byte("again"), 0)
			d.FailSync(1, readable)
			if err := f.Sync(); !errors.Is(err, ErrFlush) {
				t.Fatal(err)
			}
			b := make([]byte, 5)
			_, err := f.ReadAt(b, 0)
			must(t, err)
			if readable && string(b) != "again" {
				t.Fatalf("reads %q", b)
			}
			must(t, f.Sync())
			got, err := d.Crash(rng(seed)).ReadFile("/f")
			must(t, err)
			lost = lost || string(got) == "first"
		}
		if !lost {
			t.Error("a failed flush never loses anything")
		}
	}
}

func TestClone(t *testing.T) {
	d := NewDisk(1)
	write(t, create(t, d, "/f"), []byte("same"), 0)
	a, b := d.Clone(1), d.Clone(2)
	write(t, create(t, a, "/f"), []byte("A"), 0)
	got, err := b.Crash(rng(1)).ReadFile("/f")
	if err != nil || string(got) != "same" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFile(t *testing.T) {
	d := NewDisk(1)
	f := create(t, d, "/f")
	n, err := f.WritevAt([][]byte{[]byte("one "), []byte("two "), []byte("three")}, 5)
	if n != 13 || err != nil {
		t.Fatal(n, err)
	}
	r, err := f.Section(9, 5)
	must(t, err)
	if _, ok := r.(*io.LimitedReader); !ok {
		t.Errorf("a section is a %T", r)
	}
	got, err := io.ReadAll(r)
	if err != nil || string(got) != "two t" {
		t.Errorf("%q, %v", got, err)
	}
	must(t, f.Truncate(7))
	write(t, f, []byte("x"), 20)
	all, err := d.ReadFile("/f")
	want := append([]byte("\x00\x00\x00\x00\x00on"), make([]byte, 13)...)
	if err != nil || string(all) != string(want)+"x" {
		t.Errorf("%q, %v", all, err)
	}
	must(t, f.Close())
	if _, err := f.ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("a closed file reads")
	}
}
