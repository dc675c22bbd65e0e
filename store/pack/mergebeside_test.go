package pack

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/store/meta"
)

// What it costs to find the packs of an object whose head and directory are gone.
func TestMergeScanIsQuick(t *testing.T) {
	b, s, _ := mergeable(t, 2)
	in := b.merge(s, all, 1, 2)
	path := s.mergedPath(in[0].Object)
	b.close(s)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt(make([]byte, 64), 128)
	f.Truncate(64 << 20) // its end is lost, as that of a full object would be
	f.Close()
	begin := time.Now()
	o, err := Open(t.Context(), b.opt)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("opening took %v for one object of 64 MiB", took)
	} else {
		t.Log(took)
	}
}

// Readers of every kind, uploads that find chunks, and a scrub, beside merges one after the other.
func TestMergeRace(t *testing.T) {
	b, s, data := mergeable(t, 6, withHints)
	ids := []meta.PackID{1, 2, 3, 4, 5, 6}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	var reads, hits, scrubs atomic.Int64
	loop := func(f func(id meta.PackID, i int)) {
		wait.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := ids[n%len(ids)]
				f(id, n/len(ids)%len(data[id]))
			}
		})
	}
	for range 2 {
		loop(func(id meta.PackID, i int) {
			got, err := s.Read(ctx, id, uint32(i), nil)
			if err != nil || !bytes.Equal(got, data[id][i]) {
				t.Errorf("read %d/%d: %v", id, i, err)
			}
			reads.Add(1)
		})
		loop(func(id meta.PackID, i int) {
			for {
				es, _, of, err := s.Span(ctx, id, uint32(i), 1, -1, 1, nil)
				if err != nil {
					t.Errorf("span %d/%d: %v", id, i, err)
					return
				}
				h, err := s.Borrow(of)
				if errors.Is(err, ErrReplaced) {
					continue
				}
				if err != nil {
					t.Errorf("borrow %d/%d: %v", id, i, err)
					return
				}
				r, err := h.Section(es[0].Offset, int64(es[0].Stored))
				got, rerr := io.ReadAll(r)
				h.Return()
				if err != nil || rerr != nil || !bytes.Equal(got, data[id][i]) {
					t.Errorf("section %d/%d: %v, %v", id, i, err, rerr)
				}
				reads.Add(1)
				return
			}
		})
	}
	loop(func(id meta.PackID, i int) {
		d := data[id][i]
		if place, ok := s.Find(s.Chunk(d).ID, len(d)); ok {
			hits.Add(1)
			got, err := s.Read(ctx, place.Pack, place.First, nil)
			if err != nil || !bytes.Equal(got, d) {
				t.Errorf("found %v: %v", place, err)
			}
			s.Unpin(place.Pack)
		}
	})
	loop(func(id meta.PackID, i int) {
		if _, defects := b.scrub(s, id); len(defects) > 0 {
			t.Errorf("scrub %d: %v", id, defects)
		}
		scrubs.Add(1)
	})
	loop(func(meta.PackID, int) {
		err := s.VerifyMerged(ctx, func(name string, err error) { t.Errorf("%s: %v", name, err) })
		if err != nil {
			t.Errorf("objects: %v", err)
		}
	})
	merges := 0
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); {
		for _, id := range ids {
			s.Drain(id)
		}
		for _, id := range ids {
			for s.Pinned(id) {
				time.Sleep(time.Millisecond)
			}
		}
		var list []Merging
		for _, id := range ids {
			list = append(list, Merging{id, all})
		}
		if _, err := s.Merge(ctx, list, nil); err != nil {
			t.Fatal(err)
		}
		merges++
		for _, id := range ids {
			s.Undrain(id)
		}
		time.Sleep(2 * time.Millisecond)
	}
	close(stop)
	wait.Wait()
	t.Logf("%d merges, %d reads, %d hits, %d scrubs; files %v", merges, reads.Load(), hits.Load(), scrubs.Load(), files(t, b.opt.Dir))
}
