package store_test

import (
	"fmt"
	"testing"

	"cairn/store"
)

// A content that goes from file to file, by moves over files, is found and kept for a snapshot,
// also when what lay between was never in one and is pruned.
func TestSnapshot_heirOfHeir(t *testing.T) {
	for _, steps := range []int{2, 5, 100} {
		for _, then := range []string{"", "overwritten", "purged"} {
			t.Run(fmt.Sprint(steps, then), func(t *testing.T) {
				r := newRig(t)
				r.put("f0", []byte("first of all"))
				sn := r.snapshot("s")
				want := r.then(sn.ID)
				for i := range steps {
					p := store.Path(fmt.Sprint("f", i+1))
					r.put(p, []byte("in the way"))
					r.move(store.Path(fmt.Sprint("f", i)), p)
				}
				last := store.Path(fmt.Sprint("f", steps))
				r.wantTree("moved", r.then(sn.ID), want)
				switch then {
				case "overwritten":
					r.put(last, []byte("overwritten"))
				case "purged":
					if err := r.s.Purge(t.Context(), r.sc, r.trashIt(last)); err != nil {
						t.Fatal(err)
					}
				}
				r.mkdir("d")
				for range 1100 {
					if _, err := r.s.Touch(t.Context(), r.sc, "d", r.clock.now(), store.Conditions{}); err != nil {
						t.Fatal(err)
					}
				}
				for range 3 {
					r.clock.advance(400 * day)
					r.prune(store.PruneOptions{Retention: keepNothing(), TrustClock: true})
				}
				r.wantTree("pruned", r.then(sn.ID), want)
				r.revert(sn, "")
				if diff := differ(r.now(), want, false); len(diff) > 0 { // f0 is another node: its content was taken over
					t.Errorf("reverted: %v", diff)
				}
				if err := r.s.DropSnapshot(t.Context(), r.sc, sn.ID); err != nil {
					t.Fatal(err)
				}
				r.clean()
			})
		}
	}
}
