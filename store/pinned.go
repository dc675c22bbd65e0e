package store

import (
	"slices"
	"time"

	"cairn/store/meta"
)

// pins are the change numbers of a space that snapshots keep, ascending. What was true at one
// of them, the superseded rows with Since <= n < Until and the contents that these name, is
// not pruned.
type pins []int64

func pinsOf(r *meta.Reader, space SpaceID) (pins, error) {
	snaps, err := r.Snapshots(space)
	var out pins
	for _, sn := range slices.Backward(snaps) {
		out = append(out, sn.Seq)
	}
	return out, err
}

// in reports whether one lies in since <= n < until.
func (p pins) in(since, until int64) bool {
	i, _ := slices.BinarySearch(p, since)
	return i < len(p) && p[i] < until
}

// pinnedRows are superseded rows that a pinned number needs, by the version that they name.
type pinnedRows map[VersionID]meta.OldRow

func (p pinnedRows) has(id VersionID) bool { _, ok := p[id]; return ok }

func (p pinnedRows) covers(o meta.OldRow) bool {
	kept, ok := p[o.Version]
	return ok && kept.Since <= o.Since && o.Until <= kept.Until
}

// fewRows is how many superseded rows of a node are read to find those that are pinned. Of a
// node that has more, a row is looked for at each number.
const fewRows = 64

// rows finds those of a node, and of the nodes whose contents it took over. A row of a
// version that stays, stays with it.
func (p pins) rows(r *meta.Reader, node NodeID) (pinnedRows, error) {
	if len(p) == 0 {
		return nil, nil
	}
	rows, err := r.OldRowsOf(node, 0, fewRows)
	if err != nil {
		return nil, err
	}
	if len(rows) == fewRows {
		rows = rows[:0]
		for i, seq := range p {
			if len(rows) > 0 && seq < rows[len(rows)-1].Until || i > 0 && seq == p[i-1] {
				continue
			}
			o, ok, err := r.OldRowAt(node, seq)
			if err != nil {
				return nil, err
			}
			if ok {
				rows = append(rows, o)
			}
		}
	}
	others, err := r.PinnedHeirRows(node)
	if err != nil {
		return nil, err
	}
	var out pinnedRows
	for _, o := range append(rows, others...) {
		if !p.in(o.Since, o.Until) {
			continue
		}
		if kept, ok := out[o.Version]; ok {
			o.Since, o.Until = min(o.Since, kept.Since), max(o.Until, kept.Until)
		}
		if out == nil {
			out = pinnedRows{}
		}
		out[o.Version] = o
	}
	return out, nil
}

// pins are those of a space as this transaction sees them.
func (d *dropper) pins(space SpaceID) (pins, error) {
	if p, ok := d.pinned[space]; ok {
		return p, nil
	}
	p, err := pinsOf(&d.tx.Reader, space)
	if err == nil {
		if d.pinned == nil {
			d.pinned = map[SpaceID]pins{}
		}
		d.pinned[space] = p
	}
	return p, err
}

// pinnedRows are what snapshots need of a node. The last answer is remembered. The time that
// the first takes does not count: it may be long, of a file with very many heirs, and something
// is to be dropped by it then.
func (d *dropper) pinnedRows(space SpaceID, node NodeID) (pinnedRows, error) {
	if d.asked == node && node != 0 {
		return d.answer, nil
	}
	p, err := d.pins(space)
	if err != nil {
		return nil, err
	}
	rows, err := p.rows(&d.tx.Reader, node)
	if err != nil {
		return nil, err
	}
	if d.asked == 0 && d.done == 0 {
		d.begin = time.Now()
	}
	d.asked, d.answer = node, rows
	return rows, nil
}

// keep keeps for snapshots what a node that goes is: its row, which was true until a change,
// and its content, as a version. A node of the trash goes with until 0: its row is of no use.
func (d *dropper) keep(n Node, until int64) error {
	p, err := d.pins(n.Space)
	if err != nil || len(p) == 0 {
		return err
	}
	if p.in(n.Since, until) {
		if err := d.apply(&meta.PutPast{Node: n, Key: keyOf(n.Name), Until: until}); err != nil {
			return err
		}
		if d.asked == n.ID {
			d.asked = -1
		}
	}
	if n.IsFolder() {
		return nil
	}
	rows, err := d.pinnedRows(n.Space, n.ID)
	if err != nil {
		return err
	}
	o, ok := rows[n.Version]
	if !ok {
		return nil
	}
	return d.apply(&meta.PutVersion{Version: Version{ID: n.Version, Node: n.ID, Space: n.Space, Size: n.Size, ModTime: n.ModTime,
		Author: n.Author, Manifest: n.Manifest, Since: o.Since, Until: o.Until}})
}

// heldPrefix is that of nodes that are deleted for good, of which snapshots need rows or
// contents: without a content or children of their own, outside every space.
const heldPrefix = "held-"

// deleted reports whether a node is deleted for good.
func deleted(n Node) bool {
	return n.Parent == 0 && (n.Name == heldPrefix+n.ID.String() || n.Name == gonePrefix+n.ID.String())
}

// hold keeps a node as such a one.
func (d *dropper) hold(n Node) error {
	name := heldPrefix + n.ID.String()
	if n.Parent == 0 && n.Name == name {
		return nil
	}
	n.Parent, n.Name, n.Size, n.Manifest = 0, name, 0, meta.Manifest{}
	d.done++
	return d.apply(&meta.PutNode{Node: n, Key: name})
}
