package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"cairn/store"
)

func TestLocks(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	u, err := r.s.AddUser(ctx, "bob", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	other := r.sc // bob, in ada's space
	other.User = u.ID
	r.mkdir("d")
	r.put("d/f", []byte("1"))
	lk, created, err := r.s.Lock(ctx, r.sc, "d/f", store.LockSpec{Timeout: time.Minute, Owner: "<o/>"})
	if err != nil || created || lk.Timeout != time.Minute || lk.UserName != "ada" {
		t.Fatalf("%+v, %v, %v", lk, created, err)
	}
	with := store.Conditions{Tokens: []string{lk.Token}}
	put := func(sc store.Scope, p store.Path, c store.Conditions) error {
		_, err := r.s.Put(ctx, sc, p, bytes.NewReader(nil), store.PutOptions{Conditions: c})
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"put without a token", put(r.sc, "d/f", store.Conditions{}), store.ErrLocked},
		{"put with somebody else's token", put(other, "d/f", with), store.ErrLocked},
		{"put with the token", put(r.sc, "d/f", with), nil},
		{"remove the folder above", r.s.Remove(ctx, r.sc, "d", store.Conditions{}), store.ErrLocked},
		{"move the folder above", second(r.s.Move(ctx, r.sc, "d", "e", store.MoveOptions{})), store.ErrLocked},
		{"properties", r.s.SetProps(ctx, r.sc, "d/f", nil, store.Conditions{}), store.ErrLocked},
		{"a second lock", third(r.s.Lock(ctx, other, "d/f", store.LockSpec{Shared: true})), store.ErrLocked},
		{"a lock above, deep", third(r.s.Lock(ctx, other, "d", store.LockSpec{Infinite: true})), store.ErrLocked},
		{"a sibling", put(r.sc, "d/g", store.Conditions{}), nil},
		{"unlock by another", r.s.Unlock(ctx, other, "d/f", lk.Token), store.ErrPermission},
		{"unlock elsewhere", r.s.Unlock(ctx, r.sc, "d/g", lk.Token), store.ErrNotExist},
		{"refresh", second(r.s.Refresh(ctx, r.sc, "d/f", lk.Token, 2*time.Minute)), nil},
	} {
		if !errors.Is(c.err, c.want) || c.want == nil && c.err != nil {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
	r.reopen()
	if err := put(r.sc, "d/f", store.Conditions{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("after a restart: %v", err)
	}
	r.clock.advance(3 * time.Minute)
	if err := put(r.sc, "d/f", store.Conditions{}); err != nil {
		t.Errorf("after its time: %v", err)
	}
	// A folder's lock protects its names, and, if it is deep, everything below.
	top, _, err := r.s.Lock(ctx, r.sc, "d", store.LockSpec{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(r.sc, "d/new", store.Conditions{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a new name in a locked folder: %v", err)
	}
	if err := put(r.sc, "d/f", store.Conditions{}); err != nil {
		t.Errorf("a file in a folder locked to depth 0: %v", err)
	}
	if err := r.s.Unlock(ctx, r.sc, "d", top.Token); err != nil {
		t.Fatal(err)
	}
	if _, created, err := r.s.Lock(ctx, r.sc, "d/unmapped", store.LockSpec{Timeout: time.Minute}); err != nil || !created {
		t.Errorf("lock of a free name: %v, %v", created, err)
	}
	if n := r.stat("d/unmapped"); n.Size != 0 || n.IsFolder() {
		t.Errorf("%+v", n)
	}
	r.clean()
}

func second[T any](_ T, err error) error      { return err }
func third[T, U any](_ T, _ U, e error) error { return e }

// The name in a locked folder may not go to another node by COPY or MOVE either.
func TestLockedFolderKeepsItsNames(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("p")
	r.mkdir("p/sub")
	r.mkdir("d")
	r.put("f", []byte("1"))
	if _, _, err := r.s.Lock(ctx, r.sc, "p", store.LockSpec{Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	over := store.MoveOptions{Overwrite: true}
	if err := second(r.s.Copy(ctx, r.sc, "d", "p/sub", over)); !errors.Is(err, store.ErrLocked) {
		t.Errorf("copy: %v", err)
	}
	if err := second(r.s.Move(ctx, r.sc, "f", "p/sub", over)); !errors.Is(err, store.ErrLocked) {
		t.Errorf("move: %v", err)
	}
}
