package store_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/object"
)

// rig is a store on a real folder, with one user.
type rig struct {
	t         testing.TB
	dir       string
	fs        object.FS
	s         *store.Store
	sc        store.Scope
	clock     *clock
	mem       int64
	packBytes int64 // bytes of a pack; 0: as usual
	trace     func(string)
}

// clock is a time that only moves when told, in steps that the store can tell apart.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigWith(t, nil, 0)
}

// newRigOn is newRig on another file system; nil: the usual one.
func newRigOn(t testing.TB, fsys object.FS) *rig {
	t.Helper()
	return newRigWith(t, fsys, 0)
}

// newRigWith is newRigOn with packs of another size; 0: the usual one.
func newRigWith(t testing.TB, fsys object.FS, pack int64) *rig {
	t.Helper()
	r := &rig{t: t, fs: fsys, packBytes: pack, dir: filepath.Join(t.TempDir(), "data"), clock: &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	r.open()
	u, err := r.s.AddUser(t.Context(), "ada", "hash", 0, true)
	if err != nil {
		t.Fatal(err)
	}
	r.home(u)
	t.Cleanup(func() { r.s.Close() })
	return r
}

func (r *rig) open() {
	r.t.Helper()
	s, err := store.Open(r.t.Context(), store.Options{Dir: r.dir, FS: r.fs, Clock: r.clock.now, MemoryBudget: r.mem, PackBytes: r.packBytes, Trace: r.trace, UnsafeFS: true})
	if err != nil {
		r.t.Fatal(err)
	}
	r.s = s
}

func (r *rig) home(u store.User) {
	r.t.Helper()
	sc, err := r.s.Home(r.t.Context(), u.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	r.sc = sc
}

// another is the scope of one more account.
func (r *rig) another(name string) store.Scope {
	r.t.Helper()
	u, err := r.s.AddUser(r.t.Context(), name, "", 0, false)
	if err != nil {
		r.t.Fatal(err)
	}
	sc, err := r.s.Home(r.t.Context(), u.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return sc
}

// reopen closes the store and opens it again.
func (r *rig) reopen() {
	r.t.Helper()
	if err := r.s.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

func (r *rig) put(p store.Path, content []byte) store.Written {
	r.t.Helper()
	w, err := r.s.Put(r.t.Context(), r.sc, p, bytes.NewReader(content), store.PutOptions{Size: int64(len(content))})
	if err != nil {
		r.t.Fatal(err)
	}
	return w
}

func (r *rig) mkdir(p store.Path) {
	r.t.Helper()
	if _, err := r.s.Mkdir(r.t.Context(), r.sc, p, store.Conditions{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) read(p store.Path) []byte {
	r.t.Helper()
	b, err := readAll(r.s, r.sc, p)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func readAll(s *store.Store, sc store.Scope, p store.Path) ([]byte, error) {
	c, err := s.Open(context.Background(), sc, p)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var b bytes.Buffer
	_, err = c.WriteRange(context.Background(), &b, 0, c.Node().Size)
	return b.Bytes(), err
}

func (r *rig) stat(p store.Path) store.Node {
	r.t.Helper()
	n, err := r.s.Stat(r.t.Context(), r.sc, p)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// clean verifies the whole store, which may be open but not in use.
func (r *rig) clean() {
	r.t.Helper()
	for _, f := range r.verify(true) {
		r.t.Errorf("verify: %v", f)
	}
}

// verify is the problems that there are.
func (r *rig) verify(deep bool) []store.Finding {
	r.t.Helper()
	found, err := verifyDisk(r.fs, r.dir, deep)
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

// verifyDisk is the problems that Verify finds in a folder, of a store that may be open
// as long as nobody uses it.
func verifyDisk(fsys object.FS, dir string, deep bool) (found []store.Finding, err error) {
	scratch, err := os.MkdirTemp("", "verify")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	k := new(store.VerifierForTest)
	defer k.Close()
	_, err = k.Verify(context.Background(), store.Options{Dir: dir, FS: fsys}, store.VerifyOptions{Deep: deep, Scratch: scratch}, store.SameForTest{}, func(f store.Finding) {
		if !f.Note {
			found = append(found, f)
		}
	})
	return found, err
}

// noise is n bytes that depend on the seed.
func noise(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	p := make([]byte, n)
	rand.NewChaCha8(key).Read(p)
	return p
}

// slowly hands out a content in pieces of at most n bytes.
type slowly struct {
	r io.Reader
	n int
}

func (s slowly) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.n)]) }
