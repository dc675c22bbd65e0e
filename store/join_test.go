package store_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"cairn/store"
)

func (r *rig) partial(content []byte, pieces ...int) store.Upload {
	r.t.Helper()
	u, err := r.s.CreateUpload(r.t.Context(), r.sc, store.UploadSpec{Partial: true, Size: int64(len(content))})
	if err != nil {
		r.t.Fatal(err)
	}
	at := 0
	for _, end := range append(pieces, len(content)) {
		if n, err := r.append(u, int64(at), bytes.NewReader(content[at:end])); err != nil || n != int64(end) {
			r.t.Fatalf("%d, %v", n, err)
		}
		at = end
	}
	return u
}

// Parts become a file without a byte of them being laid again, in any order they are named,
// with a long manifest too; and gc leaves what is joined alone.
func TestJoin(t *testing.T) {
	r := newRig(t)
	content := noise(5, 6<<20)
	a, b := r.partial(content[:2<<20], 100, 1<<20), r.partial(content[2<<20:], 3<<20)
	r.reopen()
	u, err := r.s.JoinUploads(t.Context(), r.sc, store.UploadSpec{Path: "f"}, []store.UploadID{a.ID, b.ID})
	if err != nil || !u.Finished || u.Size != int64(len(content)) {
		t.Fatalf("%+v, %v", u, err)
	}
	if !bytes.Equal(r.read("f"), content) || u.Version != r.stat("f").Version {
		t.Fatal("other bytes come back")
	}
	v, err := r.s.JoinUploads(t.Context(), r.sc, store.UploadSpec{Path: "f"}, []store.UploadID{a.ID, b.ID})
	if err != nil || v.ID != u.ID || v.Version != u.Version {
		t.Errorf("again: %+v, %v", v, err)
	}
	for what, q := range map[string]struct {
		path  store.Path
		parts []store.UploadID
	}{"elsewhere": {"g", []store.UploadID{a.ID, b.ID}}, "in another order": {"f", []store.UploadID{b.ID, a.ID}}, "some of them": {"f", []store.UploadID{a.ID}}} {
		if _, err := r.s.JoinUploads(t.Context(), r.sc, store.UploadSpec{Path: q.path}, q.parts); !errors.Is(err, store.ErrFinished) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := r.append(a, 2<<20, bytes.NewReader(nil)); !errors.Is(err, store.ErrFinished) {
		t.Errorf("an append to a part that was joined: %v", err)
	}
	for _, id := range []store.UploadID{a.ID, b.ID, u.ID} {
		if err := r.s.DropUpload(t.Context(), r.sc, id); err != nil {
			t.Error(err)
		}
	}
	r.gc(store.GCOptions{Full: true})
	r.reopen()
	if !bytes.Equal(r.read("f"), content) {
		t.Fatal("after gc other bytes come back")
	}
	r.clean()
}

// What is being joined is nobody else's meanwhile, and what a commit refuses changes nothing.
func TestJoin_refused(t *testing.T) {
	r := newRig(t)
	a := r.partial([]byte("hello"))
	spec := store.UploadSpec{Path: "f", Conditions: store.Conditions{IfMatch: []string{"*"}}}
	ids := []store.UploadID{a.ID}
	if _, err := r.s.JoinUploads(t.Context(), r.sc, spec, ids); !errors.Is(err, store.ErrPrecondition) {
		t.Error(err)
	}
	eve := r.another("eve")
	if _, err := r.s.JoinUploads(t.Context(), eve, store.UploadSpec{Path: "f"}, ids); !errors.Is(err, store.ErrNotExist) {
		t.Error(err)
	}
	for what, ids := range map[string][]store.UploadID{"none": nil, "too many": make([]store.UploadID, store.MaxJoined+1)} {
		if _, err := r.s.JoinUploads(t.Context(), r.sc, store.UploadSpec{Path: "f"}, ids); !errors.Is(err, store.ErrIncomplete) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := r.s.JoinUploads(t.Context(), r.sc, store.UploadSpec{Path: "f"}, ids); err != nil || string(r.read("f")) != "hello" {
		t.Error(err)
	}
	r.clean()
}

func sha(b []byte) store.Digest {
	sum := sha256.Sum256(b)
	return store.Digest{Algorithm: "sha256", Sum: sum[:]}
}

// Bytes that come with a digest count all, or not at all; also the last ones, whose commit
// was refused before.
func TestAppendChecked(t *testing.T) {
	r := newRig(t)
	content := noise(8, 3<<20)
	u := r.create("f", int64(len(content)))
	half := content[:1<<20]
	check := func(what string, at int64, b io.Reader, sum store.Digest, want int64, is error) {
		t.Helper()
		n, err := r.s.AppendChecked(t.Context(), r.sc, u.ID, 0, at, b, sum)
		if n != want || !errors.Is(err, is) {
			t.Errorf("%s: %d, %v", what, n, err)
		}
		if got, err := r.s.GetUpload(t.Context(), r.sc, u.ID); err != nil || got.Offset() != want {
			t.Errorf("%s: the upload is at %d (%v)", what, got.Offset(), err)
		}
	}
	cable := errors.New("cable pulled")
	check("wrong", 0, bytes.NewReader(half), sha(content), 0, store.ErrDigest)
	check("cut", 0, failing{bytes.NewReader(half), cable}, sha(half), 0, store.ErrRead)
	check("of what algorithm", 0, bytes.NewReader(half), store.Digest{Algorithm: "x"}, 0, store.ErrDigest)
	check("right", 0, bytes.NewReader(half), sha(half), 1<<20, nil)
	rest := content[1<<20:]
	check("one too many", 1<<20, bytes.NewReader(append(rest[:len(rest):len(rest)], 'x')), sha(rest), 1<<20, store.ErrTooLong)
	r.mkdir("f") // in the way
	check("refused", 1<<20, bytes.NewReader(rest), sha(rest), int64(len(content))-1, store.ErrIsFolder)
	if err := r.s.Remove(t.Context(), r.sc, "f", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	last := rest[len(rest)-1:]
	check("the last again, wrong", int64(len(content))-1, bytes.NewReader(last), sha(rest), int64(len(content))-1, store.ErrDigest)
	check("the last again", int64(len(content))-1, bytes.NewReader(last), sha(last), int64(len(content)), nil)
	if !bytes.Equal(r.read("f"), content) {
		t.Error("other bytes come back")
	}
	r.clean()
}
