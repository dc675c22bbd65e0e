package store

import (
	"cmp"
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
	// An upload keeps room for what it has declared while it was begun, or has brought
	// something, within this time; on the disk only if that is so much at least.
	reservedFor  = time.Hour
	reservedFrom = 1 << 20
	// A long request makes what it has received durable after so many bytes, or so long; but
	// one that is fast does not stand still for it all the time.
	checkpointBytes = 32 << 20
	checkpointPause = 500 * time.Millisecond
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
	Joined      string   `json:",omitempty"` // of a part: the upload that it was joined into
	Parts       []string `json:",omitempty"` // of one that was joined: of what
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
	if spec.Partial {
		spec = UploadSpec{Size: spec.Size, Meta: spec.Meta, Lifetime: spec.Lifetime, Partial: true, ID: spec.ID}
	}
	if err := s.mayCreate(ctx, sc, spec); err != nil {
		return u, err
	}
	g, err := newGuard(spec)
	if err != nil {
		return u, err
	}
	text, err := json.Marshal(g)
	if err != nil {
		return u, err
	}
	free := int64(0)
	if spec.Size >= reservedFrom {
		if free, err = s.diskFree(); err != nil {
			return u, err
		}
	}
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		u = newUpload(tx, sc, spec, text)
		if err := g.allowBase(&tx.Reader, sc); err != nil {
			return err
		}
		if spec.Size != 0 || spec.Partial {
			n, err := tx.CountUnfinished(sc.User)
			if err != nil {
				return err
			}
			if n >= MaxUploads {
				return ErrUploadLimit
			}
			if err := reserve(tx, sc, spec.Path, spec.Size, free); err != nil {
				return err
			}
			return tx.Apply(&meta.PutUpload{Upload: u}, &meta.PutPart{Upload: u.ID})
		}
		w, err := planFinish(tx, sc, u, meta.Part{}, spec.Path, content{modTime: spec.ModTime}, Conditions{Tokens: spec.Tokens})
		u.Finished, u.Node, u.Version = true, w.ID, w.Version
		return err
	})
	return u, err
}

// mayCreate asks before the first byte what the commit will ask again.
func (s *Store) mayCreate(ctx context.Context, sc Scope, spec UploadSpec) error {
	if err := s.db.Stopped(); err != nil {
		return err
	}
	if len(spec.Meta) > MaxUploadMeta {
		return ErrPropsTooLarge
	}
	if spec.Partial {
		return sc.need(MayWrite)
	}
	o := PutOptions{Conditions: spec.Conditions, Size: spec.Size, ModTime: spec.ModTime, Parents: spec.Parents}
	_, err := s.mayPut(ctx, sc, spec.Path, o)
	return err
}

// newGuard is what is kept of a spec until the commit.
func newGuard(spec UploadSpec) (g guard, err error) {
	if spec.Lifetime <= 0 {
		spec.Lifetime = uploadLifetime
	}
	g = guard{IfMatch: spec.IfMatch, IfNoneMatch: spec.IfNoneMatch, Parents: spec.Parents, Base: spec.Base, Lifetime: spec.Lifetime}
	g.Digest, err = newDigesting(spec.Digest)
	return g, err
}

// newUpload is a row for a spec, with a guard for it.
func newUpload(tx *meta.Tx, sc Scope, spec UploadSpec, guard []byte) Upload {
	now := tx.Now().UTC()
	id := spec.ID
	if id == (UploadID{}) {
		id = meta.NewUploadID()
	}
	return Upload{ID: id, Space: sc.Space, User: sc.User, Root: sc.Root, Path: string(spec.Path), Size: max(-1, spec.Size),
		ModTime: spec.ModTime, Meta: spec.Meta, Guard: guard, Created: now, Expires: now.Add(cmp.Or(max(0, spec.Lifetime), uploadLifetime)), Parts: []meta.Part{{}}}
}

// reserve checks that size more bytes, for a path or for a part of a file (empty), have room
// beside what others are bringing: in the quota those of the account, on the disk, where
// free bytes are left, those of all. Who has brought nothing for reservedFor keeps nobody
// out, nor does another try of the account for the same path, of which one will be given up.
func reserve(tx *meta.Tx, sc Scope, path Path, size, free int64) error {
	active := tx.Now().Add(uploadLifetime - reservedFor)
	if size >= reservedFrom {
		taken, err := tx.ReservedBytes(0, active, sc.User, string(path))
		if err != nil {
			return err
		}
		if size > free-taken {
			return ErrNoSpace
		}
	}
	left, err := quotaLeft(&tx.Reader, sc.Space)
	if err != nil || left == noQuota {
		return err
	}
	mine, err := tx.ReservedBytes(sc.User, active, sc.User, string(path))
	if err != nil {
		return err
	}
	brought, err := tx.UnfinishedBytes(sc.User)
	if err != nil {
		return err
	}
	if path != "" {
		pl, err := resolve(&tx.Reader, sc, path)
		if err != nil {
			return err
		}
		left += pl.node.Size // it is replaced
	}
	if size > left-mine-brought {
		return ErrQuota
	}
	return nil
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
