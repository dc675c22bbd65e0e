package dav

import (
	"context"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/net/webdav"

	"cairn/store"
)

// sickFS is a file system of x/net's that fails, once it is ill, at files called
// "sick": by the disk's fault, or for want of room where it is written to.
type sickFS struct {
	webdav.FileSystem
	ill *atomic.Bool
}

func sickly(fs webdav.FileSystem, ill *atomic.Bool) webdav.FileSystem { return sickFS{fs, ill} }

func (f sickFS) sick(name string) bool { return f.ill.Load() && strings.HasSuffix(name, "sick") }

func (f sickFS) OpenFile(ctx context.Context, name string, flag int, perm os.FileMode) (webdav.File, error) {
	if !f.sick(name) {
		return f.FileSystem.OpenFile(ctx, name, flag, perm)
	}
	if flag&os.O_CREATE == 0 {
		return nil, syscall.EIO
	}
	file, err := f.FileSystem.OpenFile(ctx, name, flag, perm)
	return fullFile{file}, err
}

func (f sickFS) Mkdir(ctx context.Context, name string, perm os.FileMode) error {
	if f.sick(name) {
		return syscall.EIO
	}
	return f.FileSystem.Mkdir(ctx, name, perm)
}

func (f sickFS) RemoveAll(ctx context.Context, name string) error {
	if f.sick(name) {
		return syscall.EIO
	}
	return f.FileSystem.RemoveAll(ctx, name)
}

// fullFile is a file on a full disk.
type fullFile struct{ webdav.File }

func (fullFile) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// sickStore is a store that does the same.
type sickStore struct{ Store }

// ill lets the door's store be one from now on.
func ill(d *door) { d.srv.Config.Handler = d.over(sickStore{d.st}, Options{Prefix: mount}) }

func (s sickStore) Open(ctx context.Context, sc store.Scope, p store.Path) (store.Content, error) {
	if p.Base() == "sick" {
		return nil, syscall.EIO
	}
	return s.Store.Open(ctx, sc, p)
}

func (s sickStore) Put(ctx context.Context, sc store.Scope, p store.Path, r io.Reader, o store.PutOptions) (store.Written, error) {
	if p.Base() == "sick" {
		return store.Written{}, store.ErrNoSpace
	}
	return s.Store.Put(ctx, sc, p, r, o)
}

func (s sickStore) Mkdir(ctx context.Context, sc store.Scope, p store.Path, c store.Conditions) (store.Node, error) {
	if p.Base() == "sick" {
		return store.Node{}, syscall.EIO
	}
	return s.Store.Mkdir(ctx, sc, p, c)
}

func (s sickStore) Remove(ctx context.Context, sc store.Scope, p store.Path, c store.Conditions) error {
	if p.Base() == "sick" {
		return syscall.EIO
	}
	return s.Store.Remove(ctx, sc, p, c)
}

func (s sickStore) ListProps(ctx context.Context, sc store.Scope, p store.Path, after, last string) (map[store.NodeID][]store.Prop, error) {
	if after != "" { // the second page
		return nil, syscall.EIO
	}
	return s.Store.ListProps(ctx, sc, p, after, last)
}

// stamping gives a file its time when it is closed, as file systems do that move what
// was written into its place then.
type stamping struct{ webdav.FileSystem }

func (f stamping) OpenFile(ctx context.Context, name string, flag int, perm os.FileMode) (webdav.File, error) {
	file, err := f.FileSystem.OpenFile(ctx, name, flag, perm)
	if err == nil && flag&os.O_TRUNC != 0 {
		file = stampedFile{file}
	}
	return file, err
}

type stampedFile struct{ webdav.File }

func (f stampedFile) Close() error {
	f.Write(nil) // in memory that is enough
	return f.File.Close()
}

// typed knows the media type of its files.
type typed struct{ webdav.FileSystem }

type typedFile struct{ webdav.File }

type typedInfo struct{ os.FileInfo }

func (typedInfo) ContentType(context.Context) (string, error) { return "application/x-own", nil }

func (f typed) OpenFile(ctx context.Context, name string, flag int, perm os.FileMode) (webdav.File, error) {
	file, err := f.FileSystem.OpenFile(ctx, name, flag, perm)
	return typedFile{file}, err
}

func (f typedFile) Stat() (os.FileInfo, error) {
	info, err := f.File.Stat()
	return typedInfo{info}, err
}
