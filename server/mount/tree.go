package mount

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn/store"
)

// The folders of an account. Nothing of the account's own stands beside them, so nothing
// can be called the same.
const (
	filesFolder     = "files"     // the tree as it is
	snapshotsFolder = "snapshots" // a folder for each snapshot, by its name: the tree as it was
	trashFolder     = "trash"     // a folder for each removal, that holds what was removed
	versionsFolder  = "versions"  // the same folders as files; each file is a folder of what it held before
)

// kind is what an ident names.
type kind uint8

const (
	top      kind = iota // of a mount of all accounts
	account              // the node is the root of its space, as it is for trash and removal
	folder               // a node
	file                 // a node at a version
	history              // a folder, as shown below versions
	versions             // a file, likewise
	version              // one of its older contents
	trash
	removal // the change that removed it is in version
	snapshots
	pastFolder // a node, as a snapshot shows it
	pastFile   // likewise, at the version that it had
)

// ident is what an inode stands for, whatever it is called and wherever it lies. The
// version is part of it, so that the kernel never sees a file's bytes change.
type ident struct {
	kind    kind
	space   store.SpaceID
	node    store.NodeID
	version store.VersionID
	// snapshot is the one that it is in. What was the same in two of them is two inodes: the
	// times of it may differ, and either may be dropped.
	snapshot store.SnapshotID
}

func (i ident) isFolder() bool { return i.kind != file && i.kind != version && i.kind != pastFile }

// scope is the node itself.
func (i ident) scope() store.Scope {
	return store.Scope{Space: i.space, Root: i.node, Rights: store.MayRead}
}

func (i ident) of(k kind) ident {
	i.kind = k
	return i
}

// number is the inode number, as stat tells it. That of a node is its id, which stays the
// same when it is renamed or overwritten; of all others it has the top bit, which no id has.
func (i ident) number() uint64 {
	switch i.kind {
	case top:
		return 1
	case folder, file:
		return uint64(i.node)
	}
	h := fnv.New64a()
	var b [25]byte
	b[0] = byte(i.kind)
	binary.BigEndian.PutUint64(b[1:], uint64(i.space))
	binary.BigEndian.PutUint64(b[9:], uint64(i.node))
	binary.BigEndian.PutUint64(b[17:], uint64(i.snapshot))
	h.Write(b[:])
	h.Write(i.version[:])
	return h.Sum64() | 1<<63
}

// entry is something in a folder.
type entry struct {
	ident
	name  string
	size  int64 // bytes of a file, 0 of a folder
	mtime time.Time
}

// tree decides what is where.
type tree struct {
	st    Store
	root  ident
	since time.Time // of the mount: the time of folders that have none
}

// newTree shows the account user, or all.
func newTree(ctx context.Context, st Store, user string, now time.Time) (*tree, error) {
	homes, err := st.Homes(ctx)
	if err != nil {
		return nil, err
	}
	t := &tree{st: st, since: now}
	if user == "" {
		return t, nil
	}
	sc, ok := homes[user]
	if !ok {
		return nil, store.ErrNotExist
	}
	t.root = home(sc)
	return t, nil
}

func home(sc store.Scope) ident { return ident{kind: account, space: sc.Space, node: sc.Root} }

