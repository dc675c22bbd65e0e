package store

import (
	"context"
	"strings"
	"time"

	"cairn/store/meta"
)

// gonePrefix is that of trees that are dropped: roots outside every space, which nobody
// sees. Their sums are not kept.
const gonePrefix = "gone-"

// The bounds of one transaction of pruning: rows, and the time that it takes.
const (
	pruneBatch = 512
	pruneTime  = 10 * time.Millisecond
)

// dropper drops rows in one transaction until that is full.
type dropper struct {
	s      *Store
	tx     *meta.Tx
	left   int
	done   int // versions, rows and nodes that went, in this transaction
	begin  time.Time
	did    Pruned
	pinned map[SpaceID]pins
	asked  NodeID // of which answer is, by pinnedRows; 0: none yet
	answer pinnedRows
}

func (s *Store) dropper(tx *meta.Tx) *dropper {
	return &dropper{s: s, tx: tx, left: pruneBatch, begin: time.Now()}
}

func (d *dropper) full() bool { return d.left <= 0 || time.Since(d.begin) > pruneTime }

func (d *dropper) apply(ops ...meta.Op) error {
	d.left -= len(ops)
	return d.tx.Apply(ops...)
}

// detach takes a node out of its space, with all below it: from here on nobody sees it,
// or brings it back. What is left is to drop its rows.
func (d *dropper) detach(n Node) error {
	bytes, files, err := weight(d.tx, n)
	if err != nil {
		return err
	}
	d.tx.AddSum(n.Parent, -bytes, -files, 0)
	d.did.Bytes += bytes
	if err := d.keep(n, 0); err != nil {
		return err
	}
	return d.reroot(n)
}

// reroot keeps a node as a root of what is dropped. A folder counts as changed from then on:
// who copies it, and has read ahead in it, must not take that for what it holds when its
// children go (Tx.Unchanged). The content of a file goes at once, unless a snapshot has kept
// it (keep): a commit that names it may be the newest that there is when what it names is not
// needed, and not there, any more. See Store.missing.
func (d *dropper) reroot(n Node) error {
	if n.IsFolder() {
		d.tx.AddSum(n.ID, 0, 0, n.Seq+1)
	}
	n.Parent, n.Name = 0, gonePrefix+n.ID.String()
	if !n.IsFolder() {
		n.Size, n.Manifest = 0, meta.Manifest{}
	}
	return d.apply(&meta.PutNode{Node: n, Key: n.Name})
}

// trashed detaches a node of the trash, if it lies there still as it did.
func (d *dropper) trashed(t Trashed) (found bool, err error) {
	now, ok, err := d.tx.Trashed(t.Node)
	if err != nil || !ok || now.Seq != t.Seq || now.Space != t.Space {
		return false, err
	}
	n, there, err := d.tx.NodeByID(t.Node)
	if err != nil {
		return false, err
	}
	if there {
		if err := d.detach(n); err != nil {
			return false, err
		}
	}
	d.did.Trashed++
	return true, d.apply(&meta.DropTrash{Node: t.Node})
}

// gone drops what is detached. more says that there is some left.
func (d *dropper) gone() (more bool, err error) {
	for !d.full() {
		roots, err := d.tx.Children(0, gonePrefix, 1)
		if err != nil || len(roots) == 0 || !strings.HasPrefix(roots[0].Name, gonePrefix) {
			return false, err
		}
		if err := d.root(roots[0]); err != nil {
			return false, err
		}
	}
	return true, nil
}

// root drops what lies in a root, and it itself when that is all. Folders in it become
// roots: no tree is so deep that finding its end takes long.
func (d *dropper) root(n Node) error {
	for n.IsFolder() {
		kids, err := d.tx.Children(n.ID, "", max(1, min(d.left, 100)))
		if err != nil {
			return err
		}
		if len(kids) == 0 {
			break
		}
		for _, k := range kids {
			if d.full() {
				return nil
			}
			if err := d.keep(k, n.Since); err != nil {
				return err
			}
			k.Since = n.Since // of what is below it: when it went to the trash
			if k.IsFolder() {
				err = d.reroot(k)
			} else {
				_, err = d.node(k)
			}
			if err != nil {
				return err
			}
		}
	}
	_, err := d.node(n)
	return err
}

// node drops a node that has no children: its versions and superseded rows, its
// properties, and it itself when all that is gone: then whole is true. What a snapshot needs
// stays, and then it is held. The first of a transaction loses something however long it takes
// to find that.
func (d *dropper) node(n Node) (whole bool, err error) {
	pinned, err := d.pinnedRows(n.Space, n.ID)
	if err != nil {
		return false, err
	}
	for after := int64(0); ; {
		vs, err := d.tx.OldVersionsOf(n.ID, after, max(d.left, 1))
		if err != nil {
			return false, err
		}
		if len(vs) == 0 {
			break
		}
		for _, v := range vs {
			if after = v.Until; pinned.has(v.ID) {
				continue
			}
			if d.done > 0 && d.full() {
				return false, nil
			}
			if err := d.version(v); err != nil {
				return false, err
			}
		}
	}
	for from := int64(0); ; {
		rows, err := d.tx.OldRowsOf(n.ID, from, max(d.left, 1))
		if err != nil {
			return false, err
		}
		if len(rows) == 0 {
			break
		}
		for _, o := range rows {
			if from = o.Since + 1; pinned.covers(o) {
				continue
			}
			if d.done > 0 && d.full() {
				return false, nil
			}
			if err := d.row(o); err != nil {
				return false, err
			}
		}
	}
	props, err := d.tx.HasProps(n.ID)
	if err != nil {
		return false, err
	}
	if props {
		if err := d.apply(&meta.DropProp{Node: n.ID}); err != nil {
			return false, err
		}
	}
	if len(pinned) > 0 {
		return true, d.hold(n)
	}
	d.done++
	return true, d.apply(&meta.DropNode{ID: n.ID})
}

func (d *dropper) version(v meta.OldVersion) error {
	d.done++
	d.did.Versions++
	d.did.Bytes += v.Size
	return d.apply(&meta.DropVersion{ID: v.ID})
}

func (d *dropper) row(o meta.OldRow) error {
	d.done++
	d.did.Rows++
	return d.apply(&meta.DropPast{Node: o.Node, From: o.Since, To: o.Since + 1})
}

// dropping makes transactions of what f does until it says that it has ended.
func (s *Store) dropping(ctx context.Context, did *Pruned, f func(d *dropper) (more bool, err error)) error {
	for more := true; more; {
		var one Pruned
		err := s.freeing(ctx, func(tx *meta.Tx) (err error) {
			d := s.dropper(tx)
			more, err = f(d)
			one = d.did
			return err
		})
		if err != nil {
			return err
		}
		did.add(one)
	}
	return nil
}

// dropGone drops all that is detached.
func (s *Store) dropGone(ctx context.Context, did *Pruned) error {
	some := false
	err := s.db.View(ctx, func(r *meta.Reader) error {
		roots, err := r.Children(0, gonePrefix, 1)
		some = len(roots) > 0 && strings.HasPrefix(roots[0].Name, gonePrefix)
		return err
	})
	if err != nil || !some {
		return err
	}
	return s.dropping(ctx, did, (*dropper).gone)
}
