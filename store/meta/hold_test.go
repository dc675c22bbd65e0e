package meta

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// busyLog takes its time, so that the next batch waits when one is durable.
type busyLog struct {
	memLog
	full func() bool // true: the next record is refused
}

func (l *busyLog) Append(ctx context.Context, lsn uint64, p []byte, after []PackID) error {
	time.Sleep(200 * time.Microsecond)
	if l.full() {
		return ErrNotLogged
	}
	return l.memLog.Append(ctx, lsn, p, after)
}

// holding is a database whose COMMITs wait whenever they can and there is room.
func holding(t *testing.T, log Log, room func() bool) *DB {
	t.Helper()
	d, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "meta.db"), Log: log, Now: time.Now, Hold: -1, Room: room})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := errors.Join(d.Init(t.Context(), [16]byte{1}, 1), d.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	return d
}

// While COMMITs wait for one another, who was answered finds the change by every way
// there is, plans that fail and records that are refused leave nothing, and the rows
// are those of the records.
func TestHeldBatches(t *testing.T) {
	const writers, each = 16, 150
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(3, 4))
	dice := func(n int) bool { mu.Lock(); defer mu.Unlock(); return rng.IntN(n) == 0 }
	log := &busyLog{full: func() bool { return dice(40) }}
	d := holding(t, log, nil)
	var root NodeID
	for root == 0 {
		d.Commit(t.Context(), nil, func(tx *Tx) (err error) { root, err = putSpace(tx); return err })
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				name, refused := fmt.Sprintf("%d-%d", w, i), dice(12)
				size := int64(i)
				plan := func(tx *Tx) error {
					seq, err := tx.NextSeq(1)
					if err != nil {
						return err
					}
					old, there, err := tx.Node(root, name)
					if err != nil {
						return err
					}
					n := Node{ID: tx.NewNodeID(), Space: 1, Parent: root, Name: name, Kind: File, Since: seq, Size: size}
					grown, files := size, int64(1)
					if there {
						n.ID, grown, files = old.ID, size-old.Size, 0
					}
					tx.AddSum(root, grown, files, seq)
					err = tx.Apply(&PutNode{Node: n, Key: name, Fresh: !there})
					if refused {
						err = errRefused
					}
					return err
				}
				again := dice(3)
			commit:
				switch err := d.Commit(context.Background(), nil, plan); {
				case errors.Is(err, ErrNotLogged):
					goto commit
				case refused != errors.Is(err, errRefused) || !refused && err != nil:
					t.Errorf("%s: %v", name, err)
					return
				}
				if !refused && again { // written a second time
					size += 1000
					again = false
					goto commit
				}
				if !dice(3) {
					continue
				}
				look := d.View
				if dice(2) {
					look = d.Look
				}
				err := look(context.Background(), func(r *Reader) error {
					n, ok, err := r.Node(root, name)
					if ok == refused || ok && n.Size != size {
						t.Errorf("%s: there %v with %d bytes; refused %v, %d bytes", name, ok, n.Size, refused, size)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if st := d.Stats(); st.Held < st.Batches/10 {
		t.Errorf("%d of %d batches were held", st.Held, st.Batches)
	} else {
		t.Logf("%d changes in %d batches, %d of them held", st.Changes, st.Batches, st.Held)
	}
	d.View(t.Context(), func(r *Reader) error {
		kids, err := r.Children(root, "", 100_000)
		top, _, _ := r.NodeByID(root)
		var bytes int64
		for _, k := range kids {
			bytes += k.Size
		}
		if top.Bytes != bytes || top.Files != int64(len(kids)) {
			t.Errorf("sums: %d bytes in %d files; they are %d in %d", top.Bytes, top.Files, bytes, len(kids))
		}
		return err
	})
	again := open(t, &memLog{}, "again.db")
	replayAll(t, again, log.records)
	if got, want := dump(t, again), dump(t, d); got != want {
		t.Error("replayed rows differ from the live ones")
	}
}

// stuckLog keeps a record back until release, and loses the one after it.
type stuckLog struct {
	memLog
	records          int
	entered, release chan struct{}
}

func (l *stuckLog) Append(ctx context.Context, lsn uint64, p []byte, after []PackID) error {
	if l.records++; l.records == 2 {
		close(l.entered)
		<-l.release
	}
	if l.records == 3 {
		return ErrNotLogged
	}
	return l.memLog.Append(ctx, lsn, p, after)
}

// Who was refused because of a change whose record is lost is not told of that change.
func TestRefusedBecauseOfALostRecord(t *testing.T) {
	log := &stuckLog{entered: make(chan struct{}), release: make(chan struct{})}
	d := holding(t, log, nil)
	var root NodeID
	if err := d.Commit(t.Context(), nil, func(tx *Tx) (err error) { root, err = putSpace(tx); return err }); err != nil {
		t.Fatal(err)
	}
	create := func(name string) error {
		return d.Commit(t.Context(), nil, func(tx *Tx) error {
			if _, there, err := tx.Node(root, name); there || err != nil {
				return errors.Join(err, errRefused)
			}
			return tx.Apply(&PutNode{Node: Node{ID: tx.NewNodeID(), Space: 1, Parent: root, Name: name, Kind: File}, Key: name, Fresh: true})
		})
	}
	results := make(chan error, 3)
	go func() { results <- create("before") }()
	<-log.entered
	for range 2 { // they are one batch: one of them makes the file, the other finds it
		go func() { results <- create("a") }()
	}
	for len(d.queue) < 2 {
		time.Sleep(time.Millisecond)
	}
	close(log.release)
	if err := <-results; err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-results; !errors.Is(err, ErrNotLogged) {
			t.Errorf("%v, want that the record is lost", err)
		}
	}
	if err := create("a"); err != nil {
		t.Errorf("again: %v", err)
	}
}

// Nothing is held while the disk has no room for it.
func TestNothingIsHeldWithoutRoom(t *testing.T) {
	for _, room := range []bool{false, true} {
		d := holding(t, &busyLog{full: func() bool { return false }}, func() bool { return room })
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					if err := d.Commit(context.Background(), nil, func(tx *Tx) error { return tx.Apply(&PutSpaceSeq{1, 1}) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if st := d.Stats(); (st.Held > 0) != room {
			t.Errorf("room: %v, and %d of %d batches were held", room, st.Held, st.Batches)
		}
	}
}

// Writes may be stopped while something is held, by who has found that a flush of the
// database failed: nobody waits for ever for what will not be committed.
func TestHeldWhenDistrusted(t *testing.T) {
	met := 0
	for range 60 {
		d := holding(t, &busyLog{full: func() bool { return false }}, nil)
		if err := d.Commit(t.Context(), nil, func(tx *Tx) error { _, err := putSpace(tx); return err }); err != nil {
			t.Fatal(err)
		}
		if d.lag.Load() != nil {
			met++
		}
		d.Distrust(errors.New("a flush failed"))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := d.View(ctx, func(r *Reader) error { _, err := r.Applied(); return err })
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			t.Fatal("a reader waits for ever")
		}
		if err != nil && !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
	}
	if met == 0 {
		t.Error("nothing was held: the test does not test that")
	}
}
