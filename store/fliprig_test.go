package store_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/meta"
)

// image is the files of a data folder by their paths in it. Read only.
type image map[string][]byte

// largeBytes is a file of two chunks or more.
const largeBytes = 2500 << 10

// flipRig is a small store with something of everything.
type flipRig struct {
	*rig
	upload store.Upload
	rest   []byte // of the upload
	ses    [32]byte
}

func newFlipRig(t *testing.T) *flipRig {
	r := &flipRig{rig: newRig(t), ses: [32]byte{7}}
	ctx := t.Context()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	u, err := r.s.UserByName(ctx, "ada")
	do(err)
	_, err = r.s.AddAppPassword(ctx, u.ID, "phone", [32]byte{9})
	do(err)
	do(r.s.AddSession(ctx, store.Session{Hash: r.ses, User: u.ID, Token: [32]byte{8}, Epoch: u.Epoch,
		Created: r.clock.now(), Expires: r.clock.now().Add(1e6 * time.Hour)}))
	for i := range 6 {
		r.put(store.Path(fmt.Sprintf("small%d", i)), noise(uint64(i), 100+i*37))
	}
	r.put("empty", nil)
	r.put("text", hex.AppendEncode(nil, noise(49, 12_000)))
	r.put("large", noise(50, largeBytes))
	r.put("small1", noise(51, 3000))
	r.put("small1", noise(52, 70))
	r.mkdir("d")
	r.mkdir("d/e")
	r.put("d/e/deep", noise(53, 999))
	_, err = r.s.Copy(ctx, r.sc, "d", "d2", store.MoveOptions{})
	do(err)
	do(r.s.Remove(ctx, r.sc, "small2", store.Conditions{}))
	do(r.s.Remove(ctx, r.sc, "d2", store.Conditions{}))
	do(r.s.SetProps(ctx, r.sc, "d", []store.PropPatch{{Prop: store.Prop{Name: store.PropName{Space: "urn:x", Local: "colour"}, Value: []byte("<b>blue</b>")}}}, store.Conditions{}))
	_, _, err = r.s.Lock(ctx, r.sc, "small3", store.LockSpec{Timeout: 1e6 * time.Hour, Owner: "<o/>"})
	do(err)
	r.paged("paged", "small0", "small5")
	content := noise(54, 40_000)
	r.upload, err = r.s.CreateUpload(ctx, r.sc, store.UploadSpec{Path: "d/upload", Size: int64(len(content)), Lifetime: 1e6 * time.Hour})
	do(err)
	_, err = r.s.AppendUpload(ctx, r.sc, r.upload.ID, 0, 0, bytes.NewReader(content[:15_000]))
	if err != nil && !errors.Is(err, store.ErrRead) {
		t.Fatal(err)
	}
	r.rest = content[15_000:]
	r.reopen() // seals the packs so far
	r.hinted()
	r.put("late", noise(55, 5000))
	r.put("small4", noise(56, 10))
	return r
}

// paged makes a file whose manifest is too long for its row: chunks of two others in
// turns.
func (r *flipRig) paged(p, a, b store.Path) {
	r.t.Helper()
	var run []meta.Extent
	for range 420 {
		run = append(run, r.stat(a).Manifest.Extents[0], r.stat(b).Manifest.Extents[0])
	}
	if _, err := r.s.PutExtentsForTest(r.t.Context(), r.sc, p, run); err != nil {
		r.t.Fatal(err)
	}
	if len(r.stat(p).Manifest.Pages) == 0 {
		r.t.Fatal("the manifest is in its row")
	}
}

// hinted waits until the hint index has all that is sealed.
func (r *flipRig) hinted() {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(r.dir, "hints"))
		if err == nil && len(text) > 4096 && text[32] == 1 && len(bytes.Trim(text[4096:8<<12], "\x00")) > 0 {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("no hints: %v", err)
		}
	}
}

// image closes the store and reads its folder.
func (r *flipRig) image(t *testing.T) image {
	t.Helper()
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	in := r.files(t)
	r.open()
	return in
}

// crashed is the folder of a store that was not closed, with commits in the log of the
// database: those of the registration of the packs sealed at the start, at least.
func (r *flipRig) crashed(t *testing.T) image {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		in := r.files(t)
		if again := r.files(t); len(in["meta.db-wal"]) > 0 && bytes.Equal(in["meta.db-wal"], again["meta.db-wal"]) {
			return in
		}
		if time.Now().After(deadline) {
			t.Fatal("no write-ahead log")
		}
	}
}

func (r *flipRig) files(t *testing.T) image {
	t.Helper()
	in := image{}
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-shm") {
			return err
		}
		rel, err := filepath.Rel(r.dir, path)
		if err != nil {
			return err
		}
		in[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return in
}
