package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"cairn/store/meta"
)

// MaxJoined bounds the parts of one file.
const MaxJoined = 1000

// JoinUploads implements API.
func (s *Store) JoinUploads(ctx context.Context, sc Scope, spec UploadSpec, parts []UploadID) (Upload, error) {
	u, err := s.joinUploads(ctx, sc, spec, parts)
	return u, fail("join uploads", spec.Path, err)
}

// JoinedFrom are the parts that a file was joined from; none: it was not.
func JoinedFrom(u *Upload) (parts []UploadID) {
	g, err := readGuard(*u)
	if err != nil {
		return nil
	}
	for _, text := range g.Parts {
		if id, ok := ParseUploadID(text); ok {
			parts = append(parts, id)
		}
	}
	return parts
}

func (s *Store) joinUploads(ctx context.Context, sc Scope, spec UploadSpec, ids []UploadID) (u Upload, err error) {
	if len(ids) == 0 || len(ids) > MaxJoined {
		return u, fmt.Errorf("%w: %d parts", ErrIncomplete, len(ids))
	}
	if len(spec.Meta) > MaxUploadMeta {
		return u, ErrPropsTooLarge
	}
	j := &joining{s: s, sc: sc, spec: spec, ids: ids}
	defer j.close()
	if err := j.hold(); err != nil {
		return u, err
	}
	if done, err := j.look(ctx); err != nil || done.Finished {
		return done, err
	}
	j.spec.Size = j.size
	o := PutOptions{Conditions: spec.Conditions, Size: j.size, ModTime: spec.ModTime, Parents: spec.Parents}
	if _, err := s.mayPut(ctx, sc, spec.Path, o); err != nil {
		return u, err
	}
	g, err := newGuard(spec)
	if err != nil {
		return u, err
	}
	c, err := j.gather(context.WithoutCancel(ctx))
	if err != nil {
		return u, err
	}
	if err := j.digest(ctx, &g, c); err != nil {
		return u, err
	}
	ctx = context.WithoutCancel(ctx)
	for _, id := range ids {
		g.Parts = append(g.Parts, id.String())
	}
	return j.commit(ctx, g, c)
}

// joining is one JoinUploads.
type joining struct {
	s    *Store
	sc   Scope
	spec UploadSpec
	ids  []UploadID // in order; one may be there more than once

	parts map[UploadID]Upload
	size  int64 // of all, in order
	in    *ingest
	free  []func()
}

func (j *joining) close() {
	if j.in != nil {
		j.in.close()
	}
	for _, release := range j.free {
		release()
	}
}

// hold takes the parts: nobody appends to them, joins or drops them meanwhile.
func (j *joining) hold() error {
	j.parts = make(map[UploadID]Upload, len(j.ids))
	for _, id := range j.ids {
		if _, ok := j.parts[id]; ok {
			continue
		}
		release, err := j.s.hold(id)
		if err != nil {
			return err
		}
		j.free = append(j.free, release)
		j.parts[id] = Upload{}
	}
	return nil
}

// look reads the parts. It returns what they have become, if they were joined before.
func (j *joining) look(ctx context.Context) (done Upload, err error) {
	err = j.s.db.View(ctx, func(r *meta.Reader) error {
		into := ""
		j.size = 0
		for i, id := range j.ids {
			u, err := ownUpload(r, j.sc, id)
			if err != nil {
				return err
			}
			g, err := readGuard(u)
			switch {
			case err != nil:
				return err
			case !u.Partial() || len(u.Parts) != 1 || u.Size < 0 || u.Parts[0].Offset != u.Size:
				return fmt.Errorf("%w: part %d", ErrIncomplete, i+1)
			case i > 0 && g.Joined != into, u.Finished && g.Joined == "":
				return ErrFinished
			}
			into = g.Joined
			j.parts[id] = u
			if j.size += u.Size; j.size < 0 {
				return ErrNoSpace
			}
		}
		if into == "" {
			return nil
		}
		id, _ := ParseUploadID(into)
		done, err = ownUpload(r, j.sc, id)
		if err == nil && (done.Path != string(j.spec.Path) || !slices.Equal(JoinedFrom(&done), j.ids)) {
			err = ErrFinished
		}
		return err
	})
	return done, err
}

