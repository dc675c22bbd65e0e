package meta

import (
	"database/sql/driver"
	"fmt"
	"slices"
)

// late is the rows that batches have still to put into the database: those that no plan
// needs there yet. They go in together, many to a statement, before the next query
// that could meet them, while the commit record is being flushed, or before the COMMIT.
//
// That is behind the point of no return, so a row may wait that long only if it can
// not fail for what it says: new files at names that the batch has found free, or that
// must be (Free), with ids that it gave itself, and rows that replace those of the same key. Other new nodes
// must be in before their plan ends (unproven), so that a faulty plan fails alone.
type late struct {
	nodes    []*PutNode
	names    map[childKey]int // index in nodes, from 1
	changes  []*PutChange
	folders  []*PutFolder
	seqs     []*PutSpaceSeq
	lastID   NodeID
	unproven bool

	node, change, folder bulk
}

func newLate() *late {
	return &late{names: map[childKey]int{},
		node: bulk{cols: 13, head: "INSERT INTO node (parent, key, id, space, kind, name, since, version, size, mtime, created, author, manifest) VALUES "},
		change: bulk{cols: 7, head: "INSERT INTO change (space, seq, node, parent, kind, author, at) VALUES ",
			tail: " ON CONFLICT (space, seq) DO NOTHING"},
		folder: bulk{cols: 4, head: "INSERT INTO folder (node, bytes, files, seq) VALUES ",
			tail: " ON CONFLICT (node) DO UPDATE SET bytes = excluded.bytes, files = excluded.files, seq = excluded.seq"}}
}

func (l *late) len() int { return len(l.nodes) + len(l.changes) + len(l.folders) + len(l.seqs) }

func (l *late) clear() {
	clear(l.nodes)
	clear(l.changes)
	clear(l.folders)
	clear(l.seqs)
	clear(l.names)
	l.nodes, l.changes, l.folders, l.seqs, l.lastID, l.unproven = l.nodes[:0], l.changes[:0], l.folders[:0], l.seqs[:0], 0, false
}

// at is the node that is to be at a place, as its row will tell.
func (l *late) at(k childKey) (n Node, ok bool) {
	i := l.names[k]
	if i == 0 {
		return n, false
	}
	n = l.nodes[i-1].Node
	n.ModTime, n.Created = fromNano(unixNano(n.ModTime)), fromNano(unixNano(n.Created))
	return n, true
}

// taken looks whether a name has a row, and keeps it if it has none.
func (tx *Tx) taken(k childKey) (bool, error) {
	if tx.near.made.free(k) {
		tx.free = k
		return false, nil
	}
	var one int
	ok, err := tx.s.row("SELECT 1 FROM node WHERE parent = ? AND key = ?", []any{int64(k.parent), k.key}, &one)
	tx.note(err)
	if !ok && err == nil {
		tx.free = k
	}
	return ok, err
}

// postpone keeps an op for later if that is safe; else what it might meet goes in now.
func (tx *Tx) postpone(op Op) (bool, error) {
	l := tx.late
	switch o := op.(type) {
	case *PutNode:
		k, free := childKey{o.Parent, o.Key}, tx.free
		tx.free = childKey{}
		if !o.Fresh || l.names[k] > 0 {
			return false, tx.drain()
		}
		if k != free && !o.Free || o.ID <= max(tx.firstID, l.lastID) {
			l.unproven = true
		}
		l.lastID = max(l.lastID, o.ID)
		l.nodes = append(l.nodes, o)
		l.names[k] = len(l.nodes)
	case *PutChange:
		l.changes = append(l.changes, o)
	case *PutFolder: // each batch has one of the same folders
		if i := slices.IndexFunc(l.folders, func(f *PutFolder) bool { return f.Node == o.Node }); i >= 0 {
			l.folders[i] = o
		} else {
			l.folders = append(l.folders, o)
		}
	case *PutSpaceSeq:
		if i := slices.IndexFunc(l.seqs, func(s *PutSpaceSeq) bool { return s.Space == o.Space }); i >= 0 {
			l.seqs[i].Seq = max(l.seqs[i].Seq, o.Seq)
		} else {
			l.seqs = append(l.seqs, o)
		}
	case *DropNode, *PutSpace:
		tx.free = childKey{}
		return false, tx.drain()
	case *DropChanges: // among them may be late ones
		return false, tx.drain()
	default: // of tables in which nothing is late
		return false, nil
	}
	return true, nil
}

// drain puts in what is late.
func (tx *Tx) drain() error {
	if tx.err != nil || tx.late.len() == 0 {
		return tx.err
	}
	if err := tx.s.putLate(tx.late); err != nil {
		tx.err = err
		return err
	}
	tx.late.clear()
	return nil
}

// putLate puts the rows in. Nodes come one after the other as they were made: their ids
// ascend, and so, often, do their keys.
func (s *session) putLate(l *late) error {
	err := l.node.insert(s, len(l.nodes), func(a []driver.Value, i int) []driver.Value {
		o := l.nodes[i]
		return append(a, int64(o.Parent), o.Key, int64(o.ID), int64(o.Space), int64(o.Kind), nameColumn(o.Name, o.Key), o.Since,
			versionColumn(o.Version), o.Size, unixNano(o.ModTime), unixNano(o.Node.Created), int64(o.Author), o.Manifest.Encode())
	})
	if err != nil {
		return fmt.Errorf("new nodes: %w", err)
	}
	err = l.change.insert(s, len(l.changes), func(a []driver.Value, i int) []driver.Value {
		o := l.changes[i]
		return append(a, int64(o.Space), o.Seq, int64(o.Node), int64(o.Parent), int64(o.Kind), int64(o.Author), unixNano(o.At))
	})
	if err != nil {
		return fmt.Errorf("changes: %w", err)
	}
	err = l.folder.insert(s, len(l.folders), func(a []driver.Value, i int) []driver.Value {
		o := l.folders[i]
		return append(a, int64(o.Node), o.Bytes, o.Files, o.Seq)
	})
	if err != nil {
		return fmt.Errorf("folders: %w", err)
	}
	for _, op := range l.seqs {
		if err := s.apply(op); err != nil {
			return fmt.Errorf("apply op %d: %w", op.kind(), err)
		}
	}
	return nil
}
