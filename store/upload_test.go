package store_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cairn/store"
)

func (r *rig) create(p store.Path, size int64) store.Upload {
	r.t.Helper()
	u, err := r.s.CreateUpload(r.t.Context(), r.sc, store.UploadSpec{Path: p, Size: size, Parents: true})
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

func (r *rig) append(u store.Upload, at int64, b io.Reader) (int64, error) {
	return r.s.AppendUpload(r.t.Context(), r.sc, u.ID, 0, at, b)
}

// However it is cut into requests, the same bytes are the same file.
func TestUploadInPieces(t *testing.T) {
	content := noise(7, 2<<20+12345)
	for _, piece := range []int{100_000, 1 << 20, 1<<20 + 1, len(content)} {
		r := newRig(t)
		u := r.create("dir/f", int64(len(content)))
		for at := 0; at < len(content); {
			end := min(at+piece, len(content))
			n, err := r.append(u, int64(at), bytes.NewReader(content[at:end]))
			if err != nil || n != int64(end) {
				t.Fatalf("pieces of %d: at %d: %d, %v", piece, at, n, err)
			}
			if at = end; at == piece { // a restart in the middle
				r.reopen()
			}
		}
		if got := r.read("dir/f"); !bytes.Equal(got, content) {
			t.Fatalf("pieces of %d: other bytes come back", piece)
		}
		got, err := r.s.GetUpload(t.Context(), r.sc, u.ID)
		if err != nil || !got.Finished || got.Version != r.stat("dir/f").Version {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := r.append(u, int64(len(content)), bytes.NewReader(nil)); !errors.Is(err, store.ErrFinished) {
			t.Errorf("an append to a finished upload: %v", err)
		}
		r.clean()
	}
}

func TestUploadRefusals(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	u := r.create("f", 1000)
	other, err := r.s.AddUser(ctx, "eve", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	eve, err := r.s.Home(ctx, other.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.AppendUpload(ctx, eve, u.ID, 0, 0, bytes.NewReader(make([]byte, 10))); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("somebody else's upload: %v", err)
	}
	if _, err := r.s.GetUpload(ctx, eve, u.ID); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("somebody else's upload: %v", err)
	}
	if err := r.s.DropUpload(ctx, eve, u.ID); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("somebody else's upload: %v", err)
	}
	if n, err := r.append(u, 5, bytes.NewReader(nil)); !errors.Is(err, store.ErrOffset) || n != 0 {
		t.Errorf("a wrong offset: %d, %v", n, err)
	}
	broken := errors.New("cable pulled")
	if n, err := r.append(u, 0, failing{bytes.NewReader(make([]byte, 400)), broken}); !errors.Is(err, store.ErrRead) || n != 400 {
		t.Errorf("a broken connection keeps what arrived: %d, %v", n, err)
	}
	// What goes on behind its end, or breaks off there, is kept, and is no file.
	old := r.put("f", []byte("old")).Version
	if n, err := r.append(u, 400, bytes.NewReader(make([]byte, 601))); !errors.Is(err, store.ErrTooLong) || n != 999 {
		t.Errorf("one byte too many: %d, %v", n, err)
	}
	v := r.create("f", 1000)
	if n, err := r.append(v, 0, failing{bytes.NewReader(make([]byte, 1000)), broken}); !errors.Is(err, store.ErrRead) || n != 999 {
		t.Errorf("a connection that breaks behind the last byte: %d, %v", n, err)
	}
	if r.stat("f").Version != old {
		t.Error("an over-long upload has become a file")
	}
	if n, err := r.append(u, 999, bytes.NewReader(make([]byte, 1))); err != nil || n != 1000 {
		t.Errorf("the last byte again: %d, %v", n, err)
	}
	r.clean()
}

// What a silent client has sent is durable soon.
func TestSilentUpload(t *testing.T) {
	r := newRig(t)
	u := r.create("f", 3<<20)
	in, out := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := r.append(u, 0, in)
		done <- err
	}()
	if _, err := out.Write(noise(1, 2<<20+100)); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(3 * time.Second)
	deadline := time.Now().Add(20 * time.Second)
	for {
		got, err := r.s.GetUpload(t.Context(), r.sc, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Offset() == 2<<20+100 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are durable", got.Offset())
		}
		time.Sleep(20 * time.Millisecond)
	}
	out.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	r.clean()
}

