package store

import (
	"context"
	"fmt"
	"io"

	"cairn/store/meta"
)

// MaxWith bounds the bytes that come with the creation of an upload: they are fewer.
const MaxWith = reservedFrom

// NewUploadID makes a random id.
func NewUploadID() UploadID { return meta.NewUploadID() }

// CreateWith implements API.
func (s *Store) CreateWith(ctx context.Context, sc Scope, spec UploadSpec, r io.Reader) (int64, error) {
	n, err := s.createWith(ctx, sc, spec, r)
	return n, fail("create upload", spec.Path, err)
}

func (s *Store) createWith(ctx context.Context, sc Scope, spec UploadSpec, r io.Reader) (int64, error) {
	if spec.Partial || spec.Size <= 0 || spec.Size >= MaxWith {
		return 0, fmt.Errorf("%w: %d bytes do not come with their creation", ErrTooLong, spec.Size)
	}
	if spec.ID == (UploadID{}) {
		spec.ID = NewUploadID()
	}
	if err := s.mayCreate(ctx, sc, spec); err != nil {
		return 0, err
	}
	g, err := newGuard(spec)
	if err != nil {
		return 0, err
	}
	a := &appending{s: s, sc: sc, fresh: &spec, guard: g, in: s.newIngest(), when: s.o.Clock(),
		u: Upload{ID: spec.ID, Path: string(spec.Path), Size: spec.Size, ModTime: spec.ModTime, Parts: []meta.Part{{}}}}
	defer a.in.close()
	if g.Digest != nil {
		if a.in.hash, err = g.Digest.resume(0); err != nil {
			return 0, err
		}
	}
	_, err = a.in.readFrom(ctx, r, spec.Size, nil)
	if err == nil && a.in.size == spec.Size {
		var more bool
		if more, err = a.in.oneMore(r); err == nil && more {
			err = ErrTooLong
		}
	}
	// What is known to be more than was announced, or broke off, is kept, but is no file.
	err2 := a.park(context.WithoutCancel(ctx), err == nil)
	if err == nil || err2 != nil && !isRead(err2) {
		err = err2
	}
	return a.told(), err
}
