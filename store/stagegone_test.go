package store

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"cairn/store/meta"
)

// A page that a copy has read ahead, of a folder that is deleted for good meanwhile, is not
// what the folder holds when the copy is made: a collection may have seen that dead.
func TestCopyOfWhatIsPurged(t *testing.T) {
	s, sc := opened(t, Options{Dir: t.TempDir(), UnsafeFS: true, PackBytes: 1 << 20, MemoryBudget: 64 << 20})
	for _, d := range []Path{"a", "a/b"} {
		if _, err := s.Mkdir(t.Context(), sc, d, Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.NewChaCha8([32]byte{1})
	for i := range 700 {
		b := make([]byte, 4000)
		rng.Read(b)
		if _, err := s.Put(t.Context(), sc, Path(fmt.Sprintf("a/b/%04d", i)), bytes.NewReader(b), PutOptions{Size: 4000}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := s.Stat(t.Context(), sc, "a/b")
	if err != nil {
		t.Fatal(err)
	}
	// readTree is that far ahead …
	var page kids
	err = s.db.View(t.Context(), func(r *meta.Reader) (err error) { page, err = readKids(r, branch{from: b.ID}); return err })
	if err != nil || len(page.nodes) == 0 {
		t.Fatal(err, len(page.nodes))
	}
	// … when the folder is deleted, and deleted for good: the first transaction of Purge.
	if err := s.Remove(t.Context(), sc, "a/b", Conditions{}); err != nil {
		t.Fatal(err)
	}
	more := false
	err = s.freeing(t.Context(), func(tx *meta.Tx) error {
		tr, _, err := tx.Trashed(b.ID)
		if err != nil {
			return err
		}
		d := s.dropper(tx)
		if _, err := d.trashed(tr); err != nil {
			return err
		}
		more, err = d.gone()
		return err
	})
	if err != nil || !more {
		t.Fatal(err, more)
	}
	c, err := s.GC(t.Context(), GCOptions{Full: true})
	if err != nil || c.Dropped+c.Compacted == 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	// The copy goes on.
	err = s.db.Commit(t.Context(), nil, func(tx *meta.Tx) (err error) {
		_, _, err = stageSome(tx, sc, []branch{{from: b.ID, to: sc.Root}}, []kids{page})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	root := sc
	list, err := s.List(t.Context(), root, "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	bad, files := 0, 0
	for _, n := range list {
		if n.IsFolder() {
			continue
		}
		files++
		f, err := s.Open(t.Context(), root, Path(n.Name))
		if err == nil {
			_, err = io.Copy(io.Discard, io.NewSectionReader(f, 0, n.Size))
			f.Close()
		}
		if err != nil {
			if bad++; bad < 3 {
				t.Log(n.Name, err)
			}
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d copied files cannot be read", bad, files)
	}
}
