package underway

import (
	"slices"
	"testing"

	"cairn/store"
)

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestUploads(t *testing.T) {
	var u Uploads
	alice, bob := store.Scope{User: 1, Space: 1}, store.Scope{User: 2, Space: 2}
	one, two := store.UploadID{1}, store.UploadID{2}
	hers, his := u.Begun(alice), u.Begun(bob)
	if again := u.Begun(alice); closed(hers) || again != hers {
		t.Error("bytes arrive before a request has begun")
	}
	end := u.Begin(alice, one)
	if !closed(hers) || closed(his) {
		t.Errorf("a request of alice's: alice is told %v, bob %v", closed(hers), closed(his))
	}
	if !closed(u.Begun(alice)) {
		t.Error("who asks while bytes arrive waits")
	}
	twice := u.Begin(alice, one)
	other := u.Begin(alice, two)
	if got := u.List(alice, 9); len(got) != 2 || !slices.Contains(got, one) || !slices.Contains(got, two) {
		t.Errorf("alice's: %v", got)
	}
	if got := u.List(alice, 1); len(got) != 1 {
		t.Errorf("one of alice's: %v", got)
	}
	if got := u.List(bob, 9); len(got) != 0 || u.Has(bob, one) {
		t.Errorf("bob's: %v", got)
	}
	end()
	if !u.Has(alice, one) {
		t.Error("an upload ends with the first of two requests")
	}
	twice()
	if got := u.List(alice, 9); u.Has(alice, one) || !slices.Equal(got, []store.UploadID{two}) {
		t.Errorf("alice's after the end: %v", got)
	}
	other()
	if len(u.people) != 1 { // bob's, who waits
		t.Errorf("%d people are remembered", len(u.people))
	}
	if c := u.Begun(alice); closed(c) {
		t.Error("bytes arrive after the end")
	}
}

func TestUploads_none(t *testing.T) {
	var u *Uploads
	sc := store.Scope{User: 1, Space: 1}
	u.Begin(sc, store.UploadID{1})()
	if u.Begun(sc) != nil || u.List(sc, 1) != nil || u.Has(sc, store.UploadID{1}) {
		t.Error("nothing tells something")
	}
}
