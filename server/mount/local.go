package mount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"cairn/store"
)

// API is what Local needs of a store that this process has open.
type API interface {
	Users(ctx context.Context) ([]store.User, error)
	Home(ctx context.Context, u store.UserID) (store.Scope, error)
	Stat(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error)
	List(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error)
	Versions(ctx context.Context, sc store.Scope, p store.Path, before int64, limit int) (store.Node, []store.Version, error)
	Trash(ctx context.Context, sc store.Scope, before int64, limit int) ([]store.InTrash, error)
	Open(ctx context.Context, sc store.Scope, p store.Path) (store.Content, error)
	OpenVersion(ctx context.Context, sc store.Scope, p store.Path, id store.VersionID) (store.Content, error)
}

// idleContents is how many opened files Local keeps for the next read.
const idleContents = 32

// Local is Store on a store that this process has open. Close it before the store.
type Local struct {
	API
	mu   sync.Mutex
	idle []opened // the one that was used last is the last
}

type opened struct {
	node    store.NodeID
	version store.VersionID
	store.Content
}

// NewLocal makes a Local.
func NewLocal(st API) *Local { return &Local{API: st} }

var _ Store = (*Local)(nil)

// Homes implements Store.
func (l *Local) Homes(ctx context.Context) (map[string]store.Scope, error) {
	users, err := l.Users(ctx)
	if err != nil {
		return nil, err
	}
	homes := make(map[string]store.Scope, len(users))
	for _, u := range users {
		sc, err := l.Home(ctx, u.ID)
		switch {
		case err == nil:
			homes[u.Name] = sc
		case !errors.Is(err, store.ErrNotExist): // removed a moment ago
			return nil, err
		}
	}
	return homes, nil
}

// Read implements Store. It is not waited for long, since the bytes are on this machine:
// ctx is asked once.
func (l *Local) Read(ctx context.Context, sc store.Scope, id store.VersionID, p []byte, off int64) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c, err := l.take(ctx, sc, id)
	if err != nil {
		return err
	}
	n, err := c.ReadAt(p, off)
	if n == len(p) {
		err = nil
	} else if err == nil || err == io.EOF {
		err = fmt.Errorf("%w: %d of %d bytes at %d", store.ErrCorrupt, n, len(p), off)
	}
	if err != nil || off+int64(n) == c.Node().Size { // most likely who reads is done
		c.Close()
		return err
	}
	l.put(opened{sc.Root, id, c})
	return nil
}

// take gives a content that nobody else has.
func (l *Local) take(ctx context.Context, sc store.Scope, id store.VersionID) (store.Content, error) {
	l.mu.Lock()
	for i := len(l.idle) - 1; i >= 0; i-- {
		if o := l.idle[i]; o.node == sc.Root && o.version == id {
			l.idle = append(l.idle[:i], l.idle[i+1:]...)
			l.mu.Unlock()
			return o.Content, nil
		}
	}
	l.mu.Unlock()
	// Nearly always it is the current version, which costs less to open.
	c, err := l.Open(ctx, sc, store.Root)
	if err == nil && c.Node().Version != id {
		c.Close()
		c, err = l.OpenVersion(ctx, sc, store.Root, id)
	}
	return c, err
}

func (l *Local) put(o opened) {
	l.mu.Lock()
	l.idle = append(l.idle, o)
	var old store.Content
	if len(l.idle) > idleContents {
		old = l.idle[0].Content
		l.idle = append(l.idle[:0], l.idle[1:]...)
	}
	l.mu.Unlock()
	if old != nil {
		old.Close()
	}
}

// Close gives up what is kept open. No Read may run.
func (l *Local) Close() error {
	for _, o := range l.idle {
		o.Close()
	}
	l.idle = nil
	return nil
}
