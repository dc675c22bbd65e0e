package mount

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"time"

	"cairn/store"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// crowd is how many inodes the kernel may know of before listings stop to tell it of more
// than names. Programs that ask for each file's size make it look them up anyway.
const crowd = 200_000

// interruptGrace is how long a call goes on after the program that waits for it was sent a
// signal: most signals are no reason to fail a read, and most reads take less.
const interruptGrace = time.Second

// fileSystem answers the kernel. What it does not answer is not there (ENOSYS), and what
// would change something the kernel refuses itself, since the mount is read-only.
//
// Files are not opened: the kernel asks to read inodes, each of which is one version of one
// file. So it may keep what it has read for as long as it likes, and who reads a file that
// is overwritten reads on in the one that was there.
type fileSystem struct {
	fuse.RawFileSystem
	tree     *tree
	table    *table
	listings listings
	order    order
	server   *fuse.Server
	keep     time.Duration
	waits    bool
	uid, gid uint32
	warn     func(error)

	closing context.Context // over when nobody is answered any more
	gate    sync.RWMutex    // whoever asks the store reads it; locked for ever when closed

	mu     sync.Mutex
	warned time.Time
}

// String implements fuse.RawFileSystem.
func (f *fileSystem) String() string { return "cairn" }

// wait is the context of a call, unless the mount ends. end must be called then.
func (f *fileSystem) wait(cancel <-chan struct{}) (ctx context.Context, end func(), ok bool) {
	if !f.gate.TryRLock() {
		return nil, nil, false
	}
	if !f.waits {
		return f.closing, f.gate.RUnlock, true
	}
	ctx, stop := context.WithCancel(f.closing)
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-cancel:
		}
		select {
		case <-ctx.Done():
		case <-time.After(interruptGrace):
			stop()
		}
	}()
	return ctx, func() { stop(); f.gate.RUnlock() }, true
}

// close waits for the calls under way. Whoever comes later gets an error, and nobody asks
// the store any more.
func (f *fileSystem) close() { f.gate.Lock() }

// status is what the kernel is told of an error.
func (f *fileSystem) status(err error) fuse.Status {
	switch {
	case err == nil:
		return fuse.OK
	case errors.Is(err, context.Canceled):
		return fuse.EINTR
	case errors.Is(err, store.ErrNotExist), errors.Is(err, store.ErrName):
		return fuse.ENOENT
	case errors.Is(err, store.ErrNotFolder):
		return fuse.ENOTDIR
	case errors.Is(err, store.ErrPermission):
		return fuse.EACCES
	}
	f.mu.Lock()
	quiet := time.Since(f.warned) < time.Second
	if !quiet {
		f.warned = time.Now()
	}
	f.mu.Unlock()
	if !quiet && f.warn != nil {
		f.warn(err)
	}
	return fuse.EIO
}

// describe fills in what stat tells.
func (f *fileSystem) describe(n *inode, mtime time.Time, a *fuse.Attr) {
	a.Ino, a.Size, a.Nlink = n.number(), uint64(n.size), 1
	a.Blocks = (a.Size + 511) / 512
	a.Mode = syscall.S_IFREG | 0o444
	if n.isFolder() {
		a.Mode = syscall.S_IFDIR | 0o555
	}
	a.Uid, a.Gid = f.uid, f.gid
	a.SetTimes(&mtime, &mtime, &mtime)
}

// Init implements fuse.RawFileSystem.
func (f *fileSystem) Init(s *fuse.Server) { f.server = s }

// enter tells the kernel of an entry.
func (f *fileSystem) enter(e *entry, out *fuse.EntryOut) (n *inode) {
	n = f.table.note(e)
	out.NodeId = n.id
	out.SetEntryTimeout(f.keep)
	out.SetAttrTimeout(f.keep)
	f.describe(n, e.mtime, &out.Attr)
	return n
}

// Lookup implements fuse.RawFileSystem.
func (f *fileSystem) Lookup(cancel <-chan struct{}, header *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	in, _, ok := f.table.get(header.NodeId)
	if !ok {
		return fuse.ENOENT
	}
	if len(name) > store.MaxNameBytes {
		return fuse.Status(syscall.ENAMETOOLONG)
	}
	ctx, end, ok := f.wait(cancel)
	if !ok {
		return fuse.EIO
	}
	defer end()
	e, err := f.tree.child(ctx, in.ident, name)
	if err != nil {
		return f.status(err)
	}
	f.enter(&e, out)
	return fuse.OK
}

// Forget implements fuse.RawFileSystem.
func (f *fileSystem) Forget(nodeid, nlookup uint64) { f.table.forget(nodeid, nlookup) }

// GetAttr implements fuse.RawFileSystem.
func (f *fileSystem) GetAttr(cancel <-chan struct{}, input *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	n, mtime, ok := f.table.get(input.NodeId)
	if !ok {
		return fuse.ENOENT
	}
	ctx, end, ok := f.wait(cancel)
	if !ok {
		return fuse.EIO
	}
	defer end()
	mtime, err := f.tree.mtime(ctx, n.ident, mtime)
	if err != nil {
		return f.status(err)
	}
	f.table.touch(n, mtime)
	out.SetTimeout(f.keep)
	f.describe(n, mtime, &out.Attr)
	return fuse.OK
}

