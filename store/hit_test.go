package store_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/object"
)

// hitRig is a machine with a store, and its first user.
func hitRig(t *testing.T, par simParams, wrap func(object.FS) object.FS) (*simMachine, store.Scope) {
	t.Helper()
	template, scopes := simTemplate()
	m := &simMachine{tmp: simTmp(t), clock: newSimClock()}
	m.clock.advance(time.Hour)
	m.swap(template.Clone(1))
	if wrap != nil {
		m.fs = wrap(m.fs)
	}
	if err := m.open(par); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.close() })
	return m, scopes[0]
}

// A chunk that another upload has appended and not flushed is flushed before a commit that
// refers to it.
func TestHitIsFlushed(t *testing.T) {
	m, sc := hitRig(t, simParams{}, nil)
	c := noise(5, 9<<20)
	in, out := io.Pipe()
	done := make(chan error)
	go func() { // it never ends
		_, err := m.s.Put(context.Background(), sc, "first", in, store.PutOptions{Size: int64(len(c)) + 1})
		done <- err
	}()
	out.Write(c)
	out.Write(nil)
	before := m.s.HitsForTest()
	if _, err := putBytes(m.s, sc, "second", c); err != nil {
		t.Fatal(err)
	}
	if m.s.HitsForTest() == before {
		t.Fatal("no hit: the test does not test that")
	}
	m.disk.Off()
	out.CloseWithError(io.ErrUnexpectedEOF)
	<-done
	m.close()
	m.swap(m.disk.Crash(losing(1)))
	if err := m.open(simParams{}); err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(m.s, sc, "second"); err != nil || !bytes.Equal(got, c) {
		t.Errorf("%d bytes (%v) of a file that was acknowledged", len(got), err)
	}
}

// syncs calls f before flushes of packs.
type syncs struct {
	object.FS
	f atomic.Pointer[func()]
}

func (s *syncs) Open(path string, flag int) (object.File, error) {
	f, err := s.FS.Open(path, flag)
	if err != nil || !strings.HasSuffix(path, ".pack") {
		return f, err
	}
	return &syncsFile{f, s}, nil
}

type syncsFile struct {
	object.File
	s *syncs
}

func (f *syncsFile) Sync() error {
	if call := f.s.f.Load(); call != nil {
		(*call)()
	}
	return f.File.Sync()
}

// What a hit lies in is not dropped before the commit has ended, though no row refers to
// it yet.
func TestHitIsPinnedUntilItsCommit(t *testing.T) {
	var hook *syncs
	m, sc := hitRig(t, simParams{pack: 512 << 10}, func(fs object.FS) object.FS {
		hook = &syncs{FS: fs}
		return hook
	})
	ctx := t.Context()
	c := noise(6, 6<<20)
	u, err := m.s.CreateUpload(ctx, sc, store.UploadSpec{Path: "dropped", Size: int64(len(c)) + 1})
	if err == nil {
		_, err = m.s.AppendUpload(ctx, sc, u.ID, 0, 0, bytes.NewReader(c))
	}
	if err == nil {
		err = m.s.DropUpload(ctx, sc, u.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	var busy atomic.Bool
	dropAll := func() {
		if !busy.CompareAndSwap(false, true) {
			return
		}
		defer busy.Store(false)
		for i := range 40 {
			m.s.DropForTest(ctx, func(n int) int { return i % n })
		}
	}
	before := m.s.HitsForTest()
	hook.f.Store(&dropAll)
	_, err = putBytes(m.s, sc, "kept", c)
	hook.f.Store(nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.s.HitsForTest() == before {
		t.Fatal("no hit: the test does not test that")
	}
	if got, err := readAll(m.s, sc, "kept"); err != nil || !bytes.Equal(got, c) {
		t.Errorf("%d bytes (%v) of a file that was acknowledged", len(got), err)
	}
}
