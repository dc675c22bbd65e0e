package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"cairn/store"
)

// lying is a Browse of one file whose bytes lie in other files, or in none, in pieces.
type lying struct {
	Browse
	t     *testing.T
	data  []byte
	files [2]string    // hold data at 1000 and at 0
	step  atomic.Int64 // bytes of a piece
}

func (l *lying) Send(_ context.Context, sc store.Scope, id store.VersionID, off, n int64, begin func(n int64) io.Writer) (sent int64, err error) {
	if sc.Root != 5 || id[0] != 9 {
		return 0, fmt.Errorf("no such file: %w", store.ErrNotExist)
	}
	off = min(off, int64(len(l.data)))
	n = min(n, int64(len(l.data))-off)
	w, step := begin(n), l.step.Load()
	for sent < n && err == nil {
		at := off + sent
		k := min(step-at%step, n-sent)
		var m int64
		if which := at / step % 3; which == 2 {
			m, err = io.Copy(w, bytes.NewReader(l.data[at:at+k]))
		} else {
			f, ferr := os.Open(l.files[which])
			if ferr != nil {
				return sent, ferr
			}
			f.Seek(at+1000*(1-which), io.SeekStart)
			m, err = io.Copy(w, &io.LimitedReader{R: f, N: k})
			f.Close() // as the store may, once it is written
		}
		sent += m
	}
	return sent, err
}

// serveLying serves a Browse at the socket of a new folder.
func serveLying(t *testing.T, dir string, l *lying) (end func()) {
	t.Helper()
	ln, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	lender := NewLender(l)
	hs := &http.Server{Handler: Handler(nil, nil, lender)}
	go hs.Serve(ln)
	return func() { hs.Close(); lender.Close() }
}

func TestLend(t *testing.T) {
	dir := t.TempDir()
	l := &lying{t: t, data: make([]byte, 5<<20+77)}
	l.step.Store(100_000)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range l.data {
		l.data[i] = byte(r.Uint32())
	}
	for i, head := range []int{1000, 0} {
		l.files[i] = filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(l.files[i], append(make([]byte, head), l.data...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	end := serveLying(t, dir, l)
	b := NewBrowser(dir)
	defer b.Close()
	read := func(off, n int) error {
		p := make([]byte, n)
		err := b.Read(t.Context(), store.Scope{Space: 1, Root: 5}, store.VersionID{9}, p, int64(off))
		if err == nil && !bytes.Equal(p, l.data[off:off+n]) {
			t.Errorf("%d bytes from %d on are others", n, off)
		}
		return err
	}
	var wg sync.WaitGroup
	var places [200][2]int
	for i := range places {
		n := 1 + r.IntN([]int{10, 5000, 1 << 20, 2 << 20}[i%4])
		places[i] = [2]int{r.IntN(len(l.data) - n), n}
	}
	for k := range 8 {
		wg.Go(func() {
			for _, p := range places[k*25 : k*25+25] {
				if err := read(p[0], p[1]); err != nil {
					t.Errorf("%d bytes from %d on: %v", p[1], p[0], err)
				}
			}
		})
	}
	wg.Wait()
	// What the server says of a failure is what it is.
	err := b.Read(t.Context(), store.Scope{Space: 1, Root: 6}, store.VersionID{9}, make([]byte, 10), 0)
	if !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	// More pieces than an answer holds come through the socket.
	l.step.Store(1000)
	if err := read(100, 900_000); err != nil {
		t.Error(err)
	}
	// The descriptors go away with the reads.
	if err := read(0, 1<<20); err != nil {
		t.Error(err)
	}
	if open := descriptors(t); open > 100 {
		t.Errorf("%d descriptors are open", open)
	}
	end()
	if err := read(0, 10); err == nil {
		t.Error("nobody serves, and there is an answer")
	}
	l.step.Store(100_000)
	end = serveLying(t, dir, l)
	defer end()
	if err := read(0, 1<<20); err != nil {
		t.Errorf("with the next server: %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Read(canceled, store.Scope{Space: 1, Root: 5}, store.VersionID{9}, make([]byte, 10), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