// Open implements fuse.RawFileSystem: the kernel does without, and keeps what it has read.
func (f *fileSystem) Open(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status {
	return fuse.ENOSYS
}

// Flush implements fuse.RawFileSystem.
func (f *fileSystem) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

// Read implements fuse.RawFileSystem. It never answers with less than there is, which the
// kernel would take for the end of the file.
func (f *fileSystem) Read(cancel <-chan struct{}, input *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	n, _, ok := f.table.get(input.NodeId)
	if !ok || n.isFolder() {
		return nil, fuse.EIO
	}
	off := int64(input.Offset)
	size := min(n.size-off, int64(input.Size), int64(len(buf)))
	if off < 0 || size <= 0 {
		return fuse.ReadResultData(nil), fuse.OK
	}
	if n.size <= smallFile && f.order.reads(n.id, f.table.asked(n)) {
		go f.give()
	}
	ctx, end, ok := f.wait(cancel)
	if !ok {
		return nil, fuse.EIO
	}
	defer end()
	if err := f.tree.st.Read(ctx, n.scope(), n.version, buf[:size], off); err != nil {
		if errors.Is(err, store.ErrNotExist) {
			return nil, fuse.Status(syscall.ESTALE) // nobody keeps this version any more
		}
		return nil, f.status(err)
	}
	return fuse.ReadResultData(buf[:size]), fuse.OK
}

// give reads small files that are likely to be read next, many at once, and leaves them
// with the kernel: asking for each costs more than reading it.
func (f *fileSystem) give() {
	for ids := f.order.next(); len(ids) > 0; ids = f.order.next() {
		ctx, end, ok := f.wait(nil)
		if !ok {
			return
		}
		ns := f.table.give(ids)
		scs, versions, sizes := make([]store.Scope, len(ns)), make([]store.VersionID, len(ns)), make([]int64, len(ns))
		for i, n := range ns {
			scs[i], versions[i], sizes[i] = n.scope(), n.version, n.size
		}
		if len(ns) > 0 {
			// What fails is read again when it is asked for, and said then.
			f.tree.st.ReadFiles(ctx, scs, versions, sizes, func(i int, p []byte) {
				f.server.InodeNotifyStoreCache(ns[i].id, 0, p)
			})
		}
		end()
	}
}

// OpenDir implements fuse.RawFileSystem.
func (f *fileSystem) OpenDir(_ <-chan struct{}, input *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	n, _, ok := f.table.get(input.NodeId)
	if !ok {
		return fuse.ENOENT
	}
	out.Fh = f.listings.add(newListing(n))
	return fuse.OK
}

// ReleaseDir implements fuse.RawFileSystem.
func (f *fileSystem) ReleaseDir(input *fuse.ReleaseIn) { f.listings.end(input.Fh) }

// ReadDir implements fuse.RawFileSystem.
func (f *fileSystem) ReadDir(cancel <-chan struct{}, input *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.list(cancel, input, func(d fuse.DirEntry, _ *entry) bool { return out.AddDirEntry(d) })
}

// ReadDirPlus implements fuse.RawFileSystem.
func (f *fileSystem) ReadDirPlus(cancel <-chan struct{}, input *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	tell := f.table.len() < crowd
	return f.list(cancel, input, func(d fuse.DirEntry, e *entry) bool {
		told := out.AddDirLookupEntry(d)
		if told != nil && e != nil && tell {
			if n := f.enter(e, told); !n.isFolder() && 0 < n.size && n.size <= smallFile {
				f.table.setPlace(n, f.order.tell(n.id))
			}
		}
		return told != nil
	})
}

// list adds what follows a place while there is room. The offset of an entry is that of the
// next one: 0 and 1 are . and .., for which e is nil.
func (f *fileSystem) list(cancel <-chan struct{}, input *fuse.ReadIn, add func(d fuse.DirEntry, e *entry) bool) fuse.Status {
	l := f.listings.get(input.Fh)
	if l == nil {
		return fuse.EBADF
	}
	ctx, end, ok := f.wait(cancel)
	if !ok {
		return fuse.EIO
	}
	defer end()
	l.mu.Lock()
	defer l.mu.Unlock()
	off := input.Offset
	if off == 0 {
		l.rewind()
	}
	for begun := false; ; begun = true {
		var d fuse.DirEntry
		var e *entry
		switch off {
		case 0:
			d = fuse.DirEntry{Name: ".", Mode: syscall.S_IFDIR, Ino: l.in.number()}
		case 1:
			d = fuse.DirEntry{Name: "..", Mode: syscall.S_IFDIR}
		default:
			var err error
			if e, err = l.at(ctx, f.tree, int(off-2)); err != nil && begun {
				return fuse.OK // it fails again when asked for what follows
			} else if err != nil {
				return f.status(err)
			}
			if e == nil {
				return fuse.OK
			}
			d = fuse.DirEntry{Name: e.name, Mode: syscall.S_IFREG, Ino: e.number()}
			if e.isFolder() {
				d.Mode = syscall.S_IFDIR
			}
		}
		off++
		if d.Off = off; !add(d, e) {
			return fuse.OK
		}
	}
}

// StatFs implements fuse.RawFileSystem.
func (f *fileSystem) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	out.Bsize, out.Frsize, out.NameLen = 4096, 4096, store.MaxNameBytes
	return fuse.OK
}
