package meta

import (
	"errors"
	"hash/maphash"
	"sync"
)

// near is what the committer remembers of the rows that every change asks for:
// folders, spaces and their locks, as the batch under way has left them. Nobody else
// writes, so what it holds is right as long as each op is noted and a rollback forgets
// everything. Others may look at it only through Glance.
type near struct {
	mu      sync.RWMutex
	folders map[NodeID]nearFolder
	names   map[childKey]NodeID // of folders
	spaces  map[SpaceID]Space
	locks   map[SpaceID][]Lock
	made    made // the committer's own
}

// made is the folders that were made since it was cleared, and at least the names that
// lie in each: what is not among them is free, and need not be asked for. A folder that is
// being filled with small files is most often such a one. Names are hashes, since one too
// many costs a query only.
type made struct {
	names map[NodeID]map[uint64]struct{}
	count int
	seed  maphash.Seed
}

// maxMade bounds the names and folders that are remembered, of about 40 bytes each.
const maxMade = 1 << 15

func (m *made) clear() { *m = made{names: map[NodeID]map[uint64]struct{}{}, seed: maphash.MakeSeed()} }

// note is called for every row that comes to be at a place.
func (m *made) note(o *PutNode) {
	if m.count >= maxMade {
		m.clear()
	}
	if names := m.names[o.Parent]; names != nil {
		names[maphash.String(m.seed, o.Key)] = struct{}{}
		m.count++
	}
	if o.Kind == Folder && o.Fresh {
		m.names[o.ID] = map[uint64]struct{}{}
		m.count++
	}
}

// free reports whether nothing lies at a place, for certain.
func (m *made) free(k childKey) bool {
	names := m.names[k.parent]
	if names == nil {
		return false
	}
	_, there := names[maphash.String(m.seed, k.key)]
	return !there
}

type nearFolder struct {
	*Node // never changed in place: readers of plans and Glances hold it
	key   string
}

// childKey is a place in the tree.
type childKey struct {
	parent NodeID
	key    string
}

// maxNear bounds each kind of row that is remembered.
const maxNear = 4096

func (n *near) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.folders, n.names = map[NodeID]nearFolder{}, map[childKey]NodeID{}
	n.spaces, n.locks = map[SpaceID]Space{}, map[SpaceID][]Lock{}
	n.made.clear()
}

// get finds what is remembered. The result must not be changed in place.
func (n *near) get(k cacheKey) any {
	n.mu.RLock()
	defer n.mu.RUnlock()
	switch k.kind {
	case cachedChild:
		if f, ok := n.folders[n.names[childKey{NodeID(k.id), k.text}]]; ok {
			return f.Node
		}
	case cachedNode:
		if f, ok := n.folders[NodeID(k.id)]; ok {
			return f.Node
		}
	case cachedSpace:
		if sp, ok := n.spaces[SpaceID(k.id)]; ok {
			return sp
		}
	case cachedLocks:
		if ls, ok := n.locks[SpaceID(k.id)]; ok {
			return ls
		}
	}
	return nil
}

// put remembers a row that was just read.
func (n *near) put(k cacheKey, v any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch v := v.(type) {
	case *Node:
		if v.Kind != Folder {
			return
		}
		if len(n.folders) >= maxNear {
			clear(n.folders)
			clear(n.names)
		}
		f := nearFolder{v, n.folders[v.ID].key}
		if k.kind == cachedChild {
			f.key = k.text
			n.names[childKey{v.Parent, k.text}] = v.ID
		}
		n.folders[v.ID] = f
	case Space:
		if len(n.spaces) >= maxNear {
			clear(n.spaces)
		}
		n.spaces[v.ID] = v
	case []Lock:
		if len(n.locks) >= maxNear {
			clear(n.locks)
		}
		n.locks[SpaceID(k.id)] = v
	}
}

// note keeps what is remembered in step with an op.
func (n *near) note(op Op) {
	switch o := op.(type) {
	case *PutNode:
		n.made.note(o)
		if o.Kind == Folder && !o.Fresh {
			n.forget(o.ID)
		}
	case *DropNode:
		n.forget(o.ID)
	case *PutFolder:
		n.mu.Lock()
		defer n.mu.Unlock()
		if f, ok := n.folders[o.Node]; ok {
			now := *f.Node
			now.Bytes, now.Files, now.Seq = o.Bytes, o.Files, o.Seq
			n.folders[o.Node] = nearFolder{&now, f.key}
		}
	case *PutSpaceSeq:
		n.mu.Lock()
		defer n.mu.Unlock()
		if sp, ok := n.spaces[o.Space]; ok {
			sp.Seq = max(sp.Seq, o.Seq)
			n.spaces[o.Space] = sp
		}
	case *PutSpace:
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.spaces, o.ID)
	case *PutLock, *DropLock, *PutAccount: // a lock is read with its account's name
		n.mu.Lock()
		defer n.mu.Unlock()
		clear(n.locks)
	}
}

func (n *near) forget(id NodeID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if f, ok := n.folders[id]; ok {
		delete(n.names, childKey{f.Parent, f.key})
		delete(n.folders, id)
	}
}

// errUnknown: a Glance has not seen this row.
var errUnknown = errors.New("not remembered")

// Glance runs f on what the committer remembers, without a look at the database: nil if
// f was content with that. What f sees may be of different moments, and of changes
// that are not durable yet, or never will be: it is for questions that the commit asks
// again. After an error ask View.
func (d *DB) Glance(f func(*Reader) error) error {
	return f(&Reader{epoch: d.epoch, glance: &d.near})
}

// nearly answers from what the committer remembers, or asks and remembers. A name that
// is free is known or found by the cheapest query there is, and noted: see Tx.taken.
func nearly[T any](r *Reader, k cacheKey, ask func() (v T, ok bool, err error)) (v T, ok bool, err error) {
	if r.glance != nil {
		if v, ok := r.glance.get(k).(T); ok {
			return v, true, nil
		}
		return v, false, errUnknown
	}
	tx := r.tx
	if tx == nil {
		return ask()
	}
	if v, ok := tx.near.get(k).(T); ok {
		return v, true, nil
	}
	if k.kind == cachedChild {
		at := childKey{NodeID(k.id), k.text}
		if n, late := tx.late.at(at); late && n.Kind == File {
			n.Seq, n.Epoch = n.Since, tx.epoch
			v, ok := any(&n).(T)
			return v, ok, nil
		} else if !late {
			if taken, err := tx.taken(at); err != nil || !taken {
				return v, false, err
			}
		}
	}
	if v, ok, err = ask(); ok && err == nil {
		tx.near.put(k, v)
	}
	return v, ok, err
}
