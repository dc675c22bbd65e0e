package dav

import (
	"context"
	"encoding/xml"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/net/webdav"

	"cairn/store"
)

// tree is the store as x/net/webdav sees it during one PROPFIND or PROPPATCH: one
// resource and, of a collection, its members. It lists them once, by pages; x/net
// then asks for each by name several times, in the order of the list, and gets what
// was listed. It keeps the first error of the store, since x/net's statuses lose it.
type tree struct {
	q    *request
	a    *asked
	self *info
	path string // of self, as x/net cleans it

	members []os.FileInfo
	next    int // the member x/net asks for next

	cond  func() store.Conditions // of a PROPPATCH
	usage *[2]int64               // used, available
	err   error
}

func newTree(q *request, n *store.Node, a *asked) *tree {
	t := &tree{q: q, a: a, self: newInfo(n), path: path.Clean(q.h.urlPath(q.p, false))}
	if q.p.IsRoot() { // its node has no name
		t.self.name = path.Base(t.path)
	}
	return t
}

// fail keeps the first error.
func (t *tree) fail(err error) error {
	if t.err == nil && err != nil {
		t.err = err
	}
	return err
}

// find is what is known under a name of x/net's: cleaned, without a slash at the end.
func (t *tree) find(name string) (*info, store.Path) {
	name = path.Clean(name)
	if name == t.path {
		return t.self, t.q.p
	}
	dir, base := path.Split(name)
	if path.Clean(dir) != t.path {
		return nil, ""
	}
	for i := t.next; i < len(t.members); i++ {
		if t.members[i].Name() == base {
			t.next = i // it will be asked for again
			return t.members[i].(*info), t.q.p.Join(base)
		}
	}
	return nil, ""
}

// Stat is part of webdav.FileSystem.
func (t *tree) Stat(_ context.Context, name string) (os.FileInfo, error) {
	if in, _ := t.find(name); in != nil {
		return in, nil
	}
	return nil, t.fail(store.ErrNotExist)
}

// OpenFile is part of webdav.FileSystem. Nothing is opened: only names and
// properties are asked of it.
func (t *tree) OpenFile(_ context.Context, name string, _ int, _ os.FileMode) (webdav.File, error) {
	in, p := t.find(name)
	if in == nil {
		return nil, t.fail(store.ErrNotExist)
	}
	return &resource{t: t, info: in, p: p}, nil
}

// Mkdir, RemoveAll and Rename belong to methods that x/net does not answer here.
func (t *tree) Mkdir(context.Context, string, os.FileMode) error { return fs.ErrPermission }

// RemoveAll is not used.
func (t *tree) RemoveAll(context.Context, string) error { return fs.ErrPermission }

// Rename is not used.
func (t *tree) Rename(context.Context, string, string) error { return fs.ErrPermission }

// pageSize is how many members one call of the store brings.
const pageSize = 1000

// list reads the members, a page at a time.
func (t *tree) list() ([]os.FileInfo, error) {
	after := ""
	for {
		nodes, err := t.q.h.store.List(t.q.r.Context(), t.q.sc, t.q.p, after, pageSize)
		if err != nil {
			return nil, t.fail(err)
		}
		page := make([]info, len(nodes))
		for i := range nodes {
			page[i] = *newInfo(&nodes[i])
			t.members = append(t.members, &page[i])
		}
		if len(nodes) < pageSize {
			return t.members, nil
		}
		after = nodes[len(nodes)-1].Name
	}
}

// resource is an os.File of x/net's, for what it says of itself.
type resource struct {
	t *tree
	*info
	p store.Path
}

// Readdir is part of http.File.
func (r *resource) Readdir(int) ([]os.FileInfo, error) { return r.t.list() }

// Stat is part of http.File.
func (r *resource) Stat() (os.FileInfo, error) { return r.info, nil }

// Close, Read, Seek and Write are parts of http.File and io.Writer that a property
// never needs.
func (r *resource) Close() error { return nil }

// Read is not used.
func (r *resource) Read([]byte) (int, error) { return 0, fs.ErrPermission }

// Seek is not used.
func (r *resource) Seek(int64, int) (int64, error) { return 0, fs.ErrPermission }

// Write is not used.
func (r *resource) Write([]byte) (int, error) { return 0, fs.ErrPermission }

// info is the little of a node that its live properties need.
type info struct {
	name         string
	etag         string
	size         int64
	mod, created time.Time
	dir          bool
}

func newInfo(n *store.Node) *info {
	return &info{n.Name, n.ETag(), n.Size, n.ModTime, n.Created, n.IsFolder()}
}

// Name and the following are os.FileInfo.
func (i *info) Name() string { return i.name }

// Size is in bytes.
func (i *info) Size() int64 { return i.size }

// Mode says no more than whether it is a folder.
func (i *info) Mode() os.FileMode {
	if i.dir {
		return os.ModeDir | 0o755
	}
	return 0o644
}

// ModTime is the node's.
func (i *info) ModTime() time.Time { return i.mod }

// IsDir reports whether it is a collection.
func (i *info) IsDir() bool { return i.dir }

// Sys is nil.
func (i *info) Sys() any { return nil }

// ETag is webdav.ETager: quoted.
func (i *info) ETag(context.Context) (string, error) { return `"` + i.etag + `"`, nil }

// ContentType is webdav.ContentTyper: by the name, so that no property reads content.
func (i *info) ContentType(context.Context) (string, error) { return contentType(i.name), nil }

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

// own are the live properties x/net does not have, by name.
var own = map[xml.Name]bool{
	dav("creationdate"): true, dav("lockdiscovery"): true, dav("supportedlock"): true,
	dav("quota-available-bytes"): true, dav("quota-used-bytes"): true, dav("getetag"): true,
}

// extension is the lower-case extension of a name with its dot.
func extension(name string) string { return strings.ToLower(path.Ext(name)) }
