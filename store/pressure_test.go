package store_test

import (
	"errors"
	"testing"

	"cairn/store"
	"cairn/store/object"
)

// tightFS is a disk that says of itself what a test wants.
type tightFS struct {
	object.FS
	free, total int64
	err         error
}

func (f *tightFS) Space(string) (free, total int64, err error) { return f.free, f.total, f.err }

// A disk that is nearly full makes the oldest history go, as much as it lacks, and one that
// does not tell what it has none.
func TestPressure_relieve(t *testing.T) {
	const gib = 1 << 30
	disk := &tightFS{FS: object.OS(), free: 10 * gib, total: 100 * gib}
	r := newRigOn(t, disk)
	for i := range 5 {
		r.put("f", noise(uint64(i), 1000))
	}
	r.clock.advance(2 * day)
	r.put("f", []byte("now")) // the fifth is younger than the minimum
	step := func(want int) {
		t.Helper()
		did, err := r.s.RelieveForTest(t.Context())
		if err != nil || did.Versions != want {
			t.Errorf("%+v, %v, want %d versions", did, err, want)
		}
	}
	step(0)
	disk.err = errors.New("it does not say")
	step(0)
	disk.err, disk.free, disk.total = nil, gib-1500, 0
	step(0)
	disk.total = 100 * gib
	step(2)
	step(0) // it has not shown yet
	disk.free += 500
	step(0)
	disk.free = gib / 2
	step(2)
	step(0) // all that is left is too young
	if got := r.read("f"); string(got) != "now" || r.versions("f") != 1 {
		t.Errorf("%q, %d versions", got, r.versions("f"))
	}
	r.clean()
}

// How much is released for the disk: nothing as long as nobody knows what is free, and no
// more than once for the same bytes.
func TestPressure(t *testing.T) {
	const gib = 1 << 30
	var p store.LackingForTest
	for _, c := range []struct{ free, total, did, want int64 }{
		{0, 0, 0, 0}, {-1, 100 * gib, 0, 0}, {0, -1, 0, 0}, // nobody knows
		{gib, 100 * gib, 0, 0}, {2 * gib, 100 * gib, 0, 0},
		{gib - 100, 100 * gib, 100, 100}, {gib - 100, 100 * gib, 0, 0}, // until it shows
		{gib - 300, 100 * gib, 150, 200}, {gib - 300, 100 * gib, 0, 50},
		{gib - 50, 100 * gib, 0, 50}, // it has shown
		{gib / 4, 4 * gib, 0, 0}, {gib / 8, 4 * gib, 0, gib*4/20 - gib/8},
	} {
		if got := p.Lacking(c.free, c.total); got != c.want {
			t.Errorf("%d free of %d: %d, want %d", c.free, c.total, got, c.want)
		}
		p.Released(c.did)
	}
}
