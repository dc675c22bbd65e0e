package store

import (
	"context"
	"time"

	"cairn/store/meta"
)

// log drops what the change log of a space holds for too long, but never of the newest
// changes, and the superseded rows that ended before what is left of it. What is asked
// for from before its first entry can not be told any more.
func (p *pruner) log(ctx context.Context, sp meta.Space) error {
	age, ok := p.keep.logAge()
	if !ok {
		return nil
	}
	line := p.ages.line()
	first := int64(0) // that is kept
	for over := false; !over; {
		var cs []Change
		var newest Change
		err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
			if newest, _, err = r.NewestChange(sp.ID); err == nil {
				cs, err = r.Changes(sp.ID, first-1, prunePage)
			}
			return err
		})
		if err != nil || len(cs) == 0 {
			return err
		}
		k, young := line.due(len(cs), func(i int) time.Time { return cs[i].At }, age)
		over = young || k == 0
		for k > 0 && cs[k-1].Seq > newest.Seq-leastChanges {
			k--
			over = true
		}
		if first = cs[0].Seq; k == 0 {
			break
		}
		first = cs[k-1].Seq + 1
		err = p.s.dropping(ctx, &p.did, func(d *dropper) (bool, error) {
			d.did.Changes += int64(k)
			return false, d.apply(&meta.DropChanges{Space: sp.ID, Upto: first - 1})
		})
		if err != nil {
			return err
		}
	}
	return p.rows(ctx, sp, first)
}

// rows drops the superseded rows that ended before a change.
func (p *pruner) rows(ctx context.Context, sp meta.Space, before int64) error {
	for after := int64(0); ; {
		var rows []meta.OldRow
		err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
			rows, err = r.OldRows(sp.ID, after, before, prunePage)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		err = p.s.dropping(ctx, &p.did, func(d *dropper) (bool, error) {
			pinned, err := d.pins(sp.ID)
			if err != nil {
				return false, err
			}
			for _, o := range rows {
				if d.full() {
					break
				}
				after = o.Until
				if pinned.in(o.Since, o.Until) {
					continue
				}
				if err := d.row(o); err != nil {
					return false, err
				}
			}
			return false, nil
		})
		if err != nil {
			return err
		}
	}
}

// removed drops all of a space whose account was removed long enough ago. Its own row
// stays, with the two folders and the change that tells when it was removed: numbers are
// not used again.
func (p *pruner) removed(ctx context.Context, sp meta.Space) error {
	if !sp.Removed {
		return nil
	}
	age, ok := p.age(p.keep.TrashAge)
	var last Change
	some := false
	err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
		if last, _, err = r.NewestChange(sp.ID); err == nil {
			some, err = r.HasMore(sp)
		}
		return err
	})
	if err != nil || !ok || !some {
		return err
	}
	if last.Kind != meta.Removed || last.Node != sp.Root { // by a version that did not tell when
		if p.dry != nil {
			return nil
		}
		return p.s.freeing(ctx, func(tx *meta.Tx) error { return tellRemoved(tx, sp) })
	}
	if k, _ := p.ages.line().due(1, func(int) time.Time { return last.At }, age); k == 0 {
		return nil
	}
	p.did.Spaces++
	p.gone[sp.ID] = true
	if p.dry != nil {
		return p.s.db.View(ctx, func(r *meta.Reader) error {
			bytes, err := history(r, sp)
			if err != nil {
				return err
			}
			root, _, err := r.NodeByID(sp.Root)
			p.did.Bytes += bytes + root.Bytes
			return err
		})
	}
	return p.s.dropSpace(ctx, sp, &p.did)
}

// tellRemoved notes in the change log of a space that its account was removed.
func tellRemoved(tx *meta.Tx, sp meta.Space) error {
	seq, err := tx.NextSeq(sp.ID)
	if err != nil {
		return err
	}
	return tx.Apply(&meta.PutChange{Change: Change{Space: sp.ID, Seq: seq, Node: sp.Root, Kind: meta.Removed, Author: sp.Owner, At: tx.Now()}})
}

// dropSpace drops what a space holds.
func (s *Store) dropSpace(ctx context.Context, sp meta.Space, did *Pruned) error {
	err := s.dropping(ctx, did, func(d *dropper) (bool, error) {
		snaps, err := d.tx.Snapshots(sp.ID)
		for _, sn := range snaps {
			if err == nil {
				err = d.apply(&meta.DropSnapshot{ID: sn.ID})
			}
		}
		return false, err
	})
	if err == nil {
		err = s.dropUnpinned(ctx, did)
	}
	if err != nil {
		return err
	}
	err = s.dropping(ctx, did, func(d *dropper) (more bool, err error) {
		for _, top := range []NodeID{sp.Root, sp.Trash} {
			kids, err := d.tx.Children(top, "", 100)
			if err != nil {
				return false, err
			}
			for _, k := range kids {
				if more = true; d.full() {
					return true, nil
				}
				if err := d.detach(k); err != nil {
					return false, err
				}
				if err := d.apply(&meta.DropTrash{Node: k.ID}); err != nil {
					return false, err
				}
			}
		}
		_, err = d.gone()
		return more, err
	})
	if err == nil {
		err = s.dropGone(ctx, did)
	}
	if err != nil {
		return err
	}
	return s.dropping(ctx, did, func(d *dropper) (bool, error) { return d.rest(sp) })
}

// rest drops what a space has beside its nodes.
func (d *dropper) rest(sp meta.Space) (more bool, err error) {
	for !d.full() {
		vs, err := d.tx.OldVersions(sp.ID, 0, d.left)
		if err != nil {
			return false, err
		}
		rows, err := d.tx.OldRows(sp.ID, 0, 1<<63-1, d.left)
		if err != nil {
			return false, err
		}
		if len(vs)+len(rows) == 0 {
			break
		}
		for _, v := range vs {
			if err := d.version(v); err != nil {
				return false, err
			}
		}
		for _, o := range rows {
			if err := d.row(o); err != nil {
				return false, err
			}
		}
	}
	if d.full() {
		return true, nil
	}
	locks, err := d.tx.Locks(sp.ID)
	if err != nil {
		return false, err
	}
	for _, l := range locks {
		if err := d.apply(&meta.DropLock{Token: l.Token}); err != nil {
			return false, err
		}
	}
	cs, err := d.tx.Changes(sp.ID, 0, pruneBatch)
	if err != nil || len(cs) < 2 {
		return false, err
	}
	last, _, err := d.tx.NewestChange(sp.ID)
	if err != nil {
		return false, err
	}
	upto := min(cs[len(cs)-1].Seq, last.Seq-1)
	d.did.Changes += int64(len(cs))
	if upto == last.Seq-1 {
		d.did.Changes--
	}
	return upto < last.Seq-1, d.apply(&meta.DropProp{Node: sp.Root}, &meta.DropChanges{Space: sp.ID, Upto: upto})
}
