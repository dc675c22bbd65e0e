package object_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"cairn/store/object"
)

func TestWritevAt(t *testing.T) {
	f, err := object.OS().Open(filepath.Join(t.TempDir(), "f"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var bufs [][]byte
	for i := range 2500 { // more than IOV_MAX
		bufs = append(bufs, bytes.Repeat([]byte{byte(i)}, i%5))
	}
	for _, n := range []int{256 << 10, 256<<10 - 1, 1<<20 + 7, 3} { // more than one call takes
		bufs = append(bufs, bytes.Repeat([]byte{byte(n), 1, 2}, n/3+1))
	}
	want := bytes.Join(bufs, nil)
	n, err := f.WritevAt(bufs, 10)
	if n != len(want) || err != nil {
		t.Fatalf("WritevAt: %d, %v; want %d", n, err, len(want))
	}
	if size, _ := f.Size(); size != int64(len(want)+10) {
		t.Errorf("size %d", size)
	}
	got := make([]byte, len(want))
	if _, err := f.ReadAt(got, 10); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read back: %v", err)
	}
	r, err := f.Section(12, 100)
	if err != nil {
		t.Fatal(err)
	}
	lr, ok := r.(*io.LimitedReader)
	if !ok {
		t.Fatalf("Section is a %T, which sendfile does not take", r)
	}
	if _, ok := lr.R.(*os.File); !ok {
		t.Errorf("Section reads a %T, which sendfile does not take", lr.R)
	}
	if part, err := io.ReadAll(r); err != nil || !bytes.Equal(part, want[2:102]) {
		t.Errorf("section: %v", err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := object.OS().Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := object.OS().Lock(path); !errors.Is(err, object.ErrLocked) {
		t.Errorf("second lock: got %v, want ErrLocked", err)
	}
	held.Close()
	again, err := object.OS().Lock(path)
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	again.Close()
}

func TestFolders(t *testing.T) {
	fsys, dir := object.OS(), t.TempDir()
	if err := fsys.MkdirAll(filepath.Join(dir, "a/b/c")); err != nil {
		t.Fatal(err)
	}
	if err := fsys.MkdirAll(filepath.Join(dir, "a/b/c")); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := object.WriteFileAtomic(fsys, filepath.Join(dir, "a/f"), []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := object.WriteFileAtomic(fsys, filepath.Join(dir, "a/f"), []byte("newer")); err != nil {
		t.Fatal(err)
	}
	if got, err := fsys.ReadFile(filepath.Join(dir, "a/f")); string(got) != "newer" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	got, err := fsys.ReadDir(filepath.Join(dir, "a"))
	if err != nil || len(got) != 2 || got[0] != (object.Entry{Name: "b", Dir: true}) || got[1] != (object.Entry{Name: "f", Size: 5}) {
		t.Errorf("ReadDir: %v, %v", got, err)
	}
	if _, err := fsys.Open(filepath.Join(dir, "x"), os.O_RDONLY); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open: %v", err)
	}
	if free, total, err := fsys.Space(dir); err != nil || free <= 0 || total < free {
		t.Errorf("space: %d of %d, %v", free, total, err)
	}
}
