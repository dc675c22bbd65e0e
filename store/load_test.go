package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

// maxWAL is the most bytes that the database's log may have under load.
const maxWAL = 64 << 20

// TestManyAtOnce has 64 clients write and 64 read for a while: nothing fails, and the
// log of the database stays bounded though there is never a moment without readers.
func TestManyAtOnce(t *testing.T) {
	last := loadTime
	if testing.Short() {
		last = 2 * time.Second
	}
	r := newRig(t)
	if _, err := r.s.Mkdir(t.Context(), r.sc, "all", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		r.put(store.Path(fmt.Sprintf("all/seed%03d", i)), []byte("x"))
	}
	ctx, cancel := context.WithTimeout(t.Context(), last)
	defer cancel()
	var wg sync.WaitGroup
	puts, reads := &times{}, &times{}
	for c := range 64 {
		rnd := rand.New(rand.NewPCG(1, uint64(c)))
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				p := store.Path(fmt.Sprintf("all/%02d/%d-%d", c, rnd.IntN(5000), i))
				if i%5 == 4 {
					p = store.Path(fmt.Sprintf("all/seed%03d", rnd.IntN(500)))
				}
				begin := time.Now()
				body := bytes.Repeat([]byte{byte(i), byte(i >> 8), byte(c), 3}, 1024)
				if _, err := r.s.Put(t.Context(), r.sc, p, bytes.NewReader(body), store.PutOptions{Size: 4096, Parents: true}); err != nil {
					t.Errorf("put %s: %v", p, err)
					return
				}
				puts.add(begin)
			}
		})
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(2, uint64(c)))
			for i := 0; ctx.Err() == nil; i++ {
				begin := time.Now()
				if err := look(t.Context(), r, rnd, i); err != nil {
					t.Errorf("read: %v", err)
					return
				}
				reads.add(begin)
			}
		})
	}
	var largest int64
	for ctx.Err() == nil {
		if st, err := os.Stat(filepath.Join(r.dir, "meta.db-wal")); err == nil {
			largest = max(largest, st.Size())
		}
		time.Sleep(20 * time.Millisecond)
	}
	wg.Wait()
	if largest == 0 || largest > maxWAL {
		t.Errorf("the log of the database grew to %d bytes, want at most %d", largest, maxWAL)
	}
	t.Logf("log of the database at most %d KiB; puts: %s; reads: %s; %+v", largest>>10, puts, reads, r.s.CommitsForTest())
}

// look is a listing, a stat, or the reading of a file.
func look(ctx context.Context, r *rig, rnd *rand.Rand, i int) error {
	p := store.Path(fmt.Sprintf("all/seed%03d", rnd.IntN(500)))
	switch i % 8 {
	case 0:
		_, err := r.s.List(ctx, r.sc, "all", "", 500)
		return err
	case 1, 2, 3:
		_, err := r.s.Stat(ctx, r.sc, p)
		return err
	}
	f, err := r.s.Open(ctx, r.sc, p)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteRange(ctx, io.Discard, 0, f.Node().Size)
	return err
}

// times collects how long things took. Safe for concurrent use.
type times struct {
	mu  sync.Mutex
	all []time.Duration
}

func (t *times) add(begin time.Time) {
	d := time.Since(begin)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) < 1<<20 {
		t.all = append(t.all, d)
	} else {
		t.all[rand.IntN(len(t.all))] = d
	}
}

func (t *times) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.all)
	n := len(t.all)
	if n == 0 {
		return "none"
	}
	return fmt.Sprintf("%d, median %v, p99 %v, longest %v", n, t.all[n/2], t.all[n*99/100], t.all[n-1])
}
