package object_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/store/object"
)

func atomically(fsys object.FS, path string) error {
	return object.WriteFileAtomic(fsys, path, []byte("twelve bytes"))
}

func wantTrace(t *testing.T, got, want string) {
	t.Helper()
	want = strings.TrimLeft(strings.ReplaceAll(want, "  ", "\t"), "\n")
	if got != want {
		t.Errorf("trace:\n%swant:\n%s", got, want)
	}
}

func TestRecorder(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	r := object.NewRecorder(object.OS(), dir, &out, object.RecorderOptions{})
	if err := r.MkdirAll(filepath.Join(dir, "a/b")); err != nil {
		t.Fatal(err)
	}
	if err := atomically(r, filepath.Join(dir, "a/b/f")); err != nil {
		t.Fatal(err)
	}
	func() {
		f, err := r.Open(filepath.Join(dir, "a/b/f"), os.O_RDWR)
		if err != nil {
			t.Fatal(err)
		}
		f.WritevAt([][]byte{[]byte("abc"), nil, []byte("d")}, 7)
		f.Truncate(9)
		f.Close()
	}()
	r.Event("COMMIT")
	r.Remove(filepath.Join(dir, "gone"))
	got := out.String()
	got = got[:strings.Index(got, " !")] + "\n"
	wantTrace(t, got, `
mkdir a  object_test.TestRecorder
syncdir .  object_test.TestRecorder
mkdir a/b  object_test.TestRecorder
syncdir a  object_test.TestRecorder
create a/b/f.tmp  object_test.atomically
write a/b/f.tmp 12 @0  object_test.atomically
sync a/b/f.tmp  object_test.atomically
rename a/b/f.tmp a/b/f  object_test.atomically
syncdir a/b  object_test.atomically
write a/b/f 3+1 @7  object_test.TestRecorder
truncate a/b/f 9  object_test.TestRecorder
COMMIT
remove gone  object_test.TestRecorder
`)
}

func TestSkippedSiteLeavesNoLine(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	f := object.NewFaults(object.NewRecorder(object.OS(), dir, &out, object.RecorderOptions{NoSizes: true, Begin: true}))
	f.SkipSite("sync object_test.atomically")
	if err := atomically(f, filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	wantTrace(t, out.String(), `
create f.tmp  object_test.atomically
write f.tmp  object_test.atomically
rename f.tmp f  object_test.atomically
begin syncdir .  object_test.atomically
syncdir .  object_test.atomically
`)
	want := map[string]int{"sync object_test.atomically": 1, "syncdir object_test.atomically": 1}
	if got := f.Sites(); !maps.Equal(got, want) {
		t.Errorf("sites: got %v, want %v", got, want)
	}
	out.Reset()
	f.SkipSite("object_test.atomically")
	if err := atomically(f, filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "sync") {
		t.Errorf("a flush was made:\n%s", out.String())
	}
}

func TestFaults(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	f := object.NewFaults(object.OS())
	f.Fail(object.OpSync, 2, object.ErrNoSpace)
	if err := atomically(f, path); err != nil {
		t.Fatalf("first: %v", err)
	}
	if n := len(f.Pending()); n != 1 {
		t.Errorf("%d rules pending, want 1", n)
	}
	if err := atomically(f, path); !errors.Is(err, object.ErrNoSpace) {
		t.Errorf("second: got %v, want ErrNoSpace", err)
	}
	if err := atomically(f, path); err != nil || len(f.Pending()) != 0 {
		t.Errorf("third: %v, pending %v", err, f.Pending())
	}
	if _, err := os.Stat(path + ".tmp"); err == nil {
		t.Error("the temporary file is still there")
	}

	file, err := f.Open(path, os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f.Add(object.Rule{Op: object.OpWrite, Keep: 4, Path: "f", Site: "object_test.TestFaults"})
	if n, err := file.WritevAt([][]byte{[]byte("abc"), []byte("def")}, 0); n != 4 || !errors.Is(err, object.ErrInjected) {
		t.Errorf("short write: %d, %v", n, err)
	}
	if n, err := file.WriteAt([]byte("xyz"), 9); n != 3 || err == nil {
		t.Errorf("short write: %d, %v", n, err)
	}
	f.Clear()
	if got, err := f.ReadFile(path); string(got) != "abcdve byxyz" || err != nil {
		t.Errorf("file: %q, %v", got, err)
	}
	f.Delay(object.OpSync, 20*time.Millisecond)
	begin := time.Now()
	if err := file.Sync(); err != nil || time.Since(begin) < 20*time.Millisecond {
		t.Errorf("delayed sync: %v after %v", err, time.Since(begin))
	}
}
