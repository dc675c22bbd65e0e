package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"

	"cairn/store"
)

// Far more uploads than the budget has slabs, all open at once and fed in turns: none
// may starve, the bytes must come back, and the borders must not have moved.
func TestPressureSpills(t *testing.T) {
	r := newRig(t)
	r.s.Close()
	r.mem = 4 << 20
	r.open()
	const n, size = 40, 2<<20 + 4321
	var wg sync.WaitGroup
	feeds := make([]*io.PipeWriter, n)
	for i := range n {
		pr, pw := io.Pipe()
		feeds[i] = pw
		wg.Go(func() {
			_, err := r.s.Put(context.Background(), r.sc, store.Path(fmt.Sprint(i)), pr, store.PutOptions{Size: size})
			if err != nil {
				t.Errorf("%d: %v", i, err)
				pr.CloseWithError(err)
			}
		})
	}
	for at := 0; at < size; at += 100_000 {
		for i, pw := range feeds {
			if _, err := pw.Write(noise(uint64(i), size)[at:min(at+100_000, size)]); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, pw := range feeds {
		pw.Close()
	}
	wg.Wait()
	if spills := r.s.SpillsForTest(); spills == 0 {
		t.Error("nothing was spilled: the test shows nothing")
	}
	for i := range n {
		if !bytes.Equal(r.read(store.Path(fmt.Sprint(i))), noise(uint64(i), size)) {
			t.Errorf("%d: other bytes come back", i)
		}
		var chunks []int64
		for _, e := range r.stat(store.Path(fmt.Sprint(i))).Manifest.Extents {
			chunks = append(chunks, int64(e.Count), e.Bytes)
		}
		var count, bytes int64
		for j := 0; j < len(chunks); j += 2 {
			count, bytes = count+chunks[j], bytes+chunks[j+1]
		}
		if count != 3 || bytes != size {
			t.Errorf("%d: %d chunks of %d bytes, want 3 of %d", i, count, bytes, size)
		}
	}
	r.clean()
}

// A client that drips single bytes under pressure may not make the list of spilled
// pieces grow for ever.
func TestDrippingClient(t *testing.T) {
	r := newRig(t)
	r.s.Close()
	r.mem = 4 << 20
	r.open()
	var wg sync.WaitGroup
	content := noise(1, 3000)
	for i := range 12 {
		wg.Go(func() {
			_, err := r.s.Put(context.Background(), r.sc, store.Path(fmt.Sprint(i)), slowly{bytes.NewReader(content), 1}, store.PutOptions{Size: int64(len(content))})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 12 {
		if !bytes.Equal(r.read(store.Path(fmt.Sprint(i))), content) {
			t.Errorf("%d: other bytes come back", i)
		}
	}
	r.clean()
}