// child finds what is called name in a folder, byte for byte: store.ErrNotExist.
func (t *tree) child(ctx context.Context, in ident, name string) (e entry, err error) {
	switch in.kind {
	case top:
		homes, err := t.st.Homes(ctx)
		if sc, ok := homes[name]; err == nil && ok {
			return t.plain(home(sc), name), nil
		}
		return e, orNotExist(err)
	case account:
		rooms, err := t.rooms(ctx, in)
		for _, e := range rooms {
			if e.name == name {
				return e, nil
			}
		}
		return e, orNotExist(err)
	case folder, history, pastFolder:
		if !store.ValidName(name) {
			return e, store.ErrNotExist
		}
		n, err := t.stat(ctx, in, store.Path(name))
		if err != nil {
			return e, err
		}
		if n.Name != name { // another form of the same letters
			return e, store.ErrNotExist
		}
		return shown(in, &n), nil
	case versions:
		if change, ok := numberOf(name); ok {
			n, vs, err := t.st.Versions(ctx, in.scope(), store.Root, change+1, 1)
			if err != nil {
				return e, err
			}
			if len(vs) == 1 && versionName(&vs[0], n.Name) == name {
				return older(in, &vs[0], name), nil
			}
		}
		return e, store.ErrNotExist
	case snapshots:
		all, err := t.st.Snapshots(ctx, in.scope())
		for i := range all {
			if all[i].Name == name {
				return snapshotEntry(in, &all[i]), nil
			}
		}
		return e, orNotExist(err)
	case trash:
		if change, ok := numberOf(name); ok {
			r, err := t.removed(ctx, in, change)
			if err == nil && numbered(r.Deleted, r.Seq) != name {
				err = store.ErrNotExist
			}
			return removalEntry(in, &r), err
		}
		return e, store.ErrNotExist
	case removal:
		r, err := t.removed(ctx, in, in.change())
		if err == nil && r.Name != name {
			err = store.ErrNotExist
		}
		return inTrash(in, &r), err
	}
	return e, store.ErrNotFolder
}

func orNotExist(err error) error {
	if err == nil {
		err = store.ErrNotExist
	}
	return err
}

// plain is a folder that only the mount knows.
func (t *tree) plain(i ident, name string) entry { return entry{ident: i, name: name, mtime: t.since} }

// rooms are the folders of an account, in order.
func (t *tree) rooms(ctx context.Context, in ident) ([]entry, error) {
	out := []entry{t.plain(in.of(folder), filesFolder), t.plain(in.of(snapshots), snapshotsFolder),
		t.plain(in.of(trash), trashFolder), t.plain(in.of(history), versionsFolder)}
	mtime, err := t.mtime(ctx, out[0].ident, t.since)
	if err != nil {
		return nil, err
	}
	out[0].mtime, out[3].mtime = mtime, mtime
	return out, nil
}

// stat looks below a folder, now or in the snapshot that it is in.
func (t *tree) stat(ctx context.Context, in ident, p store.Path) (store.Node, error) {
	if in.kind == pastFolder {
		return t.st.StatAt(ctx, in.scope(), in.snapshot, p)
	}
	return t.st.Stat(ctx, in.scope(), p)
}

// snapshotEntry is a snapshot under its name, from the time when it was made.
func snapshotEntry(in ident, sn *store.Snapshot) entry {
	i := in.of(pastFolder)
	i.snapshot = sn.ID
	return entry{ident: i, name: sn.Name, mtime: sn.Created}
}

// shown is a node in a folder, or in what versions or a snapshot shows of one.
func shown(in ident, n *store.Node) entry {
	e := entry{ident: ident{kind: folder, space: in.space, node: n.ID, snapshot: in.snapshot}, name: n.Name, mtime: n.ModTime}
	switch {
	case in.kind == pastFolder && n.IsFolder():
		e.kind = pastFolder
	case in.kind == pastFolder:
		e.kind, e.version, e.size = pastFile, n.Version, n.Size
	case in.kind == history && n.IsFolder():
		e.kind = history
	case in.kind == history:
		e.kind = versions
	case !n.IsFolder():
		e.kind, e.version, e.size = file, n.Version, n.Size
	}
	return e
}

func older(in ident, v *store.Version, name string) entry {
	return entry{ident: ident{kind: version, space: in.space, node: in.node, version: v.ID}, name: name, size: v.Size, mtime: v.ModTime}
}

// removed finds what a change removed and nobody has restored.
func (t *tree) removed(ctx context.Context, in ident, change int64) (store.InTrash, error) {
	rs, err := t.st.Trash(ctx, in.scope(), change+1, 1)
	if err != nil || len(rs) == 1 && rs[0].Seq == change {
		return append(rs, store.InTrash{})[0], err
	}
	return store.InTrash{}, store.ErrNotExist
}

// change is the number of a removal.
func (i ident) change() int64 { return int64(binary.BigEndian.Uint64(i.version[:])) }