// What a commit refuses keeps its bytes, is never called complete, and can be
// committed elsewhere.
func TestUploadRefusedAtTheEnd(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	u := r.create("f", 3<<20)
	content := noise(3, 3<<20)
	if _, err := r.append(u, 0, bytes.NewReader(content[:2<<20])); err != nil {
		t.Fatal(err)
	}
	r.mkdir("f") // in the way
	n, err := r.append(u, 2<<20, bytes.NewReader(content[2<<20:]))
	if !errors.Is(err, store.ErrIsFolder) || n != 3<<20-1 {
		t.Fatalf("%d, %v", n, err)
	}
	r.reopen()
	if n, err = r.append(u, n, bytes.NewReader(content[3<<20-1:])); !errors.Is(err, store.ErrIsFolder) || n != 3<<20-1 {
		t.Fatalf("again: %d, %v", n, err)
	}
	w, err := r.s.FinishUpload(ctx, r.sc, u.ID, "g", -1, store.Conditions{})
	if err != nil || w.Size != 3<<20 || !bytes.Equal(r.read("g"), content) {
		t.Fatalf("elsewhere: %+v, %v", w, err)
	}
	if again, err := r.s.FinishUpload(ctx, r.sc, u.ID, "g", -1, store.Conditions{}); err != nil || again.Version != w.Version {
		t.Errorf("finishing again: %+v, %v", again, err)
	}
	r.clean()
}

func TestUploadOfUnknownLength(t *testing.T) {
	r := newRig(t)
	u := r.create("f", -1)
	content := noise(4, 1<<20+5)
	if n, err := r.append(u, 0, bytes.NewReader(content)); err != nil || n != int64(len(content)) {
		t.Fatal(n, err)
	}
	if _, err := r.s.FinishUpload(t.Context(), r.sc, u.ID, "", int64(len(content))+1, store.Conditions{}); !errors.Is(err, store.ErrIncomplete) {
		t.Errorf("declared longer: %v", err)
	}
	if _, err := r.s.FinishUpload(t.Context(), r.sc, u.ID, "", int64(len(content)), store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.read("f"), content) {
		t.Error("other bytes come back")
	}
	r.clean()
}

func TestUploadSurvivesTheDatabase(t *testing.T) {
	r := newRig(t)
	content := noise(5, 3<<20)
	u := r.create("f", int64(len(content)))
	if _, err := r.append(u, 0, bytes.NewReader(content[:1<<20+777])); err != nil {
		t.Fatal(err)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.dir, "meta.db")); err != nil {
		t.Fatal(err)
	}
	r.open()
	if _, err := r.append(u, 1<<20+777, bytes.NewReader(content[1<<20+777:])); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.read("f"), content) {
		t.Error("other bytes come back")
	}
	r.clean()
}

