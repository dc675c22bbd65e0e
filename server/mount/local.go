package mount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

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
	Snapshots(ctx context.Context, sc store.Scope) ([]store.Snapshot, error)
	StatAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path) (store.Node, error)
	ListAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path, after string, limit int) ([]store.Node, error)
	Open(ctx context.Context, sc store.Scope, p store.Path) (store.Content, error)
	OpenKept(ctx context.Context, sc store.Scope, id store.VersionID) (store.Content, error)
}

const (
	// idleContents is how many opened files Local keeps for the next read.
	idleContents = 32
	// idleTime is how long: an opened file holds a pack.
	idleTime = 5 * time.Second
)

// Local is Store on a store that this process has open. Close it before the store.
type Local struct {
	API
	mu    sync.Mutex
	idle  []opened // the one that was used last is the last
	timer *time.Timer
}

type opened struct {
	node    store.NodeID
	version store.VersionID
	used    time.Time
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
	l.put(sc, id, c)
	return nil
}

// ReadFiles implements Store.
func (l *Local) ReadFiles(ctx context.Context, scs []store.Scope, ids []store.VersionID, sizes []int64, each func(i int, p []byte)) error {
	buf := make([]byte, slices.Max(sizes))
	for i, sc := range scs {
		if err := l.Read(ctx, sc, ids[i], buf[:sizes[i]], 0); err == nil {
			each(i, buf[:sizes[i]])
		} else if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// Send writes n bytes from off on, or those that there are: begin is told how many, before
// the first, and says where to. As they lie in a pack, if the writer takes files.
func (l *Local) Send(ctx context.Context, sc store.Scope, id store.VersionID, off, n int64, begin func(n int64) io.Writer) (sent int64, err error) {
	c, err := l.take(ctx, sc, id)
	if err != nil {
		return 0, err
	}
	size := c.Node().Size
	off = min(off, size)
	n = min(n, size-off)
	if sent, err = c.WriteRange(ctx, begin(n), off, n); err != nil || off+n == size {
		c.Close()
		return sent, err
	}
	l.put(sc, id, c)
	return sent, nil
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
	if err == nil && c.Node().Version == id && c.Node().Parent != 0 {
		return c, nil
	}
	if err == nil {
		c.Close()
	} else if !errors.Is(err, store.ErrNotExist) {
		return nil, err
	}
	return l.OpenKept(ctx, sc, id)
}

// put keeps a content for the next read.
func (l *Local) put(sc store.Scope, id store.VersionID, c store.Content) {
	l.mu.Lock()
	l.idle = append(l.idle, opened{sc.Root, id, time.Now(), c})
	if l.timer == nil {
		l.timer = time.AfterFunc(idleTime, l.expire)
	}
	old := l.cut(len(l.idle) - idleContents)
	l.mu.Unlock()
	closeAll(old)
}

// cut takes the n that were used longest ago. l.mu is held.
func (l *Local) cut(n int) (old []opened) {
	if n > 0 {
		old = slices.Clone(l.idle[:n])
		l.idle = slices.Delete(l.idle, 0, n)
	}
	return old
}

// expire closes what was not used for idleTime.
func (l *Local) expire() {
	l.mu.Lock()
	n := 0
	for n < len(l.idle) && time.Since(l.idle[n].used) >= idleTime {
		n++
	}
	old := l.cut(n)
	if l.timer = nil; len(l.idle) > 0 {
		l.timer = time.AfterFunc(idleTime-time.Since(l.idle[0].used), l.expire)
	}
	l.mu.Unlock()
	closeAll(old)
}

func closeAll(all []opened) {
	for _, o := range all {
		o.Close()
	}
}

// Close gives up what is kept open. No other call may run.
func (l *Local) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	closeAll(l.cut(len(l.idle)))
	return nil
}
