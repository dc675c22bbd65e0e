package store_test

import (
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
