package store

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"cairn/store/pack"
)

// hints looks at the index of what is stored already. It is disposable, so whatever is
// wrong with it is no problem.
func (c *verifier) hints() error {
	path := filepath.Join(c.dir, "hints")
	damaged, pages, err := pack.CheckHints(c.ctx, c.fs, path, c.store)
	const anew = "; nothing is lost by it, the next start makes it again"
	switch {
	case c.ctx.Err() != nil:
		return context.Cause(c.ctx)
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, pack.ErrForeign):
		c.note("hints", "it belongs to another store than cairn.json"+anew)
	case errors.Is(err, pack.ErrVersion):
		c.note("hints", "another version of Cairn wrote it"+anew)
	case errors.Is(err, pack.ErrCorrupt):
		c.note("hints", "it is damaged"+anew)
	case err != nil:
		c.note("hints", "it cannot be read: %v"+anew, err)
	case damaged > 0:
		c.note("hints", "%d of its %d pages are damaged, by a crash, say; nothing is lost by it, and the server makes them again when it meets them", damaged, pages)
	}
	if f, err := c.fs.Open(path+".new", 0); err == nil {
		c.note("hints.new", "a crash left it; the next start removes it")
		return f.Close()
	}
	return nil
}
