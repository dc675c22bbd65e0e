package store_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"cairn/store/meta"
)

// A manifest stays in its row up to 4096 bytes; a longer one is paged into the packs
// and comes back whole.
func TestLongManifests(t *testing.T) {
	r := newRig(t)
	for _, n := range []int{0, 1, 170, 400, 5000} {
		var m meta.Manifest
		for i := range n {
			m.Extents = append(m.Extents, meta.Extent{Pack: meta.PackID(2*i + 1), First: uint32(i), Count: 64, Bytes: 64 << 20})
		}
		row, back, err := r.s.PageForTest(t.Context(), m)
		if err != nil || !slices.Equal(back, m.Extents) {
			t.Errorf("%d extents: %d come back, %v", n, len(back), err)
		}
		if size := len(row.Encode()); size > meta.MaxInlineManifest {
			t.Errorf("%d extents: the row holds %d bytes", n, size)
		}
		if paged, long := len(row.Pages) > 0, len(m.Encode()) > meta.MaxInlineManifest; paged != long {
			t.Errorf("%d extents: paged %v, want %v", n, paged, long)
		}
	}
}

// An upload that makes its offset durable again and again lays each page of a long
// manifest once, and what comes back is all of it, also where the last extent of a page
// grew, and where another request goes on.
func TestPagesAreLaidOnce(t *testing.T) {
	r := newRig(t)
	rng := rand.New(rand.NewPCG(1, 2))
	var all []meta.Extent
	for i := range uint32(12_000) {
		e := meta.Extent{Pack: 7, First: 2 * i, Count: 1, Bytes: 1 << 20}
		if n := len(all); n > 0 && rng.IntN(2) == 0 { // goes on where the last one ended
			e.First = all[n-1].First + 1
			e.Pack = all[n-1].Pack
		} else {
			e.Pack = meta.PackID(7 + i%3)
		}
		all = append(all, e)
	}
	var border []meta.Extent // 2048 are laid, then the last of them grows
	for i := range uint32(2060) {
		border = append(border, meta.Extent{Pack: 7, First: 2 * i, Count: 1, Bytes: 1 << 20})
	}
	border[2048].First = border[2047].First + 1
	for _, again := range []bool{false, true} {
		for _, every := range []int{32, 2047} {
			some := all
			if every == 2047 {
				some = border
			}
			before, steps := r.s.PackBytesForTest(), 0
			err := r.s.CheckpointsForTest(t.Context(), some, every, again, func(have, back []meta.Extent) {
				if steps++; !slices.Equal(have, back) {
					t.Fatalf("again %v, step %d: %d extents, %d come back", again, steps, len(have), len(back))
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			// Each time a page that is half full, on the average, of 6 bytes an extent or so.
			if each := (r.s.PackBytesForTest() - before) / int64(steps); each > 12<<10 && every == 32 {
				t.Errorf("again %v: %d bytes of pages a checkpoint", again, each)
			}
		}
	}
}
