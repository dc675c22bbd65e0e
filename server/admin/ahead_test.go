package admin

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
)

// source is a file that counts how it is asked.
type source struct {
	mu    sync.Mutex
	data  []byte
	bad   int64 // the byte that cannot be read; -1: none
	asked int
	least int // bytes of the smallest request
}

var errBad = errors.New("a bad byte")

func (s *source) fetch(_ context.Context, _ part, p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	s.least = min(s.least, len(p))
	n := copy(p, s.data[min(off, int64(len(s.data))):])
	if s.bad >= off && s.bad < off+int64(n) {
		return int(s.bad - off), errBad
	}
	return n, nil
}

// count is how often it was asked, and for how little, since the last time.
func (s *source) count() (asked, least int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked, least = s.asked, s.least
	s.asked, s.least = 0, 1<<30
	return asked, least
}

func newSource(n int) *source {
	s := &source{data: make([]byte, n), bad: -1, least: 1 << 30}
	rand.NewChaCha8([32]byte{1}).Read(s.data)
	return s
}

func (s *source) read(t *testing.T, a *ahead, off, n int) error {
	t.Helper()
	p := make([]byte, n)
	err := a.read(t.Context(), part{1, 2, [16]byte{3}}, p, int64(off))
	if err == nil && !bytes.Equal(p, s.data[off:off+n]) {
		t.Errorf("other bytes from %d on", off)
	}
	return err
}

func TestAhead(t *testing.T) {
	s := newSource(10<<20 + 333)
	a := &ahead{fetch: s.fetch}
	const step = 128 << 10
	for off := 0; off < len(s.data); off += step {
		if err := s.read(t, a, off, min(step, len(s.data)-off)); err != nil {
			t.Fatal(err)
		}
	}
	if asked, _ := s.count(); asked > 14 {
		t.Errorf("%d requests for 10 MiB read in order", asked)
	}
	// The kernel's reads may pass one another.
	s = newSource(10<<20 + 333)
	a = &ahead{fetch: s.fetch}
	for off := 0; off+2*step < len(s.data); off += 2 * step {
		for _, o := range []int{off + step, off} {
			if err := s.read(t, a, o, step); err != nil {
				t.Fatal(err)
			}
		}
	}
	if asked, _ := s.count(); asked > 14 {
		t.Errorf("%d requests for 10 MiB read nearly in order", asked)
	}
	// What is read here and there costs no more than it is.
	s = newSource(10<<20 + 333)
	a = &ahead{fetch: s.fetch}
	for _, off := range []int{5 << 20, 100, 9 << 20, 3 << 20} {
		if err := s.read(t, a, off, 4096); err != nil {
			t.Fatal(err)
		}
	}
	if asked, least := s.count(); asked != 4 || least != 4096 || len(a.blocks) > 0 {
		t.Errorf("%d requests of %d bytes, %d blocks", asked, least, len(a.blocks))
	}
}

// A byte that cannot be read spoils nothing but the reads that want it.
func TestAhead_damage(t *testing.T) {
	s := newSource(6 << 20)
	s.bad = 3<<20 + 700_000
	a := &ahead{fetch: s.fetch}
	const step = 64 << 10
	for off := 0; off < len(s.data); off += step {
		err := s.read(t, a, off, step)
		if want := s.bad >= int64(off) && s.bad < int64(off+step); want != errors.Is(err, errBad) || !want && err != nil {
			t.Errorf("from %d on: %v", off, err)
		}
	}
}

func TestAhead_bounds(t *testing.T) {
	s := newSource(2 << 20)
	a := &ahead{fetch: s.fetch}
	for i := range byte(80) {
		for off := 0; off < 2<<20; off += 256 << 10 {
			if err := a.read(t.Context(), part{1, 2, [16]byte{i}}, make([]byte, 256<<10), int64(off)); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.blocks) > maxBlocks || len(a.trails) > maxTrails {
		t.Errorf("%d blocks and %d trails are kept", len(a.blocks), len(a.trails))
	}
}
