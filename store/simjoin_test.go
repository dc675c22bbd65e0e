package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"cairn/store"
)

// write puts a content by one of the ways there are.
func (w *simWorker) write(ctx context.Context, r *rand.Rand, p store.Path, c []byte) simOp {
	switch r.IntN(8) {
	case 0:
		return w.joined(ctx, r, p, c)
	case 1:
		return w.alone(ctx, p, c)
	}
	return w.put(ctx, p, c, store.PutOptions{})
}

// joined puts a content as parts that are joined, twice: the second time changes nothing.
func (w *simWorker) joined(ctx context.Context, r *rand.Rand, p store.Path, c []byte) simOp {
	cut := r.IntN(len(c) + 1)
	var back simAside
	return simOp{name: fmt.Sprintf("join %s (%d and %d bytes)", p, cut, len(c)-cut), run: func(s *store.Store) (err error) {
		var ids []store.UploadID
		for _, part := range [][]byte{c[:cut], c[cut:]} {
			u, err := s.CreateUpload(ctx, w.sc, store.UploadSpec{Partial: true, Size: int64(len(part))})
			if err != nil {
				return err
			}
			if _, err := s.AppendUpload(ctx, w.sc, u.ID, 0, 0, bytes.NewReader(part)); err != nil {
				return err
			}
			ids = append(ids, u.ID)
		}
		if back, err = w.aside(ctx, s, p); err != nil {
			return err
		}
		u, err := s.JoinUploads(ctx, w.sc, store.UploadSpec{Path: p}, ids)
		if err != nil {
			return err
		}
		if again, err := s.JoinUploads(ctx, w.sc, store.UploadSpec{Path: p}, ids); err == nil && again.Version != u.Version {
			return fmt.Errorf("joined again it is %v, not %v", again.Version, u.Version)
		}
		return nil
	}, did: func(st *simState) { st.takeBack(back, p); st.put(p, c) }}
}

// alone puts a content as the only file of many.
func (w *simWorker) alone(ctx context.Context, p store.Path, c []byte) simOp {
	var back simAside
	return simOp{name: fmt.Sprintf("put many: %s (%d bytes)", p, len(c)), run: func(s *store.Store) (err error) {
		if back, err = w.aside(ctx, s, p); err != nil {
			return err
		}
		left := []store.PutFile{{Path: p, Body: bytes.NewReader(c), Options: store.PutOptions{Size: int64(len(c))}}}
		got, err := s.PutMany(ctx, w.sc, func() (f store.PutFile, err error) {
			if len(left) == 0 {
				return f, io.EOF
			}
			f, left = left[0], nil
			return f, nil
		})
		if err == nil {
			err = got[0].Err
		}
		return err
	}, did: func(st *simState) { st.takeBack(back, p); st.put(p, c) }}
}
