package store

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"cairn/store/object"
)

// smallDisk is the file system with so much room for packs.
type smallDisk struct {
	object.FS
	dir string
	cap *atomic.Int64
}

func (d smallDisk) used() (n int64) {
	filepath.WalkDir(filepath.Join(d.dir, "packs"), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if fi, err := e.Info(); err == nil {
				n += fi.Size()
			}
		}
		return nil
	})
	if fi, err := os.Stat(filepath.Join(d.dir, "ballast")); err == nil {
		n += fi.Size()
	}
	return n
}
func (d smallDisk) Space(string) (free, total int64, err error) {
	return max(0, d.cap.Load()-d.used()), d.cap.Load(), nil
}
func (d smallDisk) Open(path string, flag int) (object.File, error) {
	f, err := d.FS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	return smallFile{f, d}, nil
}

type smallFile struct {
	object.File
	d smallDisk
}

func (f smallFile) room(off, n int64) error {
	size, err := f.Size()
	if grow := off + n - size; err == nil && grow > 0 && f.d.used()+grow > f.d.cap.Load() {
		return fmt.Errorf("%w (small disk)", object.ErrNoSpace)
	}
	return err
}
func (f smallFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.room(off, int64(len(p))); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}
func (f smallFile) WritevAt(bufs [][]byte, off int64) (int, error) {
	var n int64
	for _, b := range bufs {
		n += int64(len(b))
	}
	if err := f.room(off, n); err != nil {
		return 0, err
	}
	return f.File.WritevAt(bufs, off)
}
func (f smallFile) Allocate(off, n int64) error {
	if err := f.room(off, n); err != nil {
		return err
	}
	return f.File.Allocate(off, n)
}

// A collection on a disk that is nearly full leaves room for commits, and so for deletions
// and for what it gives back itself.
func TestGCNearlyFullDisk(t *testing.T) {
	for _, ballast := range []int64{0, 64 << 20} {
		t.Run(fmt.Sprint("ballast ", ballast>>20), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			var room atomic.Int64
			room.Store(1 << 40)
			d := smallDisk{object.OS(), dir, &room}
			s, sc := opened(t, Options{Dir: dir, FS: d, UnsafeFS: true, Ballast: ballast})
			// Rows of some 30 MB, and as much in commits.
			for i := range 500 {
				if _, err := s.CreateUpload(t.Context(), sc, UploadSpec{Path: Path(fmt.Sprint("u", i)), Size: 10, Meta: bytes.Repeat([]byte{1}, 60<<10)}); err != nil {
					t.Fatal(err)
				}
			}
			// What can be given back.
			big := make([]byte, 100<<20)
			rand.NewChaCha8([32]byte{}).Read(big)
			w, err := s.Put(t.Context(), sc, "big", bytes.NewReader(big), PutOptions{Size: int64(len(big))})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Put(t.Context(), sc, "keep", bytes.NewReader(big[:1<<20]), PutOptions{Size: 1 << 20}); err != nil {
				t.Fatal(err)
			}
			if err := s.Remove(t.Context(), sc, "big", Conditions{}); err != nil {
				t.Fatal(err)
			}
			if ballast == 0 { // else there is nothing to be given back the first time
				if err := s.Purge(t.Context(), sc, w.ID); err != nil {
					t.Fatal(err)
				}
			}
			room.Store(d.used() + 20<<20) // more than a commit needs
			for i := range 3 {
				c, err := s.GC(t.Context(), GCOptions{})
				free, _, _ := d.Space("")
				if err != nil || free < commitReserve {
					t.Errorf("gc %d: %+v, %v; free %d KiB", i, c, err, free>>10)
				}
				if i == 0 && ballast > 0 {
					if err := s.Purge(t.Context(), sc, w.ID); err != nil {
						t.Error(err)
					}
				}
			}
			if err := s.Remove(t.Context(), sc, "keep", Conditions{}); err != nil {
				t.Error(err)
			}
		})
	}
}
