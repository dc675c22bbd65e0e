package store_test

import (
	"testing"

	"cairn/store"
)

// What collections find is kept until the next one; nobody looks because somebody asks.
func TestStoreUse(t *testing.T) {
	r := newRigWith(t, nil, 1<<20)
	use := func() store.StoreUse {
		t.Helper()
		u, err := r.s.StoreUse(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := use()
	if u.Survey != nil || u.DiskFree <= 0 || u.DiskTotal < u.DiskFree || u.Ballast != 0 || u.BallastWanted != 0 {
		t.Errorf("at first: %+v", u)
	}
	for i := range 8 {
		r.put("f", noise(uint64(i), 600_000))
	}
	r.forget()
	u = use()
	if u.Survey != nil || u.Stored < 8*600_000 || u.Packs < 4 {
		t.Errorf("after uploads: %+v", u)
	}
	before := r.clock.now()
	c := r.gc(store.GCOptions{DryRun: true})
	u = use()
	if u.Survey == nil || u.Survey.Space != c.Before || u.Survey.Reclaimable == 0 || u.Survey.Live >= u.Survey.Stored || u.Survey.Full || u.Survey.At.Before(before) {
		t.Fatalf("after a dry run: %+v, which found %+v", u.Survey, c)
	}
	stored := u.Stored
	c = r.gc(store.GCOptions{Full: true})
	u = use()
	if u.Survey.Space != c.After || !u.Survey.Full || u.Survey.Stored > u.Survey.Live*2 || u.Stored >= stored {
		t.Errorf("after a collection: %+v, %+v", u.Survey, u)
	}
	at := u.Survey.At
	r.put("g", noise(100, 600_000))
	if u = use(); !u.Survey.At.Equal(at) {
		t.Error("somebody looked")
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{Dir: r.dir, UnsafeFS: true, Ballast: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r.s = s
	r.gc(store.GCOptions{DryRun: true}) // sets nothing aside
	r.gc(store.GCOptions{})
	if u = use(); u.Ballast != 1<<20 || u.BallastWanted != 1<<20 {
		t.Errorf("with a ballast: %+v", u)
	}
}
