package object_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"cairn/store/object"
	"cairn/store/slab"
)

// What is read past the cache is what was written, to the last odd byte, and also where
// the file system, or the caller's memory, does not lend itself to that.
func TestOpenDirect(t *testing.T) {
	want := make([]byte, 100_001)
	rand.NewChaCha8([32]byte{}).Read(want)
	for name, dir := range map[string]string{"disk": t.TempDir(), "memory": memoryDir(t)} {
		path := filepath.Join(dir, "f")
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		buf, err := slab.Map(1 << 16)
		if err != nil {
			t.Fatal(err)
		}
		defer slab.Unmap(buf)
		for at, buf := range map[string][]byte{"aligned": buf, "odd": make([]byte, 1<<16+1)[1:]} {
			f, err := object.OpenDirect(object.OS(), path)
			if err != nil {
				t.Fatal(err)
			}
			for off := 0; off <= 1<<17; off += 4 * object.DirectBytes {
				n, err := f.ReadAt(buf, int64(off))
				left := want[min(off, len(want)):]
				if !bytes.Equal(buf[:n], left[:min(len(left), len(buf))]) || (err != nil) != (len(left) < len(buf)) || err != nil && !errors.Is(err, io.EOF) {
					t.Errorf("%s, %s, at %d: %d bytes, %v", name, at, off, n, err)
				}
			}
			f.Close()
		}
	}
	if _, err := object.OpenDirect(object.OS(), "/nowhere"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("/nowhere: %v", err)
	}
	f, err := object.OpenDirect(object.NewFaults(object.OS()), os.Args[0])
	if err != nil {
		t.Fatalf("through a layer that does not know it: %v", err)
	}
	f.Close()
}

// memoryDir is a folder in a tmpfs.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "cairn-direct-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
