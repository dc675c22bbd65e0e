package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"cairn/store"
)

func TestQuotaToTheByte(t *testing.T) {
	r := newRig(t)
	if err := r.s.SetQuota(t.Context(), r.sc.User, 1000); err != nil {
		t.Fatal(err)
	}
	put := func(p store.Path, n int, size int64) error {
		_, err := r.s.Put(t.Context(), r.sc, p, bytes.NewReader(make([]byte, n)), store.PutOptions{Size: size})
		return err
	}
	for _, step := range []struct {
		path store.Path
		n    int
		size int64
		want error
	}{
		{"a", 600, 600, nil}, {"b", 401, 401, store.ErrQuota}, {"b", 401, -1, store.ErrQuota}, {"b", 400, 400, nil}, {"c", 0, 0, nil},
		{"c", 1, 1, store.ErrQuota}, {"a", 601, -1, store.ErrQuota}, {"a", 10, -1, nil}, {"c", 590, -1, nil},
	} {
		if err := put(step.path, step.n, step.size); !errors.Is(err, step.want) || step.want == nil && err != nil {
			t.Errorf("%s with %d bytes (declared %d): %v, want %v", step.path, step.n, step.size, err, step.want)
		}
	}
	if used, quota, left, err := r.s.Usage(t.Context(), r.sc); used != 1000 || quota != 1000 || left != 0 || err != nil {
		t.Errorf("usage %d of %d, %d left, %v", used, quota, left, err)
	}
	if _, err := r.s.Copy(t.Context(), r.sc, "a", "a2", store.MoveOptions{}); !errors.Is(err, store.ErrQuota) {
		t.Errorf("a copy over the quota: %v", err)
	}
	if err := r.s.Remove(t.Context(), r.sc, "c", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if err := put("d", 590, 590); err != nil {
		t.Errorf("trash still counts: %v", err)
	}
	r.clean()
}

// Many at once may not get past a quota together.
func TestQuotaRace(t *testing.T) {
	r := newRig(t)
	if err := r.s.SetQuota(t.Context(), r.sc.User, 1000); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			r.s.Put(context.Background(), r.sc, store.Path(fmt.Sprint(i)), bytes.NewReader(make([]byte, 100)), store.PutOptions{Size: -1})
		})
	}
	wg.Wait()
	if used, _, _, _ := r.s.Usage(t.Context(), r.sc); used != 1000 {
		t.Errorf("used %d, want exactly 1000", used)
	}
	r.clean()
}

func TestAccounts(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	for _, bad := range []string{"", "a b", "a/b", "é", "..", string(bytes.Repeat([]byte{'a'}, 65))} {
		if _, err := r.s.AddUser(ctx, bad, "", 0, false); !errors.Is(err, store.ErrName) {
			t.Errorf("AddUser(%q): %v", bad, err)
		}
	}
	if _, err := r.s.AddUser(ctx, "ADA", "", 0, false); !errors.Is(err, store.ErrExist) {
		t.Errorf("the same name in other case: %v", err)
	}
	u, err := r.s.AddUser(ctx, "Bob", "h", 5, false)
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.s.AddAppPassword(ctx, u.ID, "phone", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.s.AppPasswordUser(ctx, [32]byte{1}); err != nil || got.ID != u.ID || got.Quota != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := r.s.RemoveAppPassword(ctx, r.sc.User, a.ID); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("somebody else's app password: %v", err)
	}
	if err := r.s.SetPassword(ctx, u.ID, "h2"); err != nil {
		t.Fatal(err)
	}
	if got, _ := r.s.UserByName(ctx, "bob"); got.Epoch != u.Epoch+1 || got.Password != "h2" {
		t.Errorf("%+v", got)
	}
	sc, err := r.s.Home(ctx, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.RemoveUser(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.UserByName(ctx, "bob"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a removed account: %v", err)
	}
	if _, err := r.s.Put(ctx, sc, "f", bytes.NewReader(nil), store.PutOptions{}); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a put into a removed account's space: %v", err)
	}
	again, err := r.s.AddUser(ctx, "bob", "", 0, false)
	if err != nil || again.ID == u.ID || again.Space == u.Space {
		t.Errorf("the number is used again: %+v, %v", again, err)
	}
}

// A scope that may only read changes nothing, and one that may only write shows nothing.
func TestRights(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.put("f", []byte("1"))
	ro, wo := r.sc, r.sc
	ro.Rights, wo.Rights = store.MayRead, store.MayWrite
	for name, err := range map[string]error{
		"put":       second(r.s.Put(ctx, ro, "g", bytes.NewReader(nil), store.PutOptions{})),
		"mkdir":     second(r.s.Mkdir(ctx, ro, "g", store.Conditions{})),
		"move":      second(r.s.Move(ctx, ro, "f", "g", store.MoveOptions{})),
		"copy":      second(r.s.Copy(ctx, ro, "f", "g", store.MoveOptions{})),
		"remove":    r.s.Remove(ctx, ro, "f", store.Conditions{}),
		"stat":      second(r.s.Stat(ctx, wo, "f")),
		"copy (wo)": second(r.s.Copy(ctx, wo, "f", "g", store.MoveOptions{})),
	} {
		if !errors.Is(err, store.ErrPermission) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
