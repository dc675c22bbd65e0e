// Package mount shows a store to the kernel as plain files that nobody can write: the
// tree as it is, what its files held before, snapshots and the trash. It is a door like dav, for
// programs that only know files. What it shows is decided in tree.go; the rest speaks FUSE,
// on Linux.
package mount

import (
	"context"
	"time"

	"cairn/store"
)

// Store is what is shown: Local, or admin.Browser while a server has the data folder. The
// root of a scope is the node that a call is about, a folder or a file, in the tree, in
// the trash or in a snapshot: so a rename or a removal changes nothing for who reads. Safe for concurrent
// use.
type Store interface {
	// Homes is the space of each account by the account's name.
	Homes(ctx context.Context) (map[string]store.Scope, error)
	// Stat, List, Versions and Trash are those of store.API. Of what they return, the
	// manifests, authors and changes need not be there, but Version.Until and Trashed.Seq.
	Stat(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error)
	List(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error)
	Versions(ctx context.Context, sc store.Scope, p store.Path, before int64, limit int) (store.Node, []store.Version, error)
	Trash(ctx context.Context, sc store.Scope, before int64, limit int) ([]store.InTrash, error)
	// Snapshots, StatAt and ListAt are those of store.API, as above.
	Snapshots(ctx context.Context, sc store.Scope) ([]store.Snapshot, error)
	StatAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path) (store.Node, error)
	ListAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path, after string, limit int) ([]store.Node, error)
	// Read fills p with the bytes from off on of the file that is the root of sc, as it
	// was at a version, or is, wherever that is kept. It fills all of p or fails: store.ErrNotExist,
	// store.ErrCorrupt.
	Read(ctx context.Context, sc store.Scope, id store.VersionID, p []byte, off int64) error
	// ReadFiles reads files whole: the first sizes[i] bytes of scs[i] at ids[i], in this
	// order. It calls each with those that it can read; the bytes are good during the call.
	ReadFiles(ctx context.Context, scs []store.Scope, ids []store.VersionID, sizes []int64, each func(i int, p []byte)) error
}

// Options say what is mounted, and for whom.
type Options struct {
	// User is the account whose space is shown; "" shows all, a folder each.
	User string
	// AllowOther lets other users of the machine in; without it only who mounts, and not
	// even root, may look.
	AllowOther bool
	// Keep is how long the kernel may go on with what it was told of a name, a size or a
	// time. Contents need no such bound: a file that is overwritten is another inode to
	// the kernel.
	Keep time.Duration
	// Waits says that the store is in another process, which may not answer: a program that
	// is interrupted, or killed, stops waiting for it.
	Waits bool
	// Source is what `mount` and `df` call the file system.
	Source string
	// Warn is told of reads that failed, at most once a second.
	Warn func(err error)
}
