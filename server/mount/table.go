package mount

import (
	"sync"
	"time"
)

// rootID is the number of the mount's root between the kernel and us.
const rootID = 1

// inode is what the kernel has a number for.
type inode struct {
	ident
	id   uint64
	size int64

	// Under table.mu.
	mtime   int64  // nanoseconds since 1970
	place   uint64 // in order, 0 if it has none
	given   bool   // the kernel was given its bytes
	lookups uint64 // how often the kernel was told of it, less what it has forgotten
}

// table is what the kernel knows of. It grows with what programs look at, and shrinks when
// the kernel, short of memory, forgets. No number is given twice. Safe for concurrent use.
type table struct {
	mu   sync.Mutex
	byID map[uint64]*inode
	of   map[ident]*inode
	last uint64
}

func newTable(root ident, since time.Time) *table {
	n := &inode{ident: root, id: rootID, mtime: since.UnixNano(), lookups: 1}
	return &table{byID: map[uint64]*inode{rootID: n}, of: map[ident]*inode{root: n}, last: rootID}
}

// get finds what the kernel asks about.
func (t *table) get(id uint64) (n *inode, mtime time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n, ok = t.byID[id]; ok {
		mtime = time.Unix(0, n.mtime)
	}
	return n, mtime, ok
}

// note tells of an entry that the kernel is about to hear of.
func (t *table) note(e *entry) *inode {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.of[e.ident]
	if n == nil {
		t.last++
		n = &inode{ident: e.ident, id: t.last, size: e.size}
		t.byID[n.id], t.of[n.ident] = n, n
	}
	n.mtime = e.mtime.UnixNano()
	n.lookups++
	return n
}

// setPlace says where in the order an inode is.
func (t *table) setPlace(n *inode, place uint64) {
	t.mu.Lock()
	n.place = place
	t.mu.Unlock()
}

// asked is the place of an inode that the kernel asks for, so it has not got its bytes, or
// not any more.
func (t *table) asked(n *inode) (place uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n.given = false
	return n.place
}

// give finds those inodes that the kernel was not given yet, and notes that it is.
func (t *table) give(ids []uint64) (out []*inode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		if n := t.byID[id]; n != nil && !n.given {
			n.given = true
			out = append(out, n)
		}
	}
	return out
}

// touch sets the time of an inode.
func (t *table) touch(n *inode, mtime time.Time) {
	t.mu.Lock()
	n.mtime = mtime.UnixNano()
	t.mu.Unlock()
}

// forget takes back so many times that note told of it.
func (t *table) forget(id, times uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.byID[id]
	if n == nil || id == rootID {
		return
	}
	if n.lookups -= min(n.lookups, times); n.lookups == 0 {
		delete(t.byID, id)
		delete(t.of, n.ident)
	}
}

// len is how much the kernel knows of.
func (t *table) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byID)
}
