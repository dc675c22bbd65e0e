package store_test

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"io"
	"testing"

	"cairn/store"
	"cairn/store/object"
)

// crumbs reads a little at a time.
type crumbs struct{ r io.Reader }

func (c crumbs) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), 1000)]) }

// A disk that is full in the middle of a read leaves digest and offset in agreement:
// the rest, sent later, makes the file.
func TestUploadDigest_fullDisk(t *testing.T) {
	r := newRig(t)
	r.s.Close()
	faults := object.NewFaults(object.OS())
	r.fs = faults
	r.open()
	content := noise(9, 3<<20+999)
	sum := sha1.Sum(content)
	u, err := r.s.CreateUpload(t.Context(), r.sc, store.UploadSpec{Path: "f", Size: int64(len(content)),
		Digest: store.Digest{Algorithm: "sha1", Sum: sum[:]}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := r.append(u, 0, bytes.NewReader(content[:700_001]))
	if err != nil {
		t.Fatal(err)
	}
	faults.Add(object.Rule{Op: object.OpWrite, Nth: 1, Err: object.ErrNoSpace})
	if n, err = r.append(u, n, crumbs{bytes.NewReader(content[n:])}); !errors.Is(err, store.ErrNoSpace) {
		t.Fatalf("%d, %v", n, err)
	}
	faults.Clear()
	if n, err = r.append(u, n, bytes.NewReader(content[n:])); err != nil || n != int64(len(content)) {
		t.Fatalf("the rest: %d, %v", n, err)
	}
	if !bytes.Equal(r.read("f"), content) {
		t.Error("other bytes come back")
	}
}
