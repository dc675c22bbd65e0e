package store

import (
	"context"
	"errors"
	"fmt"

	"cairn/store/meta"
)

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

// DeclareSize implements API.
func (s *Store) DeclareSize(ctx context.Context, sc Scope, id UploadID, size int64) (u Upload, err error) {
	release, err := s.hold(id)
	if err != nil {
		return u, fail("declare size", Path(id.String()), err)
	}
	defer release()
	u, err = s.declareHeld(ctx, sc, id, size)
	return u, fail("declare size", Path(id.String()), err)
}

func (s *Store) declareHeld(ctx context.Context, sc Scope, id UploadID, size int64) (u Upload, err error) {
	free, err := s.diskFree()
	if err != nil {
		return u, err
	}
	complete := false
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		complete = false
		if u, err = ownUpload(&tx.Reader, sc, id); err != nil {
			return err
		}
		switch {
		case u.Size == size:
			return nil
		case u.Size >= 0 || u.Finished || size < 0 || len(u.Parts) != 1 || u.Parts[0].Offset > size:
			return ErrTooLong
		case u.Parts[0].Offset == size && !u.Partial(): // declared where it is committed
			complete = true
			return nil
		}
		rest := size - u.Parts[0].Offset // what is here counts already
		if err := reserve(tx, sc, Path(u.Path), rest, free); err != nil {
			return err
		}
		u.Size = size
		return tx.Apply(&meta.PutUpload{Upload: u})
	})
	if err != nil || !complete {
		return u, err
	}
	if _, err = s.finishHeld(ctx, sc, id, Path(u.Path), size, Conditions{}); err != nil {
		return u, err
	}
	err = s.db.View(ctx, func(r *meta.Reader) error {
		u, err = ownUpload(r, sc, id)
		return err
	})
	return u, err
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
	if len(u.Parts) != 1 || u.Partial() {
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
	ctx = context.WithoutCancel(ctx)
	err = s.db.Commit(ctx, in.held.packs(), func(tx *meta.Tx) error {
		now, err := ownUpload(&tx.Reader, sc, id)
		if err != nil {
			return err
		}
		w, err = planFinish(tx, sc, now, p, to, whole, c)
		return err
	})
	if errors.Is(err, ErrDigest) {
		err = errors.Join(err, s.dropHeld(ctx, sc, id))
	}
	return w, err
}

// planFinish commits an upload's content at a path.
func planFinish(tx *meta.Tx, sc Scope, u Upload, part meta.Part, to Path, c content, with Conditions) (Written, error) {
	g, err := readGuard(u)
	if err != nil {
		return Written{}, err
	}
	if err := g.Digest.check(c.size); err != nil {
		return Written{}, err
	}
	if to == Path(u.Path) {
		if err := g.allowBase(&tx.Reader, sc); err != nil {
			return Written{}, err
		}
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
