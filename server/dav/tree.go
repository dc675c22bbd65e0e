package dav

import (
	"context"
	"encoding/xml"
	"io/fs"
	"os"
	"path"
	"time"

	"golang.org/x/net/webdav"

	"cairn/store"
)

// tree is the one resource of a PROPPATCH, as a file system of x/net/webdav's. It
// keeps the first error of the store, since x/net's statuses lose it.
type tree struct {
	q    *request
	self *info
	path string // of self, as x/net cleans it
	err  error
}

func newTree(q *request, n *store.Node) *tree {
	return &tree{q: q, self: &info{n}, path: path.Clean(q.h.urlPath(q.p, false))}
}

// fail keeps the first error.
func (t *tree) fail(err error) error {
	if t.err == nil && err != nil {
		t.err = err
	}
	return err
}

// Stat is part of webdav.FileSystem.
func (t *tree) Stat(_ context.Context, name string) (os.FileInfo, error) {
	if path.Clean(name) != t.path {
		return nil, t.fail(store.ErrNotExist)
	}
	return t.self, nil
}

// OpenFile is part of webdav.FileSystem. Nothing is opened: only a change of
// properties is asked of it.
func (t *tree) OpenFile(ctx context.Context, name string, _ int, _ os.FileMode) (webdav.File, error) {
	if _, err := t.Stat(ctx, name); err != nil {
		return nil, err
	}
	return &resource{t}, nil
}

// Mkdir, RemoveAll and Rename belong to methods that x/net does not answer here.
func (t *tree) Mkdir(context.Context, string, os.FileMode) error { return fs.ErrPermission }

// RemoveAll is not used.
func (t *tree) RemoveAll(context.Context, string) error { return fs.ErrPermission }

// Rename is not used.
func (t *tree) Rename(context.Context, string, string) error { return fs.ErrPermission }

// resource is an os.File of x/net's, for its Patch (deadprops.go).
type resource struct{ t *tree }

// DeadProps is not used: PROPFIND is ours.
func (r *resource) DeadProps() (map[xml.Name]webdav.Property, error) { return nil, fs.ErrPermission }

// Readdir is not used.
func (r *resource) Readdir(int) ([]os.FileInfo, error) { return nil, fs.ErrPermission }

// Stat is part of http.File.
func (r *resource) Stat() (os.FileInfo, error) { return r.t.self, nil }

// Close, Read, Seek and Write are parts of http.File and io.Writer that a property
// never needs.
func (r *resource) Close() error { return nil }

// Read is not used.
func (r *resource) Read([]byte) (int, error) { return 0, fs.ErrPermission }

// Seek is not used.
func (r *resource) Seek(int64, int) (int64, error) { return 0, fs.ErrPermission }

// Write is not used.
func (r *resource) Write([]byte) (int, error) { return 0, fs.ErrPermission }

// info is a node as os.FileInfo.
type info struct{ n *store.Node }

// Name and the following are os.FileInfo.
func (i *info) Name() string { return i.n.Name }

// Size is in bytes.
func (i *info) Size() int64 { return i.n.Size }

// Mode says no more than whether it is a folder.
func (i *info) Mode() os.FileMode {
	if i.n.IsFolder() {
		return os.ModeDir | 0o755
	}
	return 0o644
}

// ModTime is the node's.
func (i *info) ModTime() time.Time { return i.n.ModTime }

// IsDir reports whether it is a collection.
func (i *info) IsDir() bool { return i.n.IsFolder() }

// Sys is nil.
func (i *info) Sys() any { return nil }

// noLocks lets x/net believe that it holds whatever it asks for. Its own idea of the
// If header can be walked around (it takes a lock on a tagged resource for one on
// the request's), so the header is not shown to it; the store enforces the locks.
type noLocks struct{}

// Confirm is part of webdav.LockSystem.
func (noLocks) Confirm(time.Time, string, string, ...webdav.Condition) (func(), error) {
	return func() {}, nil
}

// Create is part of webdav.LockSystem.
func (noLocks) Create(time.Time, webdav.LockDetails) (string, error) { return "urn:none", nil }

// Refresh is part of webdav.LockSystem.
func (noLocks) Refresh(time.Time, string, time.Duration) (webdav.LockDetails, error) {
	return webdav.LockDetails{}, webdav.ErrNoSuchLock
}

// Unlock is part of webdav.LockSystem.
func (noLocks) Unlock(time.Time, string) error { return nil }

var _ webdav.DeadPropsHolder = (*resource)(nil)