// gather is the content of all parts. The borders at their ends stay: nothing is read.
func (j *joining) gather(ctx context.Context) (c content, err error) {
	j.in = j.s.newIngest()
	j.in.mu.Lock()
	defer j.in.mu.Unlock()
	for _, id := range j.ids {
		if err := j.take(ctx, j.parts[id].Parts[0]); err != nil {
			return c, err
		}
	}
	m, err := j.in.paged(ctx)
	if err == nil {
		err = j.in.flush(ctx)
	}
	return content{m, j.size, j.spec.ModTime}, err
}

// take adds the extents of a part, its last chunk cut, and holds the pack of that.
func (j *joining) take(ctx context.Context, p meta.Part) error {
	in, err := j.s.resume(ctx, p)
	if err != nil {
		return err
	}
	defer in.close()
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.endChunk(ctx); err != nil {
		return err
	}
	for _, e := range in.m.Extents {
		j.in.m.Add(e)
	}
	for _, id := range in.held.ids {
		j.in.held.took(id)
	}
	in.held.ids = nil
	return nil
}

// digest reads the content if its digest was announced.
func (j *joining) digest(ctx context.Context, g *guard, c content) error {
	if g.Digest == nil {
		return nil
	}
	h, err := g.Digest.resume(0)
	if err != nil {
		return err
	}
	f := &openFile{s: j.s, node: Node{Kind: File, Size: c.size, Manifest: c.manifest}}
	defer f.Close()
	if err := f.load(); err != nil {
		return err
	}
	ctx, cancel := j.s.untilClosed(ctx)
	defer cancel()
	if _, err := io.Copy(h, &whileWanted{ctx, f}); err != nil {
		return err
	}
	return g.Digest.park(h, c.size)
}

// whileWanted reads as long as somebody waits for it.
type whileWanted struct {
	ctx context.Context
	r   io.Reader
}

func (w *whileWanted) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.r.Read(p)
}

func (j *joining) commit(ctx context.Context, g guard, c content) (u Upload, err error) {
	text, err := json.Marshal(g)
	if err != nil {
		return u, err
	}
	err = j.s.db.Commit(ctx, j.in.held.packs(), func(tx *meta.Tx) error {
		u = newUpload(tx, j.sc, j.spec, text)
		w, err := planFinish(tx, j.sc, u, meta.Part{}, j.spec.Path, c, Conditions{Tokens: j.spec.Tokens})
		if err != nil {
			return err
		}
		u.Finished, u.Node, u.Version, u.Size, u.Parts = true, w.ID, w.Version, c.size, []meta.Part{{Offset: c.size}}
		for id := range j.parts {
			if err := j.end(tx, id, &u); err != nil {
				return err
			}
		}
		return nil
	})
	return u, err
}

// end makes a part one that is over: what it holds is the file's.
func (j *joining) end(tx *meta.Tx, id UploadID, into *Upload) error {
	part, err := ownUpload(&tx.Reader, j.sc, id)
	if err != nil {
		return err
	}
	g, err := readGuard(part)
	if err != nil {
		return err
	}
	if g.Joined != "" || part.Finished {
		return errors.Join(ErrFinished, fmt.Errorf("part %v", id))
	}
	g.Joined = into.ID.String()
	if part.Guard, err = json.Marshal(g); err != nil {
		return err
	}
	part.Finished, part.Node, part.Version = true, into.Node, into.Version
	part.Expires = tx.Now().UTC().Add(finishedForADay)
	return tx.Apply(&meta.PutUpload{Upload: part}, &meta.PutPart{Upload: id, Part: meta.Part{Offset: part.Size}})
}
