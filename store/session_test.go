package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"cairn/store"
)

func (r *rig) session(name string, u store.User) [32]byte {
	r.t.Helper()
	hash := sha256.Sum256([]byte(name))
	now := r.clock.now()
	err := r.s.AddSession(r.t.Context(), store.Session{Hash: hash, User: u.ID, Token: sha256.Sum256([]byte(name + " token")),
		Epoch: u.Epoch, Created: now, Expires: now.Add(time.Hour)})
	if err != nil {
		r.t.Fatal(err)
	}
	return hash
}

func (r *rig) alive(hash [32]byte) bool {
	r.t.Helper()
	_, _, err := r.s.SessionUser(r.t.Context(), hash)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		r.t.Fatal(err)
	}
	return err == nil
}

func TestSessions(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	ada, err := r.s.UserByName(ctx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	eve, err := r.s.AddUser(ctx, "eve", "hash", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	a, b, other := r.session("a", ada), r.session("b", ada), r.session("c", eve)
	if ses, u, err := r.s.SessionUser(ctx, a); err != nil || u.Name != "ada" || ses.Token != sha256.Sum256([]byte("a token")) {
		t.Errorf("%+v %+v %v", ses, u, err)
	}
	if r.alive(sha256.Sum256([]byte("unknown"))) {
		t.Error("a session that was never begun is alive")
	}
	r.reopen()
	if !r.alive(a) {
		t.Error("a restart signs people out")
	}
	if err := r.s.DropSession(ctx, a); err != nil || r.alive(a) || !r.alive(b) {
		t.Errorf("signing one out: %v, %v, %v", err, r.alive(a), r.alive(b))
	}
	a = r.session("a2", ada)
	if err := r.s.DropSessions(ctx, ada.ID); err != nil || r.alive(a) || r.alive(b) || !r.alive(other) {
		t.Errorf("signing out everywhere: %v", err)
	}
	a = r.session("a3", ada)
	if err := r.s.SetPassword(ctx, ada.ID, "new"); err != nil || r.alive(a) {
		t.Errorf("a new password leaves the old sessions: %v", err)
	}
	if err := r.s.AddSession(ctx, store.Session{Hash: a, User: ada.ID, Epoch: ada.Epoch, Expires: r.clock.now().Add(time.Hour)}); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a session with the old password: %v", err)
	}
	if err := r.s.RenewSession(ctx, other, r.clock.now().Add(3*time.Hour)); err != nil {
		t.Error(err)
	}
	r.clock.advance(2 * time.Hour)
	if !r.alive(other) {
		t.Error("a renewed session ended at its old time")
	}
	r.clock.advance(2 * time.Hour)
	if r.alive(other) {
		t.Error("a session outlives its time")
	}
	if err := r.s.RenewSession(ctx, other, r.clock.now().Add(time.Hour)); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a dead session is renewed: %v", err)
	}
	if err := r.s.RemoveUser(ctx, eve.ID); err != nil {
		t.Fatal(err)
	}
	r.clean()
}

func TestSessionsOfOneAccountAreBounded(t *testing.T) {
	r := newRig(t)
	ada, err := r.s.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	var all [][32]byte
	for i := range store.MaxSessions + 2 {
		all = append(all, r.session(fmt.Sprint(i), ada))
	}
	for i, hash := range all {
		if got, want := r.alive(hash), i >= 2; got != want {
			t.Errorf("session %d of %d is alive: %v", i, len(all), got)
		}
	}
}

func TestFirstUserIsTheFirst(t *testing.T) {
	r := newRig(t)
	if _, err := r.s.AddFirstUser(t.Context(), "eve", "hash"); !errors.Is(err, store.ErrExist) {
		t.Errorf("a second first account: %v", err)
	}
}
