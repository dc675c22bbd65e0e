package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"cairn/store"
)

// exporter writes trees of a store to a folder.
type exporter struct {
	st    *store.Store
	to    *target
	crew  *crew
	left  *leftOuts
	count tally
	large chan struct{} // holds who reads a large file
}

// exportPage is how many nodes are listed at once; a level of folders holds a page.
const exportPage = 200

// parts exports one part after the other.
func (e *exporter) parts(parts []part) error {
	for _, p := range parts {
		if err := e.part(p); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) part(p part) error {
	dir, err := e.to.top(e, p)
	if err != nil || dir == nil {
		return err
	}
	if p.node.IsFolder() {
		return e.folder(p, p.path, dir)
	}
	defer dir.leave()
	return e.give(p, p.path, p.node, dir)
}

// folder exports what is in the folder at path, and leaves dir.
func (e *exporter) folder(p part, path store.Path, dir *outFolder) error {
	defer dir.leave()
	for after := ""; ; {
		page, err := e.st.List(e.crew.ctx, p.scope, path, after, exportPage)
		if err != nil {
			return err
		}
		for _, n := range page {
			at := path.Join(n.Name)
			if !n.IsFolder() {
				err = e.give(p, at, n, dir)
			} else if sub, serr := dir.sub(n.Name, n.ModTime, p.shown(at)); serr == nil {
				e.count.folders.Add(1)
				err = e.folder(p, at, sub)
			} else {
				err = e.refused(e.left.addFolder, p.shown(at), serr, n.Bytes, n.Files)
			}
			if err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		after = page[len(page)-1].Name
	}
}

// shown is a path as people are told it.
func (p part) shown(path store.Path) string { return p.user + ":/" + string(path) }

// give has a file exported to dir.
func (e *exporter) give(p part, path store.Path, n store.Node, dir *outFolder) error {
	dir.enter()
	return e.crew.do(func() error {
		defer dir.leave()
		return e.file(p, path, n, dir)
	})
}

// file exports one file. An error ends everything.
func (e *exporter) file(p part, path store.Path, n store.Node, dir *outFolder) error {
	if dir.has(n) {
		e.count.there.Add(1)
		e.count.files.Add(1)
		e.count.bytes.Add(n.Size)
		return nil
	}
	before := int64(0)
	err := dir.free(n.Name)
	if err == nil {
		err = dir.write(n, p.shown(path), func(w io.Writer) error { return e.content(p, path, w, &before) })
	}
	if err == nil {
		e.count.files.Add(1)
		return nil
	}
	e.count.bytes.Add(-before)
	e.count.moved.Add(-before)
	return e.refused(e.left.add, p.shown(path), err, n.Size, 1)
}

// exportBuffers hold a piece of a file on its way.
var exportBuffers = sync.Pool{New: func() any { b := make([]byte, 1<<20); return &b }}

// content writes a file's bytes to w, each checked before, and counts them.
func (e *exporter) content(p part, path store.Path, w io.Writer, done *int64) (err error) {
	c, err := e.st.Open(e.crew.ctx, p.scope, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if c.Node().Size > largeExport {
		select {
		case e.large <- struct{}{}:
			defer func() { <-e.large }()
		case <-e.crew.ctx.Done():
			return context.Cause(e.crew.ctx)
		}
	}
	buf := exportBuffers.Get().(*[]byte)
	defer exportBuffers.Put(buf)
	for e.crew.ctx.Err() == nil {
		n, err := c.Read(*buf)
		if n > 0 {
			if _, err := w.Write((*buf)[:n]); err != nil {
				return err
			}
			*done += int64(n)
			e.count.bytes.Add(int64(n))
			e.count.moved.Add(int64(n))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return context.Cause(e.crew.ctx)
}

// refused notes why something was left out, or passes on what everything must end for.
func (e *exporter) refused(note func(path, why string, args ...any), shown string, err error, bytes, files int64) error {
	var no *refusal
	var bad *dirError
	switch {
	case e.crew.ctx.Err() != nil:
		return context.Cause(e.crew.ctx)
	case errors.As(err, &no):
		note(shown, "%v", no)
	case errors.As(err, &bad):
		return err
	case errors.Is(err, store.ErrCorrupt):
		note(shown, "it is damaged in the store; 'cairn verify --deep' says more")
	case errors.Is(err, store.ErrClosed):
		return err
	default:
		note(shown, "it cannot be read from the store: %v", cause(err))
	}
	e.count.skip(bytes, files)
	return nil
}
