package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"cairn/store/meta"
)

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

// AppendChecked implements API.
func (s *Store) AppendChecked(ctx context.Context, sc Scope, id UploadID, part int, offset int64, r io.Reader, sum Digest) (int64, error) {
	release, err := s.hold(id)
	if err != nil {
		return 0, fail("append", Path(id.String()), err)
	}
	defer release()
	a := &appending{s: s, sc: sc, part: part, checked: true}
	c := &checkedReader{r: r, h: newHash(sum.Algorithm), want: sum.Sum}
	if c.h == nil || c.h.Size() != len(sum.Sum) {
		return 0, fail("append", Path(id.String()), fmt.Errorf("%w: %s of %d bytes", ErrDigest, sum.Algorithm, len(sum.Sum)))
	}
	n, err := a.run(ctx, id, offset, c)
	if errors.Is(err, ErrDigest) { // it came by way of a read
		err = ErrDigest
	}
	return n, fail("append", Path(id.String()), err)
}

// checkedReader ends with io.EOF only if what it has read comes to a digest.
type checkedReader struct {
	r    io.Reader
	h    hash.Hash
	want []byte
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.h.Write(p[:n])
	if err == io.EOF && !bytes.Equal(c.h.Sum(nil), c.want) {
		err = ErrDigest
	}
	return n, err
}

// Await is the inner reader's.
func (c *checkedReader) Await() (ready, prompt bool) {
	if aw, ok := c.r.(awaiter); ok {
		return aw.Await()
	}
	return false, false
}

// appending is one request that brings bytes of an upload.
type appending struct {
	s    *Store
	sc   Scope
	u    Upload
	part int
	in   *ingest
	// checked: r ends with a failure unless its bytes are right, and only then do they count.
	checked bool

	// fresh: the upload has no row yet; the first commit makes it, or the file, or both.
	fresh *UploadSpec

	guard    guard
	durable  int64 // offset as the database has it
	when     time.Time
	finished bool
	over     bool // nothing more is to be parked
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
	if a.guard, err = readGuard(a.u); err != nil {
		return a.told(), err
	}
	if d := a.guard.Digest; d != nil {
		if a.in.hash, err = d.resume(a.durable); err != nil {
			return a.told(), err
		}
	}
	stop, checkpoint := func() {}, func() error { return a.checkpoint(ctx) }
	if a.checked {
		checkpoint = nil
	} else {
		stop = a.keepDurable(ctx)
	}
	_, err = a.in.readFrom(ctx, r, room, checkpoint)
	if err == nil && a.in.size-p.Offset == room {
		var more bool
		if more, err = a.in.oneMore(r); err == nil && more {
			err = reason
		}
	}
	stop()
	if a.checked && err != nil {
		return a.told(), err
	}
	// What is known to be more than was announced, or broke off, is kept, but is no file.
	err2 := a.park(context.WithoutCancel(ctx), err == nil)
	if err == nil || err2 != nil && !isRead(err2) {
		err = err2
	}
	return a.told(), err
}

