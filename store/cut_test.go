package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"cairn/store"
)

// contents that are cut in different ways.
func cutContents() map[string][]byte {
	text := []byte(strings.Repeat("to be cut where its content says so, whatever brings it\n", 60_000))
	media := append([]byte{0xff, 0xd8, 0xff, 0xe0}, noise(3, 9<<20)...)
	return map[string][]byte{
		"small":  noise(1, 300_000),
		"noise":  noise(2, 7<<20+12345),
		"text":   text,
		"zeros":  make([]byte, 9<<20+1),
		"media":  media,
		"shared": slices.Concat(noise(4, 3<<20), text[:1<<20], noise(5, 2<<20)),
	}
}

// The same bytes give the same chunks, whatever brings them.
func TestChunksFollowContentAlone(t *testing.T) {
	for name, content := range cutContents() {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			want := r.s.CutForTest(content)
			check := func(how string, p store.Path) {
				t.Helper()
				if got := r.read(p); !bytes.Equal(got, content) {
					t.Fatalf("%s: other bytes come back", how)
				}
				got, err := r.s.ChunksForTest(t.Context(), r.stat(p))
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%s: chunks\n%v\nwant\n%v (%v)", how, got, want, err)
				}
			}
			r.put("whole", content)
			check("one PUT", "whole")
			for _, n := range []int{1, 4096, 65_537, 1 << 20} {
				if n == 1 && len(content) > 4<<20 {
					continue
				}
				_, err := r.s.Put(t.Context(), r.sc, "slow", slowly{bytes.NewReader(content), n}, store.PutOptions{Size: -1})
				if err != nil {
					t.Fatal(err)
				}
				check(fmt.Sprintf("PUT by %d bytes", n), "slow")
			}
			for seed := range uint64(4) {
				p := store.Path(fmt.Sprintf("in parts %d", seed))
				r.brokenUpload(p, content, seed)
				check(string(p), p)
			}
			r.clean()
		})
	}
}

// brokenUpload sends a content by an upload in requests of random lengths, some of which
// break off, with a restart now and then.
func (r *rig) brokenUpload(p store.Path, content []byte, seed uint64) {
	r.t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	u, err := r.s.CreateUpload(r.t.Context(), r.sc, store.UploadSpec{Path: p, Size: int64(len(content))})
	if err != nil {
		r.t.Fatal(err)
	}
	for at := int64(0); at < int64(len(content)); {
		n := min(int64(len(content))-at, 1+rng.Int64N(1<<(1+rng.IntN(23))))
		var body io.Reader = bytes.NewReader(content[at : at+n])
		if rng.IntN(3) == 0 {
			body = io.MultiReader(body, broken{})
		}
		next, err := r.s.AppendUpload(r.t.Context(), r.sc, u.ID, 0, at, body)
		if err != nil && !errors.Is(err, store.ErrRead) && !errors.Is(err, store.ErrTooLong) {
			r.t.Fatal(err)
		}
		if next == at && n > 1 {
			r.t.Fatalf("nothing of %d bytes at %d was kept: %v", n, at, err)
		}
		at = next
		if rng.IntN(20) == 0 {
			r.reopen()
		}
	}
}

// What is stored already costs no bytes, under any name, also while it is on its way.
func TestTheSameBytesAgain(t *testing.T) {
	r := newRig(t)
	for name, content := range cutContents() {
		r.put(store.Path(name), content)
	}
	before := r.s.PackBytesForTest()
	for name, content := range cutContents() {
		r.put(store.Path("again "+name), content)
		r.brokenUpload(store.Path("sent again "+name), content, 3)
	}
	// Commit records, and what uploads had to keep between requests.
	if more := r.s.PackBytesForTest() - before; more > 40<<20 {
		t.Errorf("%d bytes more in the packs", more)
	}
	r.reopen()
	before = r.s.PackBytesForTest()
	for name, content := range cutContents() {
		r.put(store.Path("after a restart "+name), content)
	}
	if more := r.s.PackBytesForTest() - before; more > 64<<10 {
		t.Errorf("after a restart: %d bytes more in the packs", more)
	}
	r.clean()
}

// Uploads of the same new bytes at once refer to one another's chunks.
func TestTheSameBytesAtOnce(t *testing.T) {
	r := newRig(t)
	content := noise(9, 6<<20)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 4 {
				_, err := r.s.Put(t.Context(), r.sc, store.Path(fmt.Sprintf("%d-%d", i, j)), bytes.NewReader(content), store.PutOptions{Size: int64(len(content))})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := r.s.PackBytesForTest(); n > 9*6<<20 {
		t.Errorf("%d bytes in the packs", n)
	}
	r.reopen()
	r.clean()
	if !bytes.Equal(r.read("7-3"), content) {
		t.Error("other bytes come back")
	}
}
