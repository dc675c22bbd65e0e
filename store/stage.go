package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cairn/store/meta"
)

// The bounds of one transaction of a folder copy: nodes, and the bytes of their rows.
const (
	copyBatch      = 512
	copyPage       = 128 // nodes read at once
	copyPageBytes  = 256 << 10
	copyBatchBytes = 512 << 10
	copyBatchTime  = 10 * time.Millisecond // looked at after each page
)

const stagePrefix = "copy-"

// branch is a folder of which the children with keys above after are still to be
// copied into another.
type branch struct {
	from, to NodeID
	after    string
}

// kids is a page of a folder: what a copy takes of its children with keys above after.
type kids struct {
	from  NodeID
	after string
	seq   int64 // of the folder then
	nodes []meta.Copied
	more  bool
}

// stage copies a tree to a root of its own, outside every space's tree.
func (s *Store) stage(ctx context.Context, sc Scope, src Node) (root NodeID, err error) {
	var pending []branch
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		sp, _, err := tx.Space(sc.Space)
		if err != nil {
			return err
		}
		n := Node{ID: tx.NewNodeID(), Space: sc.Space, Kind: Folder, Since: sp.Seq, Seq: sp.Seq, ModTime: src.ModTime, Created: tx.Now(), Author: sc.User}
		n.Name = stagePrefix + n.ID.String()
		root = n.ID
		if err := tx.Apply(&meta.PutNode{Node: n, Key: n.Name, Fresh: true}); err != nil {
			return err
		}
		pending = []branch{{from: src.ID, to: n.ID}}
		return copyProps(tx, src.ID, n.ID)
	})
	if err != nil { // the id may become another node's
		return 0, err
	}
	reading, stop := context.WithCancel(ctx)
	pages := make(chan kids, 4)
	go s.readTree(reading, src.ID, pages)
	defer func() {
		stop()
		for range pages { // it has ended
		}
	}()
	var ready []kids
	for err == nil && len(pending) > 0 {
		ready = gatherKids(ready, pages)
		var left []branch
		var used int
		err = s.db.Commit(ctx, nil, func(tx *meta.Tx) (err error) {
			left, used, err = stageSome(tx, sc, slices.Clone(pending), ready)
			return err
		})
		if used == 0 && len(ready) > 0 { // it may be of a folder that is gone
			used = 1
		}
		pending, ready = left, ready[used:]
	}
	return root, err
}

// readTree reads a tree ahead of the transactions that copy it, in the order in which
// they take it. It ends early if it cannot go on: they read what they do not get.
func (s *Store) readTree(ctx context.Context, root NodeID, pages chan<- kids) {
	defer close(pages)
	for pending := []branch{{from: root}}; len(pending) > 0; {
		cur := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		var page kids
		err := s.db.View(ctx, func(r *meta.Reader) (err error) {
			page, err = readKids(r, cur)
			return err
		})
		if err != nil {
			return
		}
		select {
		case pages <- page:
		case <-ctx.Done():
			return
		}
		pending = page.rest(pending, cur)
	}
}

// readKids reads a page, and before it, or with it, the newest change: what is asked
// first in a View is never newer than its snapshot.
func readKids(r *meta.Reader, cur branch) (page kids, err error) {
	page = kids{from: cur.from, after: cur.after}
	folder, _, err := r.NodeByID(cur.from)
	if err == nil {
		page.seq = folder.Seq
		page.nodes, page.more, err = r.Copied(cur.from, cur.after, copyPage, copyPageBytes)
	}
	return page, err
}

// rest adds to what is to be copied what a page leaves of it: the next one, and before
// that the folders that it shows.
func (p *kids) rest(pending []branch, cur branch) []branch {
	if p.more {
		cur.after = p.nodes[len(p.nodes)-1].Key
		pending = append(pending, cur)
	}
	for _, k := range p.nodes {
		if k.Kind == Folder {
			pending = append(pending, branch{from: k.ID})
		}
	}
	return pending
}

// gatherKids waits for as much as a transaction copies.
func gatherKids(ready []kids, pages <-chan kids) []kids {
	n := 0
	for _, p := range ready {
		n += max(1, len(p.nodes))
	}
	for n < copyBatch {
		p, ok := <-pages
		if !ok {
			break
		}
		ready = append(ready, p)
		n += max(1, len(p.nodes))
	}
	return ready
}

