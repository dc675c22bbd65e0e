package store_test

import (
	"bytes"
	"errors"
	"testing"

	"cairn/store"
)

// What has arrived can be read back at every offset, chunks and the bytes behind them alike,
// after a restart too.
func TestReadUpload(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	const size = 9<<20 + 4321
	content := noise(21, size)
	u := r.create("f", size)
	const there = 8<<20 + 99
	for at := 0; at < there; {
		end := min(at+3<<20+17, there)
		if _, err := r.append(u, int64(at), bytes.NewReader(content[at:end])); err != nil {
			t.Fatal(err)
		}
		at = end
	}
	read := func(off, n int64) []byte {
		t.Helper()
		var b bytes.Buffer
		if err := r.s.ReadUpload(ctx, r.sc, u.ID, &b, off, n); err != nil {
			t.Fatalf("%d+%d: %v", off, n, err)
		}
		return b.Bytes()
	}
	for range 2 {
		for _, span := range [][2]int64{{0, there}, {0, 0}, {there, 0}, {1, 1 << 20}, {5 << 20, 3<<20 + 99}, {there - 1, 1}, {there - 5000, 4000}} {
			if got := read(span[0], span[1]); !bytes.Equal(got, content[span[0]:span[0]+span[1]]) {
				t.Fatalf("%v: %d bytes, and others than were sent", span, len(got))
			}
		}
		r.reopen()
	}
	for _, span := range [][2]int64{{0, there + 1}, {there + 1, 0}, {-1, 1}, {1, -1}, {1, 1<<63 - 1}} {
		if err := r.s.ReadUpload(ctx, r.sc, u.ID, &bytes.Buffer{}, span[0], span[1]); !errors.Is(err, store.ErrOffset) {
			t.Errorf("%v: %v", span, err)
		}
	}
	other, err := r.s.AddUser(ctx, "eve", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	eve, err := r.s.Home(ctx, other.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.ReadUpload(ctx, eve, u.ID, &bytes.Buffer{}, 0, 1); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("somebody else's: %v", err)
	}
	if _, err := r.append(u, there, bytes.NewReader(content[there:])); err != nil {
		t.Fatal(err)
	}
	if err := r.s.ReadUpload(ctx, r.sc, u.ID, &bytes.Buffer{}, 0, 1); !errors.Is(err, store.ErrFinished) {
		t.Errorf("a file by now: %v", err)
	}
	r.clean()
}
