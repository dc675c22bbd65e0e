package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/store/meta"
	"cairn/store/object"
)

// bench is a folder of packs that a test opens and closes.
type bench struct {
	t   *testing.T
	opt Options

	mu     sync.Mutex
	sealed map[meta.PackID]Info
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{t: t, sealed: map[meta.PackID]Info{}}
	var n atomic.Uint32
	b.opt = Options{
		FS: object.OS(), Dir: filepath.Join(t.TempDir(), "packs"), Store: [16]byte{0xca}, Key: [32]byte{1, 2, 3},
		Now: func() time.Time { return time.UnixMilli(1_700_000_000_000) },
		marker: func() marker {
			return marker{0x9d, 0x3a, 0xf1, 0x5c, 0x77, 0xe2, 0x08, byte(n.Add(1))}
		},
	}
	b.opt.OnSealed = func(i Info) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, twice := b.sealed[i.ID]; twice {
			t.Errorf("pack %x was reported sealed twice", i.ID)
		}
		b.sealed[i.ID] = i
	}
	for _, c := range change {
		c(&b.opt)
	}
	return b
}

func (b *bench) isSealed(id meta.PackID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.sealed[id]
	return ok
}

type visited struct {
	lsn     uint64
	payload string
}

// open opens and recovers the set, and closes it at the end of the test.
func (b *bench) open() (*Set, []visited) {
	b.t.Helper()
	s, err := Open(b.t.Context(), b.opt)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { s.Close() })
	var got []visited
	err = s.Recover(b.t.Context(), b.isSealed, Visitor{Commit: func(lsn uint64, p []byte) error {
		got = append(got, visited{lsn, string(p)})
		return nil
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	return s, got
}

func (b *bench) close(s *Set) {
	b.t.Helper()
	if err := s.Close(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) append(l *Lane, recs ...Record) Place {
	b.t.Helper()
	p, err := l.Append(b.t.Context(), recs...)
	if err != nil {
		b.t.Fatal(err)
	}
	l.set.Unpin(p.Pack)
	return p
}

func (b *bench) flush(s *Set, ids ...meta.PackID) {
	b.t.Helper()
	if err := s.Flush(b.t.Context(), ids...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) wantRead(s *Set, id meta.PackID, ordinal uint32, want []byte) {
	b.t.Helper()
	got, err := s.Read(b.t.Context(), id, ordinal, nil)
	if err != nil {
		b.t.Errorf("read %x/%d: %v", id, ordinal, err)
	} else if !bytes.Equal(got, want) {
		b.t.Errorf("read %x/%d: got %d other bytes, want %d", id, ordinal, len(got), len(want))
	}
}

func (b *bench) wantErr(s *Set, id meta.PackID, ordinal uint32, want error) {
	b.t.Helper()
	if _, err := s.Read(b.t.Context(), id, ordinal, nil); !errors.Is(err, want) {
		b.t.Errorf("read %x/%d: got %v, want %v", id, ordinal, err, want)
	}
}

// verify lists the defects of every pack.
func (b *bench) verify(s *Set) []error {
	b.t.Helper()
	var all []error
	for _, i := range s.Packs() {
		if err := s.Verify(b.t.Context(), i.ID, true, func(err error) { all = append(all, err) }); err != nil {
			b.t.Errorf("verify %x: %v", i.ID, err)
		}
	}
	return all
}

func (b *bench) wantClean(s *Set) {
	b.t.Helper()
	for _, err := range b.verify(s) {
		b.t.Error(err)
	}
}

// file and rewrite get and put the bytes of a pack, behind the set's back.
func (b *bench) file(id meta.PackID) []byte {
	b.t.Helper()
	data, err := os.ReadFile((&Set{opt: b.opt}).path(id))
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

func (b *bench) rewrite(id meta.PackID, data []byte) {
	b.t.Helper()
	if err := os.WriteFile((&Set{opt: b.opt}).path(id), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// content is n bytes that follow from seed.
func content(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func commitRecord(lsn uint64) Record {
	return Record{Type: Commit, LSN: lsn, Payload: fmt.Appendf(nil, "commit %d", lsn)}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
	}
}

var ctx = context.Background()

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
