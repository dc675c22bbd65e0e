package store_test

import (
	"testing"

	"cairn/store"
)

// What fits in the end is reverted, in whatever order.
func TestRevert_quotaBetween(t *testing.T) {
	r := newRig(t)
	r.put("a", make([]byte, 900))
	r.put("b", make([]byte, 50))
	sn := r.snapshot("s")
	r.put("a", make([]byte, 50))
	r.put("b", make([]byte, 900))
	if err := r.s.SetQuota(t.Context(), r.sc.User, 1000); err != nil {
		t.Fatal(err)
	}
	if did, err := r.s.Revert(t.Context(), r.sc, sn.ID, "", store.Conditions{}); err != nil || did.Written != 2 {
		t.Errorf("%+v, %v", did, err)
	}
	r.wantTree("reverted", r.now(), r.then(sn.ID))
	r.clean()
}
