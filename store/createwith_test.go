package store_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"cairn/store"
)

// with is CreateWith, and the upload that there is then, if any.
func (r *rig) with(spec store.UploadSpec, b io.Reader) (store.Upload, int64, error) {
	r.t.Helper()
	spec.ID = store.NewUploadID()
	n, err := r.s.CreateWith(r.t.Context(), r.sc, spec, b)
	u, err2 := r.s.GetUpload(r.t.Context(), r.sc, spec.ID)
	if err2 != nil && !errors.Is(err2, store.ErrNotExist) {
		r.t.Fatal(err2)
	}
	return u, n, err
}

// The bytes of a small file that come with its creation are the file, in one transaction.
func TestCreateWith(t *testing.T) {
	r := newRig(t)
	content := noise(31, 300_000)
	before, err := r.s.SyncPoint(t.Context(), r.sc)
	if err != nil {
		t.Fatal(err)
	}
	u, n, err := r.with(store.UploadSpec{Path: "d/f", Size: 300_000, Parents: true, Meta: []byte("m")}, bytes.NewReader(content))
	if err != nil || n != 300_000 || !u.Finished || u.Version != r.stat("d/f").Version || string(u.Meta) != "m" {
		t.Fatalf("%+v, %d, %v", u, n, err)
	}
	if got := r.read("d/f"); !bytes.Equal(got, content) {
		t.Error("other bytes come back")
	}
	if after, err := r.s.SyncPoint(t.Context(), r.sc); err != nil || after == before {
		t.Errorf("nothing is told of it: %v", err)
	}
	r.reopen()
	if got, err := r.s.GetUpload(t.Context(), r.sc, u.ID); err != nil || !got.Finished || got.Node != u.Node {
		t.Errorf("after a restart: %+v, %v", got, err)
	}
	if us, err := r.s.Uploads(t.Context(), r.sc, 10); err != nil || len(us) != 0 {
		t.Errorf("left over: %v, %v", us, err)
	}
	r.clean()
}

// What is refused before the first byte leaves nothing; what is refused behind the last one,
// or breaks off, leaves an upload that goes on.
func TestCreateWith_refused(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.put("taken", []byte("old"))
	r.mkdir("dir")
	content := noise(32, 1000)
	free := store.Conditions{IfNoneMatch: []string{"*"}}
	more := noise(33, 20_000) // of fewer, some questions are asked at the end only
	for _, c := range []struct {
		spec store.UploadSpec
		want error
	}{
		{store.UploadSpec{Path: "taken", Size: 20_000, Conditions: free}, store.ErrPrecondition},
		{store.UploadSpec{Path: "dir", Size: 20_000}, store.ErrIsFolder},
		{store.UploadSpec{Path: "no/where", Size: 20_000}, store.ErrNoParent},
		{store.UploadSpec{Path: "f", Size: store.MaxWith}, store.ErrTooLong},
		{store.UploadSpec{Path: "f", Size: 0}, store.ErrTooLong},
		{store.UploadSpec{Path: "f", Size: -1}, store.ErrTooLong},
		{store.UploadSpec{Size: 20_000, Partial: true}, store.ErrTooLong},
		{store.UploadSpec{Path: "f", Size: 20_000, Meta: make([]byte, store.MaxUploadMeta+1)}, store.ErrPropsTooLarge},
	} {
		if u, n, err := r.with(c.spec, bytes.NewReader(more)); !errors.Is(err, c.want) || n != 0 || u.ID != (store.UploadID{}) {
			t.Errorf("%+v: %d, %v, %+v", c.spec, n, err, u)
		}
	}
	wrong := sha256.Sum256([]byte("another"))
	spec := store.UploadSpec{Path: "f", Size: 1000, Digest: store.Digest{Algorithm: "sha256", Sum: wrong[:]}}
	if u, _, err := r.with(spec, bytes.NewReader(content)); !errors.Is(err, store.ErrDigest) || u.ID != (store.UploadID{}) {
		t.Errorf("a wrong digest: %v, %+v", err, u)
	}

	gone := errors.New("cable pulled")
	u, n, err := r.with(store.UploadSpec{Path: "f", Size: 1000}, failing{bytes.NewReader(content[:400]), gone})
	if !errors.Is(err, store.ErrRead) || n != 400 || u.Offset() != 400 || u.Finished {
		t.Fatalf("a broken connection: %d, %v, %+v", n, err, u)
	}
	if n, err := r.append(u, 400, bytes.NewReader(content[400:])); err != nil || n != 1000 || !bytes.Equal(r.read("f"), content) {
		t.Errorf("and the rest: %d, %v", n, err)
	}
	u, n, err = r.with(store.UploadSpec{Path: "short", Size: 1000}, bytes.NewReader(content[:999]))
	if err != nil || n != 999 || u.Offset() != 999 || u.Finished {
		t.Errorf("less than was announced: %d, %v, %+v", n, err, u)
	}
	u, n, err = r.with(store.UploadSpec{Path: "long", Size: 999}, bytes.NewReader(content))
	if !errors.Is(err, store.ErrTooLong) || n != 998 || u.Finished {
		t.Errorf("more than was announced: %d, %v, %+v", n, err, u)
	}
	if u, n, err = r.with(store.UploadSpec{Path: "none", Size: 999}, failing{bytes.NewReader(nil), gone}); !errors.Is(err, store.ErrRead) || n != 0 || u.ID != (store.UploadID{}) {
		t.Errorf("nothing of it: %d, %v, %+v", n, err, u)
	}

	// Somebody takes the name while the bytes come.
	in, out := io.Pipe()
	spec = store.UploadSpec{ID: store.NewUploadID(), Path: "mine", Size: 1000, Conditions: free}
	said := make(chan error)
	go func() {
		n, err := r.s.CreateWith(ctx, r.sc, spec, in)
		if n != 999 {
			t.Errorf("refused at %d", n)
		}
		said <- err
	}()
	out.Write(content[:500])
	theirs := r.put("mine", []byte("theirs"))
	out.Write(content[500:])
	out.Close()
	if err := <-said; !errors.Is(err, store.ErrPrecondition) || r.stat("mine").Version != theirs.Version {
		t.Errorf("a name that was taken meanwhile: %v", err)
	}
	if w, err := r.s.FinishUpload(ctx, r.sc, spec.ID, "other", -1, store.Conditions{}); err != nil || w.Size != 1000 || !bytes.Equal(r.read("other"), content) {
		t.Errorf("committed elsewhere: %+v, %v", w, err)
	}
	r.clean()
}

// The quota counts what others of the account are bringing.
func TestCreateWith_quota(t *testing.T) {
	r := newRig(t)
	if err := r.s.SetQuota(t.Context(), r.sc.User, 10_000); err != nil {
		t.Fatal(err)
	}
	a := r.create("a", 6000)
	if _, err := r.append(a, 0, bytes.NewReader(noise(1, 5000))); err != nil {
		t.Fatal(err)
	}
	if u, n, err := r.with(store.UploadSpec{Path: "b", Size: 5000}, bytes.NewReader(noise(2, 5000))); !errors.Is(err, store.ErrQuota) || n != 0 || u.ID != (store.UploadID{}) {
		t.Errorf("%d, %v, %+v", n, err, u)
	}
	if _, n, err := r.with(store.UploadSpec{Path: "b", Size: 4000}, bytes.NewReader(noise(2, 4000))); err != nil || n != 4000 {
		t.Errorf("%d, %v", n, err)
	}
	r.clean()
}
