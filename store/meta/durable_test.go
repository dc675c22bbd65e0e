package meta

import (
	"context"
	"errors"
	"testing"
	"time"
)

// slowLog says when a record is to be made durable, and waits to be told how that ends.
type slowLog struct {
	begun chan struct{}
	end   chan error
}

func (l *slowLog) Append(context.Context, uint64, []byte, []PackID) error {
	l.begun <- struct{}{}
	return <-l.end
}

// While a commit record is being flushed its rows go into the transaction. They must
// not show, and nobody may be answered, before the flush has ended well.
func TestNothingShowsBeforeItIsDurable(t *testing.T) {
	log := &slowLog{make(chan struct{}), make(chan error)}
	d, err := Open(t.Context(), Options{Path: t.TempDir() + "/meta.db", Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := errors.Join(d.Init(t.Context(), [16]byte{1}, 1), d.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	shows := func(name string) (ok bool) {
		t.Helper()
		if err := d.View(t.Context(), func(r *Reader) (err error) { _, ok, err = r.Node(1, name); return err }); err != nil {
			t.Fatal(err)
		}
		return ok
	}
	put := func(name string) chan error {
		done := make(chan error, 1)
		go func() {
			done <- d.Commit(context.Background(), nil, func(tx *Tx) error {
				if _, ok, err := tx.Node(1, name); ok || err != nil {
					return errors.Join(errors.New("there already"), err)
				}
				return tx.Apply(&PutNode{Node: Node{ID: tx.NewNodeID(), Space: 1, Parent: 1, Name: name, Kind: File}, Key: name, Fresh: true})
			})
		}()
		return done
	}
	for _, c := range []struct {
		name  string
		flush error
		want  error
		after bool
	}{{"a", nil, nil, true}, {"b", ErrNotLogged, ErrNotLogged, false}, {"again", nil, nil, true}, {"c", errors.New("flush failed"), ErrStopped, false}} {
		done := put(c.name)
		<-log.begun
		next := put(c.name + "-next") // waits behind it
		time.Sleep(20 * time.Millisecond)
		select {
		case err := <-done:
			t.Errorf("%s: answered (%v) before the flush", c.name, err)
		default:
		}
		if shows(c.name) {
			t.Errorf("%s shows before the flush", c.name)
		}
		log.end <- c.flush
		if err := <-done; !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if shows(c.name) != c.after {
			t.Errorf("%s after the flush: shows %v", c.name, !c.after)
		}
		if c.want == ErrStopped { // what waits behind a failed flush fails too
			if err := <-next; !errors.Is(err, ErrStopped) {
				t.Errorf("the next: %v", err)
			}
			continue
		}
		<-log.begun
		log.end <- nil
		if err := <-next; err != nil {
			t.Errorf("the next: %v", err)
		}
	}
}