// told is the offset that clients see: below the size until the file is committed.
func (a *appending) told() int64 {
	if !a.finished && !a.u.Partial() && a.u.Size > 0 && a.durable >= a.u.Size {
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
	in.m.Extents = slices.Clone(p.Manifest.Extents)
	err := s.pages(ctx, p.Manifest, func(ref meta.Ref, page []meta.Extent) {
		if len(in.m.Extents) == len(in.pages)*extentsPerPage && len(page) == extentsPerPage {
			in.pages = append(in.pages, ref)
		}
		in.m.Extents = append(in.m.Extents, page...)
	})
	if err != nil {
		return nil, err
	}
	if n := len(in.pages); n > 0 && n*extentsPerPage == len(in.m.Extents) {
		in.pages = in.pages[:n-1] // the last extent may grow
	}
	in.size, in.tail = p.Offset, slices.Clone(p.Tail)
	for _, ref := range in.tail {
		in.kept += int(ref.Bytes)
	}
	in.fill = in.kept
	if p.Offset > 0 {
		if err := in.cut.UnmarshalBinary(p.State); err != nil {
			return nil, fmt.Errorf("%w: the state of the upload: %w", ErrCorrupt, err)
		}
	}
	return in, nil
}

// keepDurable makes what has arrived durable while the client is silent, too.
func (a *appending) keepDurable(ctx context.Context) (stop func()) {
	a.in.mu.Lock()
	defer a.in.mu.Unlock()
	var t *time.Timer
	t = time.AfterFunc(checkpointTime, func() {
		a.in.mu.Lock()
		defer a.in.unlock()
		if a.over || a.in.err != nil {
			return
		}
		if err := a.checkpoint(context.WithoutCancel(ctx)); err != nil {
			a.in.err = err // the read that is waited for will say so
			return
		}
		t.Reset(checkpointTime)
	})
	return func() {
		a.in.mu.Lock()
		defer a.in.mu.Unlock()
		a.over = true
		t.Stop()
	}
}

// checkpoint makes what has arrived durable, when enough or long enough ago.
func (a *appending) checkpoint(ctx context.Context) error {
	if a.in.ending {
		return nil
	}
	since := a.s.o.Clock().Sub(a.when)
	many := a.in.size-a.durable >= checkpointBytes && since >= checkpointPause
	if !many && since < checkpointTime || a.in.size == a.durable {
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
	complete := last && a.u.Size >= 0 && a.in.size == a.u.Size && len(a.u.Parts) == 1 && !a.u.Partial()
	if a.in.size == a.durable && !complete {
		return nil
	}
	if a.in.hash != nil {
		if err := a.guard.Digest.park(a.in.hash, a.in.size); err != nil {
			return err
		}
	}
	if complete {
		return a.complete(ctx)
	}
	if err := a.in.settle(); err != nil {
		return err
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
	state, err := a.in.cut.MarshalBinary()
	if err != nil {
		return err
	}
	part := meta.Part{Number: a.part, Offset: a.in.size, Manifest: m, Tail: slices.Clone(a.in.tail), State: state}
	return a.keep(ctx, part)
}

// complete cuts the last chunk and commits the file. When that is refused the content
// is kept as it is, whole: no byte comes behind it.
func (a *appending) complete(ctx context.Context) error {
	whole, err := a.whole(ctx)
	if err != nil {
		return err
	}
	state, err := a.in.cut.MarshalBinary()
	if err != nil {
		return err
	}
	part := meta.Part{Number: a.part, Offset: whole.size, Manifest: whole.manifest, State: state}
	err = a.commit(ctx, part, whole)
	switch {
	case err == nil:
		a.durable, a.finished, a.fresh = whole.size, true, nil
		return nil
	case errors.Is(err, ErrDigest) && a.fresh != nil: // nothing of it is kept
		return err
	case errors.Is(err, ErrDigest): // nobody can tell which of the bytes are wrong
		return errors.Join(err, a.s.dropHeld(ctx, a.sc, a.u.ID))
	}
	if err2 := a.keep(ctx, part); err2 != nil && !errors.Is(err2, ErrUploadLimit) {
		return err2
	}
	return err
}

// row is the upload as it is to be committed, with the guard of now.
func (a *appending) row(tx *meta.Tx) (u Upload, err error) {
	if a.fresh == nil {
		u, err = ownUpload(&tx.Reader, a.sc, a.u.ID)
	} else if u, err = newUpload(tx, a.sc, *a.fresh, nil), a.guard.allowBase(&tx.Reader, a.sc); err == nil {
		err = reserve(tx, a.sc, a.fresh.Path, a.fresh.Size, 0)
	}
	if err == nil {
		u.Guard, err = json.Marshal(a.guard)
	}
	return u, err
}

// keep commits the offset.
func (a *appending) keep(ctx context.Context, part meta.Part) error {
	err := a.s.db.Commit(ctx, a.in.held.packs(), func(tx *meta.Tx) error {
		u, err := a.row(tx)
		if err != nil {
			return err
		}
		if a.fresh != nil {
			if n, err := tx.CountUnfinished(a.sc.User); err != nil || n >= MaxUploads {
				return cmp.Or(err, ErrUploadLimit)
			}
		}
		u.Expires = tx.Now().UTC().Add(a.guard.Lifetime)
		return tx.Apply(&meta.PutUpload{Upload: u}, &meta.PutPart{Upload: a.u.ID, Part: part})
	})
	if err == nil {
		a.durable, a.when, a.fresh = part.Offset, a.s.o.Clock(), nil
	}
	return err
}

// whole is the content with its last chunk cut.
func (a *appending) whole(ctx context.Context) (content, error) {
	if err := a.in.end(ctx); err != nil {
		return content{}, err
	}
	if err := a.in.flush(ctx); err != nil {
		return content{}, err
	}
	return content{a.in.m, a.in.size, a.u.ModTime}, nil
}

// commit makes the file, and marks the upload finished, in one transaction.
func (a *appending) commit(ctx context.Context, part meta.Part, c content) error {
	return a.s.db.Commit(ctx, a.in.held.packs(), func(tx *meta.Tx) error {
		u, err := a.row(tx)
		if err != nil {
			return err
		}
		with := Conditions{}
		if a.fresh != nil { // the same request: it still knows them
			with.Tokens = a.fresh.Tokens
		}
		_, err = planFinish(tx, a.sc, u, part, Path(u.Path), c, with)
		return err
	})
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
	if a.checked {
		if more, err = in.oneMore(r); err == nil && more {
			err = ErrTooLong
		}
		if err != nil {
			return a.told(), err
		}
	}
	if _, err := a.s.finishHeld(ctx, a.sc, a.u.ID, Path(a.u.Path), -1, Conditions{}); err != nil {
		return a.told(), err
	}
	return a.u.Size, nil
}
