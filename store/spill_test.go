package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

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
		got, err := r.s.ChunksForTest(t.Context(), r.stat(store.Path(fmt.Sprint(i))))
		if want := r.s.CutForTest(noise(uint64(i), size)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d: chunks %v, want %v (%v)", i, got, want, err)
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

// Clients that send all they may and then neither end nor go on hold nothing that
// another needs.
func TestWaitingForTheEnd(t *testing.T) {
	r := newRig(t)
	r.s.Close()
	r.mem = 4 << 20
	r.open()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 6 {
		pr, pw := io.Pipe()
		wg.Go(func() {
			r.s.Put(context.Background(), r.sc, store.Path(fmt.Sprint(i)), pr, store.PutOptions{Size: 5})
		})
		pw.Write([]byte("12345"))
		wg.Go(func() { <-stop; pw.Close() })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := r.s.Put(ctx, r.sc, "other", bytes.NewReader([]byte("hello")), store.PutOptions{Size: 5}); err != nil {
		t.Error(err)
	}
	close(stop)
	wg.Wait()
	r.clean()
}

// Single bytes, each made durable: the row of an upload stays small.
func TestDrippingUpload(t *testing.T) {
	r := newRig(t)
	u := r.create("f", 300)
	for i := range 300 {
		if _, err := r.append(u, int64(i), bytes.NewReader([]byte{byte(i)})); err != nil {
			t.Fatal(err)
		}
		got, err := r.s.GetUpload(t.Context(), r.sc, u.ID)
		if err != nil || len(got.Parts[0].Tail) > 70 {
			t.Fatalf("after %d bytes: %d pieces, %v", i+1, len(got.Parts[0].Tail), err)
		}
	}
	if got := r.read("f"); len(got) != 300 || got[299] != 299&255 {
		t.Errorf("%d bytes come back", len(got))
	}
	r.clean()
}

// awaited is a client that can be waited for without a buffer. After stopAt bytes it
// stops, until it may go on: a prompt one where it is waited for, another in a read.
type awaited struct {
	io.Reader
	prompt  bool
	stopAt  int
	stopped func() // called once
	goOn    chan struct{}
}

func (a *awaited) Await() (ready, prompt bool) {
	if a.prompt {
		a.stop()
	}
	return true, a.prompt
}

func (a *awaited) Read(p []byte) (int, error) {
	a.stop()
	n, err := a.Reader.Read(p[:min(len(p), 30_000)])
	a.stopAt -= n
	return n, err
}

func (a *awaited) stop() {
	if a.stopAt <= 0 && a.stopped != nil {
		a.stopped()
		a.stopped = nil
		<-a.goOn
	}
}

// Clients that are read straight into slabs and stop there, more of them than there are
// slabs, leave enough to others, and lose nothing.
func TestAwaitedClients(t *testing.T) {
	for _, prompt := range []bool{true, false} {
		r := newRig(t)
		r.s.Close()
		r.mem = 4 << 20
		r.open()
		const n, size = 100, 400_000
		goOn := make(chan struct{})
		var wg, stopped sync.WaitGroup
		stopped.Add(n)
		for i := range n {
			wg.Go(func() {
				a := &awaited{bytes.NewReader(noise(uint64(i), size)), prompt, 150_000, stopped.Done, goOn}
				_, err := r.s.Put(context.Background(), r.sc, store.Path(fmt.Sprint(i)), a, store.PutOptions{Size: size})
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		stopped.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if _, err := r.s.Put(ctx, r.sc, "other", bytes.NewReader(noise(99, 3<<20)), store.PutOptions{Size: 3 << 20}); err != nil {
			t.Errorf("prompt %v: one beside them: %v", prompt, err)
		}
		cancel()
		close(goOn)
		wg.Wait()
		for i := range n {
			if !bytes.Equal(r.read(store.Path(fmt.Sprint(i))), noise(uint64(i), size)) {
				t.Errorf("prompt %v, %d: other bytes come back", prompt, i)
			}
			got, err := r.s.ChunksForTest(t.Context(), r.stat(store.Path(fmt.Sprint(i))))
			if want := r.s.CutForTest(noise(uint64(i), size)); err != nil || !slices.Equal(got, want) {
				t.Errorf("prompt %v, %d: chunks %v, want %v (%v)", prompt, i, got, want, err)
			}
		}
		r.clean()
	}
}
