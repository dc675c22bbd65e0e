package store

import (
	"context"
	"encoding/json"
	"time"

	"cairn/store/meta"
)

// The bounds of uploads.
const (
	MaxUploadMeta   = 64 << 10
	MaxUploads      = 10_000 // unfinished ones of an account
	uploadLifetime  = 7 * 24 * time.Hour
	finishedForADay = 24 * time.Hour
	// A long request makes what it has received durable this often.
	checkpointBytes = 32 << 20
	checkpointTime  = 2 * time.Second
)

// guard is the part of an upload's conditions that is kept until it is committed.
// Lock tokens are not: a lock that is taken, whoever holds it, holds up the commit.
type guard struct {
	IfMatch     []string   `json:",omitempty"`
	IfNoneMatch []string   `json:",omitempty"`
	Parents     bool       `json:",omitempty"`
	Base        Path       `json:",omitempty"`
	Digest      *digesting `json:",omitempty"`
	Lifetime    time.Duration
}

func readGuard(u Upload) (g guard, err error) {
	err = json.Unmarshal(u.Guard, &g)
	return g, err
}

// CreateUpload implements API.
func (s *Store) CreateUpload(ctx context.Context, sc Scope, spec UploadSpec) (Upload, error) {
	u, err := s.createUpload(ctx, sc, spec)
	return u, fail("create upload", spec.Path, err)
}

func (s *Store) createUpload(ctx context.Context, sc Scope, spec UploadSpec) (u Upload, err error) {
	if err := s.db.Stopped(); err != nil {
		return u, err
	}
	if len(spec.Meta) > MaxUploadMeta {
		return u, ErrPropsTooLarge
	}
	o := PutOptions{Conditions: spec.Conditions, Size: spec.Size, ModTime: spec.ModTime, Parents: spec.Parents}
	if _, err := s.mayPut(ctx, sc, spec.Path, o); err != nil {
		return u, err
	}
	if spec.Lifetime <= 0 {
		spec.Lifetime = uploadLifetime
	}
	g := guard{IfMatch: spec.IfMatch, IfNoneMatch: spec.IfNoneMatch, Parents: spec.Parents, Base: spec.Base, Lifetime: spec.Lifetime}
	if g.Digest, err = newDigesting(spec.Digest); err != nil {
		return u, err
	}
	text, err := json.Marshal(g)
	if err != nil {
		return u, err
	}
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		now := tx.Now().UTC()
		u = Upload{ID: meta.NewUploadID(), Space: sc.Space, User: sc.User, Root: sc.Root, Path: string(spec.Path), Size: max(-1, spec.Size),
			ModTime: spec.ModTime, Meta: spec.Meta, Guard: text, Created: now, Expires: now.Add(spec.Lifetime), Parts: []meta.Part{{}}}
		if err := g.allowBase(&tx.Reader, sc); err != nil {
			return err
		}
		if spec.Size != 0 {
			n, err := tx.CountUnfinished(sc.User)
			if err != nil {
				return err
			}
			if n >= MaxUploads {
				return ErrUploadLimit
			}
			return tx.Apply(&meta.PutUpload{Upload: u}, &meta.PutPart{Upload: u.ID})
		}
		w, err := planFinish(tx, sc, u, meta.Part{}, spec.Path, content{modTime: spec.ModTime}, Conditions{Tokens: spec.Tokens})
		u.Finished, u.Node, u.Version = true, w.ID, w.Version
		return err
	})
	return u, err
}

// allowBase checks that the folder is there below which missing ones may be made.
func (g *guard) allowBase(r *meta.Reader, sc Scope) error {
	if !g.Parents || g.Base.IsRoot() {
		return nil
	}
	pl, err := resolve(r, sc, g.Base)
	switch {
	case err != nil:
		return err
	case pl.missing != nil:
		return pl.missing
	case !pl.exists:
		return ErrNoParent
	case !pl.node.IsFolder():
		return ErrNotFolder
	}
	return nil
}

// GetUpload implements API.
func (s *Store) GetUpload(ctx context.Context, sc Scope, id UploadID) (u Upload, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		u, err = ownUpload(r, sc, id)
		return err
	})
	return u, fail("upload", Path(id.String()), err)
}

// ownUpload finds an upload of the scope's user; others do not exist.
func ownUpload(r *meta.Reader, sc Scope, id UploadID) (Upload, error) {
	u, ok, err := r.Upload(id)
	if err == nil && (!ok || u.User != sc.User || u.Space != sc.Space) {
		return Upload{}, ErrNotExist
	}
	if err == nil {
		_, ok, err = r.Account(sc.User)
		if err == nil && !ok { // removed while a request was on its way
			return Upload{}, ErrNotExist
		}
	}
	return u, err
}

// Uploads implements API.
func (s *Store) Uploads(ctx context.Context, sc Scope, limit int) (us []Upload, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		us, err = r.UnfinishedUploads(sc.User, sc.Space, limit)
		return err
	})
	return us, fail("uploads", "", err)
}

// hold takes an upload for one request.
func (s *Store) hold(id UploadID) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[id] {
		return nil, ErrBusy
	}
	s.busy[id] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.busy, id)
	}, nil
}

// DropUpload implements API.
func (s *Store) DropUpload(ctx context.Context, sc Scope, id UploadID) error {
	release, err := s.hold(id)
	if err != nil {
		return fail("drop upload", Path(id.String()), err)
	}
	defer release()
	return fail("drop upload", Path(id.String()), s.dropHeld(ctx, sc, id))
}

func (s *Store) dropHeld(ctx context.Context, sc Scope, id UploadID) error {
	return s.freeing(ctx, func(tx *meta.Tx) error {
		if _, err := ownUpload(&tx.Reader, sc, id); err != nil {
			return err
		}
		return tx.Apply(&meta.DropUpload{ID: id})
	})
}
