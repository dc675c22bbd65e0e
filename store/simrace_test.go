package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"cairn/store"
)

// during calls f once, before the first byte.
type during struct {
	io.Reader
	f func()
}

func (d *during) Read(p []byte) (int, error) {
	if d.f != nil {
		d.f()
		d.f = nil
	}
	return d.Reader.Read(p)
}

// race writes a file while something comes in between that its commit must refuse: a
// newer version, a lock, a quota.
func (w *simWorker) race(ctx context.Context, s *store.Store, r *rand.Rand, sick func() bool, p store.Path) error {
	c := simContent(r, false)
	if len(c) < 10 {
		c = simPool[:5000]
	}
	var inner error
	var due error
	from := &during{Reader: bytes.NewReader(c)}
	var o store.PutOptions
	undo := func() error { return nil }
	switch r.IntN(3) {
	case 0:
		n, err := s.Stat(ctx, w.sc, p)
		if err != nil {
			return fmt.Errorf("%w: %w", errSimEnd, err)
		}
		o.IfMatch = []string{n.ETag()}
		other := w.put(ctx, p, simPool[:10+r.IntN(100)], store.PutOptions{})
		from.f = func() { inner, due = w.do(s, sick, other), store.ErrPrecondition }
	case 1:
		from.f = func() {
			var lk store.Lock
			inner = w.do(s, sick, simOp{name: "lock", run: func(s *store.Store) (err error) {
				lk, _, err = s.Lock(ctx, w.sc, p, store.LockSpec{Timeout: time.Hour})
				return err
			}, did: func(*simState) {}})
			if due = store.ErrLocked; inner == nil {
				w.token, w.at = lk.Token, p
			}
		}
		undo = func() error {
			token := w.token
			w.token = "" // from now on it may be there or not
			return w.do(s, sick, simOp{name: "unlock", run: func(s *store.Store) error { return s.Unlock(ctx, w.sc, p, token) }, did: func(*simState) {}})
		}
	case 2:
		c = simPool[:len(w.state.nodes[p].content)+1000] // what shrinks a file is never refused
		from.Reader = bytes.NewReader(c)
		from.f = func() {
			used, _, _, err := s.Usage(ctx, w.sc)
			if err != nil {
				inner = fmt.Errorf("%w: %w", errSimEnd, err)
				return
			}
			tight := used + 999
			inner = w.do(s, sick, simOp{name: "quota", run: func(s *store.Store) error { return s.SetQuota(ctx, w.sc.User, tight) }, did: func(*simState) {}})
			due = store.ErrQuota
		}
		undo = func() error {
			return w.do(s, sick, simOp{name: "no quota", run: func(s *store.Store) error { return s.SetQuota(ctx, w.sc.User, 0) }, did: func(*simState) {}})
		}
	}
	op := w.putFrom(ctx, p, c, from, o)
	op.want = func() error {
		if inner != nil {
			return nil
		}
		return due
	}
	err := w.do(s, sick, op)
	if inner != nil || errors.Is(err, errSimEnd) {
		return errors.Join(inner, err)
	}
	return errors.Join(err, undo())
}
