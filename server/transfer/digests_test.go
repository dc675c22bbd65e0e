package transfer

import (
	"context"
	"crypto/sha256"
	"io"
	"testing"
	"testing/synctest"

	"cairn/store"
)

// slowStore opens files whose bytes do not come before turn does.
type slowStore struct {
	turn   chan bool
	opened int
}

func (s *slowStore) OpenKept(ctx context.Context, sc store.Scope, id store.VersionID) (store.Content, error) {
	s.opened++
	return &slowFile{s: s}, nil
}

type slowFile struct {
	store.Content
	s *slowStore
}

func (f *slowFile) Close() error { return nil }

func (f *slowFile) WriteRange(ctx context.Context, w io.Writer, off, n int64) (int64, error) {
	select {
	case <-f.s.turn:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	wrote, err := w.Write(make([]byte, n))
	return int64(wrote), err
}

// Files are read one at a time, each once for whoever asks meanwhile, and no more wait than
// may; what was read last is remembered; Close ends a reading under way.
func TestDigestsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &slowStore{turn: make(chan bool)}
		d := NewDigests(st)
		file := func(i int) *store.Node {
			return &store.Node{Kind: store.File, ID: store.NodeID(i), Version: store.VersionID{byte(i >> 8), byte(i)}, Size: digestAtOnce + 1}
		}
		want := sha256.Sum256(make([]byte, digestAtOnce+1))
		for range 3 {
			for i := range maxDigestQueue + 10 {
				if _, ok := d.of(t.Context(), file(i), nil, "sha256"); ok {
					t.Fatal("known before it was read")
				}
			}
			synctest.Wait()
		}
		if st.opened != 1 {
			t.Errorf("%d are read at once", st.opened)
		}
		for range maxDigestQueue {
			st.turn <- true
		}
		synctest.Wait()
		if st.opened != maxDigestQueue {
			t.Errorf("%d were read", st.opened)
		}
		for i := range maxDigestQueue + 10 {
			if sum, ok := d.of(t.Context(), file(i), nil, "sha256"); ok != (i < maxDigestQueue) || ok && string(sum) != string(want[:]) {
				t.Errorf("file %d: %x, %v", i, sum, ok)
			}
		}
		d.of(t.Context(), file(0), nil, "md5") // behind those of the loop above
		for range 11 {
			st.turn <- true
		}
		synctest.Wait()
		if _, ok := d.of(t.Context(), file(0), nil, "md5"); !ok {
			t.Error("not computed by another algorithm")
		}
		for i := range maxDigests {
			d.learn(store.VersionID{2, byte(i >> 8), byte(i)}, "sha256", want[:])
		}
		if len(d.known) != maxDigests || len(d.order) != maxDigests {
			t.Errorf("%d are remembered, in a list of %d", len(d.known), len(d.order))
		}
		d.of(t.Context(), file(0), nil, "sha256") // it has been forgotten
		synctest.Wait()
		d.Close()
		opened := st.opened
		if _, ok := d.of(t.Context(), file(0), nil, "sha256"); ok || st.opened != opened {
			t.Error("it is read after Close")
		}
	})
}