// kidsOf finds a page among those that were read ahead, and tells how many of them are
// used up then. If the folder has changed since, or if the page is not among them, it is
// read now.
func kidsOf(tx *meta.Tx, cur branch, ready []kids) (page kids, used int, err error) {
	i := slices.IndexFunc(ready, func(p kids) bool { return p.from == cur.from && p.after == cur.after })
	if i >= 0 {
		same, err := tx.Unchanged(cur.from, ready[i].seq)
		if err != nil || same {
			return ready[i], i + 1, err
		}
	}
	page, err = readKids(&tx.Reader, cur)
	return page, i + 1, err
}

// stageSome copies nodes until a transaction is full, and returns what is left to do, and
// how many of the pages that are ready it has used up.
func stageSome(tx *meta.Tx, sc Scope, pending []branch, ready []kids) (left []branch, used int, err error) {
	begin, since := tx.Size(), time.Now()
	for made := 0; len(pending) > 0 && made < copyBatch && tx.Size()-begin < copyBatchBytes && (made == 0 || time.Since(since) < copyBatchTime); {
		cur := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		page, n, err := kidsOf(tx, cur, ready[used:])
		if err != nil {
			return nil, 0, err
		}
		used += n
		at, last := len(pending), cur.after
		pending = page.rest(pending, cur)
		if page.more {
			at++
		}
		for _, k := range page.nodes {
			if k.Key <= last { // the database has to be sure of it before it is durable
				return nil, 0, fmt.Errorf("folder %v: its children are not in order", cur.from)
			}
			last = k.Key
			id, err := stageNode(tx, sc, k, cur.to)
			if err != nil {
				return nil, 0, err
			}
			if k.Kind == Folder {
				pending[at].to = id
				at++
			}
		}
		made += max(1, len(page.nodes))
	}
	return pending, used, nil
}

// stageNode makes one node of the staged tree. Nobody else puts anything into that, and
// each of its folders is filled in the order of the keys: the place is free.
func stageNode(tx *meta.Tx, sc Scope, k meta.Copied, parent NodeID) (NodeID, error) {
	sp, _, err := tx.Space(sc.Space)
	if err != nil {
		return 0, err
	}
	n := Node{ID: tx.NewNodeID(), Space: sc.Space, Parent: parent, Name: k.Name, Kind: k.Kind, Size: k.Size, Manifest: k.Manifest,
		ModTime: k.ModTime, Created: tx.Now(), Since: sp.Seq, Author: sc.User}
	if n.IsFolder() {
		tx.AddSum(parent, 0, 0, sp.Seq)
	} else {
		n.Version = meta.NewVersionID(tx.Now())
		tx.AddSum(parent, n.Size, 1, sp.Seq)
	}
	err = tx.Apply(&meta.PutNode{Node: n, Key: k.Key, Fresh: true, Free: true})
	if err == nil && k.Props {
		err = copyProps(tx, k.ID, n.ID)
	}
	return n.ID, err
}

// dropTree removes the rows of a staged tree, in bounded transactions.
func (s *Store) dropTree(ctx context.Context, root NodeID) error {
	for done := false; !done; {
		err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
			n, left, err := tx.NodeByID(root)
			if done = !left; err != nil || done {
				return err
			}
			if n.Parent != 0 || n.Name != stagePrefix+root.String() {
				done = true
				return fmt.Errorf("node %v is not a staged copy: it is left as it is", root)
			}
			budget := copyBatch
			var drop func(id NodeID) error
			drop = func(id NodeID) error {
				for budget > 0 {
					kids, err := tx.Children(id, "", min(budget, 100))
					if err != nil {
						return err
					}
					if len(kids) == 0 {
						budget--
						return tx.Apply(&meta.DropProp{Node: id}, &meta.DropNode{ID: id})
					}
					for _, k := range kids {
						if err := drop(k.ID); err != nil || budget <= 0 {
							return err
						}
					}
				}
				return nil
			}
			return drop(root)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dropStaged drops what a crash left of folder copies.
func (s *Store) dropStaged(ctx context.Context) error {
	var roots []Node
	err := s.db.View(ctx, func(r *meta.Reader) error {
		var err error
		roots, err = r.Children(0, stagePrefix, 1000)
		return err
	})
	for _, n := range roots {
		if len(n.Name) > len(stagePrefix) && n.Name[:len(stagePrefix)] == stagePrefix && err == nil {
			err = s.dropTree(ctx, n.ID)
		}
	}
	return err
}
