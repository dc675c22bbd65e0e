package store

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"cairn/store/meta"
)

// opened is a store with one user, for tests from inside.
func opened(t *testing.T, o Options) (*Store, Scope) {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	u, err := s.AddUser(t.Context(), "a", "x", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := s.Home(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	return s, sc
}

// A pack that was sealed long since, and is registered late, is not brought back when a
// collection has deleted it, or made another of it, meanwhile.
func TestLateRegistration(t *testing.T) {
	s, sc := opened(t, Options{Dir: t.TempDir(), UnsafeFS: true, PackBytes: 64 << 10})
	rng := rand.NewChaCha8([32]byte{})
	for range 60 { // each a pack, of no use but for the last
		c := make([]byte, 60_000)
		rng.Read(c)
		if _, err := s.Put(t.Context(), sc, "f", bytes.NewReader(c), PutOptions{Size: int64(len(c))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.ForgetForTest(t.Context(), sc, nil); err != nil {
		t.Fatal(err)
	}
	for _, p := range s.packs.Packs() {
		if _, err := s.packs.SealOpen(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
	}
	before := s.packs.Packs()
	if c, err := s.GC(t.Context(), GCOptions{Full: true}); err != nil || c.Dropped == 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	rows := func() map[meta.PackID]meta.Pack {
		m, err := s.mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m.packs
	}
	want := rows()
	for _, p := range before {
		s.sealed(p)
	}
	got := rows()
	for id, p := range got {
		if now, there := s.packs.Info(id); !there || now.Bytes != p.Bytes {
			t.Errorf("pack %d is registered with %d bytes; there: %v, %d", id, p.Bytes, there, now.Bytes)
		}
	}
	if len(got) < len(want) {
		t.Errorf("%d packs are registered, %d were", len(got), len(want))
	}
}
