package store_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/object"
)

// These tests wait for the timer that makes durable what a silent client has sent.
const silent = 2 * time.Second

// stalling yields pieces, waits before each but the first until it is told to go on, and
// says so.
type stalling struct {
	pieces  [][]byte
	waiting chan struct{}
	on      chan struct{}
	left    []byte
}

func newStalling(pieces ...[]byte) *stalling {
	return &stalling{pieces: pieces[1:], waiting: make(chan struct{}), on: make(chan struct{}), left: pieces[0]}
}

func (s *stalling) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		s.waiting <- struct{}{}
		<-s.on
		if len(s.pieces) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		s.left, s.pieces = s.pieces[0], s.pieces[1:]
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// takeSlabs takes slabs until n are left.
func (r *rig) takeSlabs(leave int) (release func()) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	total, _ := r.s.SlabsForTest()
	var all []func()
	for range total - leave {
		one, err := r.s.SlabForTest(ctx)
		if err != nil {
			r.t.Fatalf("after %d of %d slabs: %v", len(all), total, err)
		}
		all = append(all, one)
	}
	return func() {
		for _, f := range all {
			f()
		}
	}
}

// A chunk that is complete may have to wait for memory before it can be laid down. What
// is made durable meanwhile, by the clock, is not told as the end of a chunk: whoever
// goes on from there after a crash finds the same borders.
func TestDurableWhileAChunkWaits(t *testing.T) {
	for name, content := range map[string][]byte{
		"noise": noise(2, 7<<20),
		"media": append([]byte{0xff, 0xd8, 0xff, 0xe0}, noise(3, 9<<20)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.s.Close()
			r.mem = 4 << 20
			r.open()
			want := r.s.CutForTest(content)
			first, _ := new(store.CutterForTest).Next(content)
			u := r.create("f", int64(len(content)))
			body := newStalling(content[:first-10], content[first-10:first+90])
			var wg sync.WaitGroup
			wg.Go(func() { r.append(u, 0, body) })
			<-body.waiting
			free := r.takeSlabs(1) // what has arrived is spilled
			body.on <- struct{}{}
			r.clock.advance(silent)
			time.Sleep(silent + silent/2)
			got, err := r.s.GetUpload(t.Context(), r.sc, u.ID)
			t.Log("durable:", got.Parts[0].Offset, "border:", first, err)
			if err := r.s.Close(); err != nil { // as a crash would, for the upload
				t.Error(err)
			}
			select {
			case <-body.waiting:
				body.on <- struct{}{}
			case <-time.After(time.Second):
			}
			wg.Wait()
			free()
			r.open()
			if got, err = r.s.GetUpload(t.Context(), r.sc, u.ID); err != nil {
				t.Fatal(err)
			}
			at := got.Parts[0].Offset
			if n, err := r.append(u, at, bytes.NewReader(content[at:])); err != nil || n != int64(len(content)) {
				t.Fatalf("the rest from %d on: %d, %v", at, n, err)
			}
			if !bytes.Equal(r.read("f"), content) {
				t.Error("other bytes come back")
			}
			chunks, err := r.s.ChunksForTest(t.Context(), r.stat("f"))
			if err != nil || !slices.Equal(chunks, want) {
				t.Errorf("chunks\n%v\nwant\n%v (%v)", chunks, want, err)
			}
			r.clean()
		})
	}
}

// Whoever is asked for slabs while what he has is being made durable is asked again.
func TestSpillDuringCheckpoint(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.s.Close()
	r.mem = 4 << 20
	gate, reached := make(chan struct{}), make(chan struct{}, 1)
	var mu sync.Mutex
	shut := false
	r.trace = func(string) {
		mu.Lock()
		wait := shut
		mu.Unlock()
		if wait {
			select {
			case reached <- struct{}{}:
			default:
			}
			<-gate
		}
	}
	r.open()
	u := r.create("f", 1<<20)
	body := newStalling(noise(1, 400_000))
	var wg sync.WaitGroup
	wg.Go(func() { r.append(u, 0, body) })
	<-body.waiting
	mu.Lock()
	shut = true
	mu.Unlock()
	r.clock.advance(silent)
	<-reached // its checkpoint is at the database
	time.AfterFunc(300*time.Millisecond, func() { close(gate) })
	r.takeSlabs(0)()
	body.on <- struct{}{}
	wg.Wait()
}

// eventually waits until f holds.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in 20 s", what)
		}
	}
}

// An upload that has failed while its client is silent keeps no memory.
func TestFailedUploadGivesUpItsSlabs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.s.Close()
	r.mem = 4 << 20
	faults := object.NewFaults(object.OS())
	r.fs = faults
	r.open()
	u := r.create("f", 1<<20)
	body := newStalling(noise(1, 400_000), []byte("more"))
	var wg sync.WaitGroup
	var failed error
	wg.Go(func() { _, failed = r.append(u, 0, body) })
	<-body.waiting
	faults.Add(object.Rule{Op: object.OpWrite, Path: "packs", Nth: 1, Err: object.ErrNoSpace})
	r.clock.advance(silent)
	eventually(t, "the fault", func() bool { return len(faults.Pending()) == 0 })
	time.Sleep(100 * time.Millisecond)
	r.takeSlabs(0)()
	body.on <- struct{}{}
	wg.Wait()
	if failed == nil {
		t.Error("the upload did not fail")
	}
}

// drip yields one byte a read, and calls f before each.
type drip struct {
	b []byte
	f func(n int)
	n int
}

func (d *drip) Read(p []byte) (int, error) {
	if d.n == len(d.b) {
		return 0, io.EOF
	}
	d.f(d.n)
	p[0] = d.b[d.n]
	d.n++
	return 1, nil
}

// A client that drips bytes in one request does not make the row of the upload grow with
// every one that is made durable.
func TestDripInOneRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	content := noise(4, 400)
	u := r.create("f", int64(len(content)))
	most := 0
	_, err := r.append(u, 0, &drip{b: content, f: func(int) {
		r.clock.advance(silent)
		got, err := r.s.GetUpload(t.Context(), r.sc, u.ID)
		if err != nil {
			t.Error(err)
			return
		}
		most = max(most, len(got.Parts[0].Tail))
	}})
	if err != nil {
		t.Fatal(err)
	}
	if most > 130 {
		t.Errorf("%d pieces of %d bytes", most, len(content))
	}
	if !bytes.Equal(r.read("f"), content) {
		t.Error("other bytes come back")
	}
	r.clean()
}