func TestUploadsExpire(t *testing.T) {
	r := newRig(t)
	u := r.create("f", 10)
	r.clock.advance(8 * 24 * time.Hour)
	r.reopen()
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := r.s.GetUpload(t.Context(), r.sc, u.ID)
		if errors.Is(err, store.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A folder that was removed while a file uploads into it does not come back by itself.
func TestUploadIntoARemovedFolder(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	u, err := r.s.CreateUpload(ctx, r.sc, store.UploadSpec{Path: "d/f", Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.Remove(ctx, r.sc, "d", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if n, err := r.append(u, 0, bytes.NewReader(make([]byte, 10))); !errors.Is(err, store.ErrNoParent) || n != 9 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := r.s.FinishUpload(ctx, r.sc, u.ID, "f", -1, store.Conditions{}); err != nil {
		t.Errorf("elsewhere: %v", err)
	}
	r.clean()
}

// Unfinished uploads count against the quota.
func TestUploadsKeepTheQuota(t *testing.T) {
	r := newRig(t)
	if err := r.s.SetQuota(t.Context(), r.sc.User, 1000); err != nil {
		t.Fatal(err)
	}
	a, b := r.create("a", -1), r.create("b", -1)
	if n, err := r.append(a, 0, bytes.NewReader(make([]byte, 700))); err != nil || n != 700 {
		t.Fatal(n, err)
	}
	if n, err := r.append(b, 0, bytes.NewReader(make([]byte, 5<<20))); !errors.Is(err, store.ErrQuota) || n != 300 {
		t.Errorf("%d, %v; want 300 bytes kept, and no more", n, err)
	}
}

// An upload of nothing is a file as soon as it is made.
func TestEmptyUpload(t *testing.T) {
	r := newRig(t)
	u := r.create("d/empty", 0)
	if !u.Finished || u.Version != r.stat("d/empty").Version {
		t.Errorf("%+v", u)
	}
	r.mkdir("g")
	if _, err := r.s.CreateUpload(t.Context(), r.sc, store.UploadSpec{Path: "g"}); !errors.Is(err, store.ErrIsFolder) {
		t.Errorf("onto a folder: %v", err)
	}
	if us, err := r.s.Uploads(t.Context(), r.sc, 10); err != nil || len(us) != 0 {
		t.Errorf("left over: %v, %v", us, err)
	}
	r.clean()
}

func TestDeclareSize(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	u := r.create("f", -1)
	if n, err := r.append(u, 0, bytes.NewReader(make([]byte, 700))); n != 700 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := r.s.DeclareSize(ctx, r.sc, u.ID, 699); !errors.Is(err, store.ErrTooLong) {
		t.Errorf("less than is there: %v", err)
	}
	if got, err := r.s.DeclareSize(ctx, r.sc, u.ID, 1000); err != nil || got.Finished || got.Offset() != 700 {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := r.s.DeclareSize(ctx, r.sc, u.ID, 1001); !errors.Is(err, store.ErrTooLong) {
		t.Errorf("another size: %v", err)
	}
	if n, err := r.append(u, 700, bytes.NewReader(make([]byte, 300))); n != 1000 || err != nil {
		t.Fatal(n, err)
	}
	v := r.create("g", -1)
	if n, err := r.append(v, 0, bytes.NewReader(make([]byte, 5))); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	if got, err := r.s.DeclareSize(ctx, r.sc, v.ID, 5); err != nil || !got.Finished || r.stat("g").Size != 5 {
		t.Errorf("the size that is there commits: %+v, %v", got, err)
	}
	// A commit that is refused leaves the upload below its size.
	w := r.create("h", -1)
	if n, err := r.append(w, 0, bytes.NewReader(make([]byte, 5))); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	r.mkdir("h")
	if _, err := r.s.DeclareSize(ctx, r.sc, w.ID, 5); !errors.Is(err, store.ErrIsFolder) {
		t.Errorf("onto a folder: %v", err)
	}
	if got, err := r.s.GetUpload(ctx, r.sc, w.ID); err != nil || got.Finished || got.Size != -1 || got.Offset() != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	// Of no bytes too: else its offset would be its size, with no file there.
	r.mkdir("d")
	z, err := r.s.CreateUpload(ctx, r.sc, store.UploadSpec{Path: "d/f", Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.Remove(ctx, r.sc, "d", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.DeclareSize(ctx, r.sc, z.ID, 0); !errors.Is(err, store.ErrNoParent) {
		t.Errorf("nothing, into a folder that is gone: %v", err)
	}
	if got, err := r.s.GetUpload(ctx, r.sc, z.ID); err != nil || got.Finished || got.Size != -1 {
		t.Errorf("%+v, %v", got, err)
	}
	r.clean()
}

// A digest that was announced is checked over all requests and restarts.
func TestUploadDigest(t *testing.T) {
	content := noise(9, 1<<20+999)
	sum := func(b []byte) map[string][]byte {
		s1, s2, m, a := sha1.Sum(b), sha256.Sum256(b), md5.Sum(b), adler32.Checksum(b)
		return map[string][]byte{"sha1": s1[:], "sha256": s2[:], "md5": m[:], "adler32": binary.BigEndian.AppendUint32(nil, a)}
	}
	r := newRig(t)
	for algorithm, want := range sum(content) {
		for _, right := range []bool{true, false} {
			u, err := r.s.CreateUpload(t.Context(), r.sc, store.UploadSpec{Path: "f", Size: int64(len(content)),
				Digest: store.Digest{Algorithm: algorithm, Sum: want}})
			if err != nil {
				t.Fatal(err)
			}
			sent := bytes.Clone(content)
			if !right {
				sent[3]++
			}
			old := r.put("f", []byte("old")).Version
			for at, i := int64(0), 0; at < int64(len(sent)); i++ {
				end := min(at+400_000, int64(len(sent)))
				at, err = r.append(u, at, bytes.NewReader(sent[at:end]))
				if i == 1 {
					r.reopen()
				}
				if err != nil {
					break
				}
			}
			if right && (err != nil || !bytes.Equal(r.read("f"), content)) {
				t.Errorf("%s: %v", algorithm, err)
			}
			if !right {
				if !errors.Is(err, store.ErrDigest) || r.stat("f").Version != old {
					t.Errorf("%s: other bytes are taken: %v", algorithm, err)
				}
				if _, err := r.s.GetUpload(t.Context(), r.sc, u.ID); !errors.Is(err, store.ErrNotExist) {
					t.Errorf("%s: the wrong bytes are kept: %v", algorithm, err)
				}
			}
		}
	}
	for _, d := range []store.Digest{{Algorithm: "crc", Sum: []byte{1}}, {Algorithm: "sha1", Sum: []byte{1}}} {
		if _, err := r.s.CreateUpload(t.Context(), r.sc, store.UploadSpec{Path: "x", Size: 1, Digest: d}); !errors.Is(err, store.ErrDigest) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	r.clean()
}

// Only the folders below the base are made; one that was removed meanwhile is not.
func TestUploadBase(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	spec := store.UploadSpec{Path: "base/a/b/f", Base: "base", Parents: true, Size: 2}
	if _, err := r.s.CreateUpload(ctx, r.sc, spec); !errors.Is(err, store.ErrNoParent) {
		t.Errorf("no base: %v", err)
	}
	r.mkdir("base")
	u, err := r.s.CreateUpload(ctx, r.sc, spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.Remove(ctx, r.sc, "base", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if n, err := r.append(u, 0, bytes.NewReader([]byte("ab"))); n != 1 || !errors.Is(err, store.ErrNoParent) {
		t.Errorf("the base is gone: %d, %v", n, err)
	}
	r.mkdir("base")
	if n, err := r.append(u, 1, bytes.NewReader([]byte("b"))); n != 2 || err != nil || string(r.read("base/a/b/f")) != "ab" {
		t.Errorf("the base is back: %d, %v", n, err)
	}
	r.clean()
}
