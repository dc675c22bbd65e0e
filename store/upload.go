package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"cairn/store/meta"
)

// The bounds of uploads.
const (
	MaxUploadMeta   = 64 << 10
	uploadLifetime  = 7 * 24 * time.Hour
	finishedForADay = 24 * time.Hour
	// A long request makes what it has received durable this often.
	checkpointBytes = 32 << 20
	checkpointTime  = 2 * time.Second
)

// guard is the part of an upload's conditions that is kept until it is committed.
// Lock tokens are not: the last request brings them.
type guard struct {
	IfMatch     []string `json:",omitempty"`
	IfNoneMatch []string `json:",omitempty"`
	Parents     bool     `json:",omitempty"`
	Lifetime    time.Duration
}

// CreateUpload implements API.
func (s *Store) CreateUpload(ctx context.Context, sc Scope, spec UploadSpec) (Upload, error) {
	u, err := s.createUpload(ctx, sc, spec)
	return u, fail("create upload", spec.Path, err)
}

func (s *Store) createUpload(ctx context.Context, sc Scope, spec UploadSpec) (u Upload, err error) {
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
	text, err := json.Marshal(guard{spec.IfMatch, spec.IfNoneMatch, spec.Parents, spec.Lifetime})
	if err != nil {
		return u, err
	}
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		now := tx.Now().UTC()
		u = Upload{ID: meta.NewUploadID(), Space: sc.Space, User: sc.User, Root: sc.Root, Path: string(spec.Path), Size: max(-1, spec.Size),
			ModTime: spec.ModTime, Meta: spec.Meta, Guard: text, Created: now, Expires: now.Add(spec.Lifetime), Parts: []meta.Part{{}}}
		return tx.Apply(&meta.PutUpload{Upload: u}, &meta.PutPart{Upload: u.ID})
	})
	return u, err
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
	return u, err
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

// AppendUpload implements API.
func (s *Store) AppendUpload(ctx context.Context, sc Scope, id UploadID, part int, offset int64, r io.Reader) (int64, error) {
	release, err := s.hold(id)
	if err != nil {
		return 0, fail("append", Path(id.String()), err)
	}
	defer release()
	a := &appending{s: s, sc: sc, part: part}
	n, err := a.run(ctx, id, offset, r)
	return n, fail("append", Path(id.String()), err)
}

// appending is one request that brings bytes of an upload.
type appending struct {
	s    *Store
	sc   Scope
	u    Upload
	part int
	in   *ingest

	durable  int64 // offset as the database has it
	when     time.Time
	finished bool
}

func (a *appending) run(ctx context.Context, id UploadID, offset int64, r io.Reader) (int64, error) {
	err := a.s.db.View(ctx, func(r *meta.Reader) error {
		var err error
		a.u, err = ownUpload(r, a.sc, id)
		return err
	})
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(a.u.Parts, func(p meta.Part) bool { return p.Number == a.part })
	if i < 0 {
		return 0, ErrNotExist
	}
	p := a.u.Parts[i]
	a.durable, a.when = p.Offset, a.s.o.Clock()
	if a.u.Finished {
		return a.durable, ErrFinished
	}
	at := a.told()
	if offset != at {
		return at, fmt.Errorf("%w: the upload is at %d", ErrOffset, at)
	}
	if at < a.durable { // complete, but its commit was refused: the last byte comes again
		return a.again(ctx, r)
	}
	if a.in, err = a.s.resume(ctx, p); err != nil {
		return a.told(), err
	}
	defer a.in.close()
	room, reason, err := a.room(ctx)
	if err != nil {
		return a.told(), err
	}
	_, err = a.in.readFrom(ctx, r, room, func() error { return a.checkpoint(ctx) })
	if err == nil && a.in.size-p.Offset == room {
		var more bool
		if more, err = a.in.oneMore(r); err == nil && more {
			err = reason
		}
	}
	err2 := a.park(context.WithoutCancel(ctx), true)
	if err == nil || err2 != nil && !isRead(err2) {
		err = err2
	}
	return a.told(), err
}

// told is the offset that clients see: below the size until the file is committed.
func (a *appending) told() int64 {
	if !a.finished && a.u.Size > 0 && a.durable >= a.u.Size {
		return a.u.Size - 1
	}
	return a.durable
}

// room is how many bytes may still come, and the error for one more.
func (a *appending) room(ctx context.Context) (int64, error, error) {
	left, err := a.s.diskFree()
	if err != nil {
		return 0, nil, err
	}
	reason := ErrNoSpace
	quota, err := a.quota(ctx)
	if err != nil {
		return 0, nil, err
	}
	if quota < left {
		left, reason = quota, ErrQuota
	}
	if n := a.u.Size - a.durable; a.u.Size >= 0 && n <= left {
		left, reason = n, ErrTooLong
	}
	return left, reason, nil
}

