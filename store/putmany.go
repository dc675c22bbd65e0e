package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"cairn/store/meta"
)

// MaxPutMany bounds the files of one PutMany.
const MaxPutMany = 1000

// PutMany implements API.
func (s *Store) PutMany(ctx context.Context, sc Scope, next func() (PutFile, error)) (results []PutResult, err error) {
	m := &putMany{s: s, sc: sc}
	defer m.close()
	for len(m.files) < MaxPutMany {
		var f PutFile
		if f, err = next(); err != nil {
			break
		}
		if err = m.take(ctx, f); err != nil { // the body of the next is not to be found
			m.files = m.files[:len(m.files)-1]
			break
		}
	}
	if err == io.EOF {
		err = nil
	}
	m.commit(context.WithoutCancel(ctx)) // the bytes are here: what follows is short
	results = make([]PutResult, len(m.files))
	for i, f := range m.files {
		results[i] = f.result
		results[i].Err = fail("put", f.Path, f.result.Err)
	}
	return results, fail("put many", Root, err)
}

// putMany is one PutMany.
type putMany struct {
	s     *Store
	sc    Scope
	files []*taken
}

// taken is a file whose bytes are here, or that is refused.
type taken struct {
	PutFile
	in     *ingest // nil: refused
	result PutResult
}

func (m *putMany) close() {
	for _, f := range m.files {
		if f.in != nil {
			f.in.close()
		}
	}
}

// take lays down a file. Only what breaks the whole is an error: the client, or the store.
func (m *putMany) take(ctx context.Context, file PutFile) error {
	f := &taken{PutFile: file}
	m.files = append(m.files, f)
	room, err := m.allow(ctx, file)
	if err == nil && file.Options.Size < 0 {
		err = ErrIncomplete
	}
	if err != nil {
		f.result.Err = err
		return m.s.db.Stopped()
	}
	in := m.s.newIngest()
	var r io.Reader = file.Body
	if d := file.Digest; d.Algorithm != "" {
		c := &checkedReader{r: r, h: newHash(d.Algorithm), want: d.Sum}
		if c.h == nil || c.h.Size() != len(d.Sum) {
			in.close()
			f.result.Err = ErrDigest
			return nil
		}
		r = c
	}
	if err = m.s.take(ctx, in, r, file.Options.Size, room); err == nil {
		err = in.finish(ctx)
	}
	if err == nil {
		err = in.flush(ctx)
	}
	if err != nil {
		in.close()
		if errors.Is(err, ErrDigest) {
			f.result.Err = ErrDigest
			return nil
		}
		return err
	}
	in.keepLaid()
	f.in = in
	return nil
}

// allow is mayPut, but for a file that looks as if it were there already: what it holds
// decides.
func (m *putMany) allow(ctx context.Context, f PutFile) (room int64, err error) {
	room, err = m.s.mayPut(ctx, m.sc, f.Path, f.Options)
	if !errors.Is(err, ErrPrecondition) {
		return room, err
	}
	n, err2 := m.s.Stat(ctx, m.sc, f.Path)
	if err2 != nil || !looksSame(&n, m.sc, f.Options) {
		return room, err
	}
	return f.Options.Size, nil
}

func looksSame(n *Node, sc Scope, o PutOptions) bool {
	return !n.IsFolder() && n.Size == o.Size && n.Author == sc.User && !o.ModTime.IsZero() && n.ModTime.Equal(o.ModTime)
}

// commit commits them all at once: the committer makes one transaction, with one flush,
// of as many as it takes.
func (m *putMany) commit(ctx context.Context) {
	var group sync.WaitGroup
	for _, f := range m.files {
		if f.in != nil {
			group.Go(func() { f.result.Err = m.commitOne(ctx, f) })
		}
	}
	group.Wait()
}

func (m *putMany) commitOne(ctx context.Context, f *taken) error {
	c := content{f.in.m, f.in.size, f.Options.ModTime}
	return m.s.db.Commit(ctx, f.in.held.packs(), func(tx *meta.Tx) (err error) {
		f.result.Same = false
		f.result.Written, err = planPut(tx, m.sc, f.Path, c, f.Options)
		if !errors.Is(err, ErrPrecondition) {
			return err
		}
		pl, err2 := resolve(&tx.Reader, m.sc, f.Path)
		if err2 != nil || !pl.exists || !looksSame(&pl.node, m.sc, f.Options) || !bytes.Equal(pl.node.Manifest.Encode(), c.manifest.Encode()) {
			return err
		}
		f.result.Written, f.result.Same = Written{Node: pl.node}, true
		return nil
	})
}