func removalEntry(in ident, r *store.InTrash) entry {
	i := in.of(removal)
	binary.BigEndian.PutUint64(i.version[:], uint64(r.Seq))
	return entry{ident: i, name: numbered(r.Deleted, r.Seq), mtime: r.Deleted}
}

// inTrash is a removed node under the name that it had.
func inTrash(in ident, r *store.InTrash) entry {
	e := shown(in.of(folder), &r.Now)
	e.node, e.name = r.Node, r.Name
	return e
}

// cursor is where in a folder a page begins.
type cursor struct {
	after  string // the last name before it; "" at the beginning
	before int64  // the last change before it, where the newest come first; 0 at the beginning
}

// page lists a folder from a cursor on: at most limit entries, and where the next page
// begins. Fewer than limit are the last.
func (t *tree) page(ctx context.Context, in ident, at cursor, limit int) (out []entry, next cursor, err error) {
	switch in.kind {
	case top:
		homes, err := t.st.Homes(ctx)
		if err != nil {
			return nil, at, err
		}
		for _, name := range slices.Sorted(maps.Keys(homes)) {
			if name > at.after && len(out) < limit {
				out, at.after = append(out, t.plain(home(homes[name]), name)), name
			}
		}
	case account:
		if at.after == "" {
			if out, err = t.rooms(ctx, in); err != nil {
				return nil, at, err
			}
			at.after = versionsFolder
		}
	case snapshots:
		all, err := t.st.Snapshots(ctx, in.scope())
		if err != nil {
			return nil, at, err
		}
		slices.SortFunc(all, func(a, b store.Snapshot) int { return strings.Compare(a.Name, b.Name) })
		for i := range all {
			if all[i].Name > at.after && len(out) < limit {
				out, at.after = append(out, snapshotEntry(in, &all[i])), all[i].Name
			}
		}
	case folder, history, pastFolder:
		ns, err := t.list(ctx, in, at.after, limit)
		if err != nil {
			return nil, at, err
		}
		out = make([]entry, 0, len(ns))
		for i := range ns {
			out, at.after = append(out, shown(in, &ns[i])), ns[i].Name
		}
	case versions:
		n, vs, err := t.st.Versions(ctx, in.scope(), store.Root, at.before, limit)
		if err != nil {
			return nil, at, err
		}
		for i := range vs {
			out, at.before = append(out, older(in, &vs[i], versionName(&vs[i], n.Name))), vs[i].Until
		}
	case trash:
		rs, err := t.st.Trash(ctx, in.scope(), at.before, limit)
		if err != nil {
			return nil, at, err
		}
		for i := range rs {
			out, at.before = append(out, removalEntry(in, &rs[i])), rs[i].Seq
		}
	case removal:
		if at.after == "" {
			r, err := t.removed(ctx, in, in.change())
			if err != nil {
				return nil, at, err
			}
			out, at.after = []entry{inTrash(in, &r)}, r.Name
		}
	default:
		return nil, at, store.ErrNotFolder
	}
	return out, at, nil
}

// list pages a folder, now or in the snapshot that it is in.
func (t *tree) list(ctx context.Context, in ident, after string, limit int) ([]store.Node, error) {
	if in.kind == pastFolder {
		return t.st.ListAt(ctx, in.scope(), in.snapshot, store.Root, after, limit)
	}
	return t.st.List(ctx, in.scope(), store.Root, after, limit)
}

// mtime is the time of an inode whose time was was. That of a file may be set without a
// new version; one that is overwritten or gone keeps what it had. So does what is in a
// snapshot; but a folder of one that was dropped is not there.
func (t *tree) mtime(ctx context.Context, i ident, was time.Time) (time.Time, error) {
	switch i.kind {
	case pastFolder:
		_, err := t.stat(ctx, i, store.Root)
		return was, err
	case folder, file, history, versions:
	default:
		return was, nil
	}
	n, err := t.st.Stat(ctx, i.scope(), store.Root)
	switch {
	case i.kind == file && errors.Is(err, store.ErrNotExist):
		return was, nil
	case err != nil:
		return was, err
	case i.kind == file && n.Version != i.version:
		return was, nil
	}
	return n.ModTime, nil
}