// quota is how many bytes the account may still bring: what its unfinished uploads
// have brought counts as if it were committed.
func (a *appending) quota(ctx context.Context) (left int64, err error) {
	err = a.s.db.View(ctx, func(r *meta.Reader) error {
		pl, err := resolve(r, a.sc, Path(a.u.Path))
		if err != nil {
			return err
		}
		pending, err := r.UnfinishedBytes(a.u.User)
		if err != nil {
			return err
		}
		left, err = quotaLeft(r, a.sc.Space)
		left += pl.node.Size - pending
		return err
	})
	return max(0, left), err
}

// resume goes on with a part where it was left.
func (s *Store) resume(ctx context.Context, p meta.Part) (*ingest, error) {
	in := s.newIngest()
	extents, err := s.extents(ctx, p.Manifest)
	if err != nil {
		return nil, err
	}
	in.m, in.size, in.tail = meta.Manifest{Extents: slices.Clone(extents)}, p.Offset, slices.Clone(p.Tail)
	for _, ref := range in.tail {
		in.kept += int(ref.Bytes)
	}
	in.fill = in.kept
	return in, nil
}

// checkpoint makes what has arrived durable, when enough or long enough ago.
func (a *appending) checkpoint(ctx context.Context) error {
	if a.in.size-a.durable < checkpointBytes && a.s.o.Clock().Sub(a.when) < checkpointTime || a.in.size == a.durable {
		return nil
	}
	return a.parkLocked(ctx, false)
}

func (a *appending) park(ctx context.Context, last bool) error {
	a.in.mu.Lock()
	defer a.in.mu.Unlock()
	if a.in.err != nil {
		return a.in.err
	}
	return a.parkLocked(ctx, last)
}

// parkLocked saves the chunk so far and commits the new offset; with the last byte,
// the file too. When that is refused the bytes are kept.
func (a *appending) parkLocked(ctx context.Context, last bool) error {
	complete := last && a.u.Size >= 0 && a.in.size == a.u.Size && len(a.u.Parts) == 1
	if a.in.size == a.durable && !complete {
		return nil
	}
	if err := a.in.save(ctx); err != nil {
		return err
	}
	m, err := a.in.paged(ctx)
	if err != nil {
		return err
	}
	if err := a.in.flush(ctx); err != nil {
		return err
	}
	part := meta.Part{Number: a.part, Offset: a.in.size, Manifest: m, Tail: slices.Clone(a.in.tail)}
	if complete {
		whole, err := a.whole(ctx)
		if err == nil {
			err = a.commit(ctx, part, whole)
		}
		if err == nil {
			a.durable, a.finished = a.in.size, true
			return nil
		}
		if err2 := a.keep(ctx, part); err2 != nil {
			return err2
		}
		return err
	}
	return a.keep(ctx, part)
}

// keep commits the offset.
func (a *appending) keep(ctx context.Context, part meta.Part) error {
	err := a.s.db.Commit(ctx, a.in.packs, func(tx *meta.Tx) error {
		u, err := ownUpload(&tx.Reader, a.sc, a.u.ID)
		if err != nil {
			return err
		}
		var g guard
		if err := json.Unmarshal(u.Guard, &g); err != nil {
			return err
		}
		u.Expires = tx.Now().UTC().Add(g.Lifetime)
		return tx.Apply(&meta.PutUpload{Upload: u}, &meta.PutPart{Upload: a.u.ID, Part: part})
	})
	if err == nil {
		a.durable, a.when = part.Offset, a.s.o.Clock()
	}
	return err
}

// whole is the content with its last chunk cut.
func (a *appending) whole(ctx context.Context) (content, error) {
	if a.in.fill > 0 {
		if err := a.in.need(ctx); err != nil {
			return content{}, err
		}
		if err := a.in.cut(ctx); err != nil {
			return content{}, err
		}
	}
	m, err := a.in.paged(ctx)
	if err != nil {
		return content{}, err
	}
	if err := a.in.flush(ctx); err != nil {
		return content{}, err
	}
	return content{m, a.in.size, a.u.ModTime}, nil
}

// commit makes the file, and marks the upload finished, in one transaction.
func (a *appending) commit(ctx context.Context, part meta.Part, c content) error {
	return a.s.db.Commit(ctx, a.in.packs, func(tx *meta.Tx) error {
		u, err := ownUpload(&tx.Reader, a.sc, a.u.ID)
		if err != nil {
			return err
		}
		_, err = planFinish(tx, a.sc, u, part, Path(u.Path), c, Conditions{})
		return err
	})
}

// planFinish commits an upload's content at a path.
func planFinish(tx *meta.Tx, sc Scope, u Upload, part meta.Part, to Path, c content, with Conditions) (Written, error) {
	var g guard
	if err := json.Unmarshal(u.Guard, &g); err != nil {
		return Written{}, err
	}
	if with.IfMatch == nil && with.IfNoneMatch == nil && to == Path(u.Path) {
		with.IfMatch, with.IfNoneMatch = g.IfMatch, g.IfNoneMatch
	}
	w, err := planPut(tx, sc, to, c, PutOptions{Conditions: with, Size: c.size, Parents: g.Parents})
	if err != nil {
		return w, err
	}
	u.Finished, u.Node, u.Version, u.Size = true, w.ID, w.Version, c.size
	u.Expires = tx.Now().UTC().Add(finishedForADay)
	done := meta.Part{Number: part.Number, Offset: c.size}
	return w, tx.Apply(&meta.PutUpload{Upload: u}, &meta.PutPart{Upload: u.ID, Part: done})
}

// again takes the byte that a client sends once more for a commit that was refused.
func (a *appending) again(ctx context.Context, r io.Reader) (int64, error) {
	in := a.s.newIngest()
	defer in.close()
	more, err := in.oneMore(r)
	if err != nil {
		return a.told(), err
	}
	if !more {
		return a.told(), nil
	}
	if _, err := a.s.finishHeld(ctx, a.sc, a.u.ID, Path(a.u.Path), -1, Conditions{}); err != nil {
		return a.told(), err
	}
	return a.u.Size, nil
}

// FinishUpload implements API.
func (s *Store) FinishUpload(ctx context.Context, sc Scope, id UploadID, to Path, size int64, c Conditions) (Written, error) {
	release, err := s.hold(id)
	if err != nil {
		return Written{}, fail("finish", Path(id.String()), err)
	}
	defer release()
	w, err := s.finishHeld(ctx, sc, id, to, size, c)
	return w, fail("finish", Path(id.String()), err)
}

func (s *Store) finishHeld(ctx context.Context, sc Scope, id UploadID, to Path, size int64, c Conditions) (w Written, err error) {
	var u Upload
	err = s.db.View(ctx, func(r *meta.Reader) error {
		if u, err = ownUpload(r, sc, id); err != nil || !u.Finished {
			return err
		}
		n, ok, err := r.NodeByID(u.Node)
		if err == nil && !ok {
			err = ErrNotExist
		}
		w = Written{Node: n}
		return err
	})
	if err != nil || u.Finished {
		return w, err
	}
	if len(u.Parts) != 1 {
		return w, ErrIncomplete
	}
	if u.Size < 0 {
		u.Size = size
	}
	p := u.Parts[0]
	if u.Size < 0 || p.Offset < u.Size {
		return w, fmt.Errorf("%w: %d of %d bytes", ErrIncomplete, p.Offset, u.Size)
	}
	if p.Offset > u.Size || size >= 0 && size != u.Size {
		return w, ErrTooLong
	}
	if to.IsRoot() {
		to = Path(u.Path)
	}
	in, err := s.resume(ctx, p)
	if err != nil {
		return w, err
	}
	defer in.close()
	in.mu.Lock()
	defer in.mu.Unlock()
	a := &appending{s: s, sc: sc, u: u, in: in}
	whole, err := a.whole(ctx)
	if err != nil {
		return w, err
	}
	err = s.db.Commit(context.WithoutCancel(ctx), in.packs, func(tx *meta.Tx) error {
		now, err := ownUpload(&tx.Reader, sc, id)
		if err != nil {
			return err
		}
		w, err = planFinish(tx, sc, now, p, to, whole, c)
		return err
	})
	return w, err
}

// DropUpload implements API.
func (s *Store) DropUpload(ctx context.Context, sc Scope, id UploadID) error {
	release, err := s.hold(id)
	if err != nil {
		return fail("drop upload", Path(id.String()), err)
	}
	defer release()
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		if _, err := ownUpload(&tx.Reader, sc, id); err != nil {
			return err
		}
		return tx.Apply(&meta.DropUpload{ID: id})
	})
	return fail("drop upload", Path(id.String()), err)
}

// sweep forgets uploads whose time is over, at the start and once an hour.
func (s *Store) sweep() {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		if err := s.sweepUploads(context.Background()); err != nil {
			s.o.Log.Warn("expired uploads stay for now", "err", err)
		}
		select {
		case <-s.closing:
			return
		case <-t.C:
		}
	}
}

func (s *Store) sweepUploads(ctx context.Context) error {
	for {
		var ids []UploadID
		err := s.db.View(ctx, func(r *meta.Reader) error {
			var err error
			ids, err = r.ExpiredUploads(s.o.Clock(), 100)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		dropped := 0
		err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
			dropped = 0
			for _, id := range ids {
				s.mu.Lock()
				busy := s.busy[id]
				s.mu.Unlock()
				u, ok, err := tx.Upload(id)
				if err != nil {
					return err
				}
				if busy || !ok || u.Expires.After(tx.Now()) { // extended meanwhile
					continue
				}
				dropped++
				if err := tx.Apply(&meta.DropUpload{ID: id}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || dropped == 0 {
			return err
		}
	}
}
