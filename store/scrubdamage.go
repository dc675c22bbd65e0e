package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cairn/store/meta"
	"cairn/store/pack"
)

// damagePage is how many rows are looked at as of one moment.
const damagePage = 512

// damages finds what needs damaged records.
type damages struct {
	s      *Store
	ctx    context.Context
	bad    map[meta.PackID]badPack
	needed map[meta.PackID]bool // by something
	see    func(Finding)
}

// damage says what of bad concerns which files as they are now, older versions, trash and
// uploads; then it tells of the packs themselves. It pages through all rows, if there is
// any damage.
func (s *Store) damage(ctx context.Context, bad map[meta.PackID]badPack, see func(Finding)) error {
	d := &damages{s: s, ctx: ctx, bad: bad, needed: map[meta.PackID]bool{}, see: see}
	maps.DeleteFunc(bad, func(id meta.PackID, b badPack) bool { return !d.still(id, b) })
	if len(bad) == 0 {
		return nil
	}
	for _, step := range []func() error{d.parts, d.nodes, d.versions} {
		if err := step(); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(bad)) {
		d.pack(id, bad[id])
	}
	return nil
}

// still reports whether what was damaged of a pack is there: a collection may have removed
// it.
func (d *damages) still(id meta.PackID, b badPack) bool {
	if b.partial || b.missing || b.flawed {
		return true
	}
	for n := range b.records.each() {
		if _, err := d.s.packs.Entries(d.ctx, id, n, 1); !errors.Is(err, pack.ErrNotFound) {
			return true
		}
	}
	d.s.scrubs.healed(id)
	return false
}

// rows calls see for pages of rows, each with the key of the last one that it saw.
func (d *damages) rows(page func(r *meta.Reader, last *meta.Needing) ([]meta.Needing, error), see func(n *meta.Needing) error) error {
	last := &meta.Needing{Part: -1}
	for {
		var rows []meta.Needing
		err := d.s.db.View(d.ctx, func(r *meta.Reader) (err error) {
			rows, err = page(r, last)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			if d.ctx.Err() != nil {
				return context.Cause(d.ctx)
			}
			if err := see(&rows[i]); err != nil {
				return err
			}
		}
		last = &rows[len(rows)-1]
	}
}

func (d *damages) parts() error {
	var told UploadID
	return d.rows(func(r *meta.Reader, last *meta.Needing) ([]meta.Needing, error) {
		return r.PartsNeeding(last.Upload, last.Part, damagePage)
	}, func(n *meta.Needing) error {
		why := d.why(n)
		if why == nil || told == n.Upload {
			return nil
		}
		told = n.Upload
		d.see(Finding{Where: fmt.Sprintf("unfinished upload to %s (%s)", n.Path, n.Upload), What: why.Error(), Do: "cancel it and upload the file again"})
		return nil
	})
}

func (d *damages) nodes() error {
	return d.rows(func(r *meta.Reader, last *meta.Needing) ([]meta.Needing, error) {
		return r.NodesNeeding(last.Node, damagePage)
	}, func(n *meta.Needing) error {
		return d.tell(n, "", "upload the file again, or restore it from a backup")
	})
}

func (d *damages) versions() error {
	return d.rows(func(r *meta.Reader, last *meta.Needing) ([]meta.Needing, error) {
		return r.VersionsNeeding(last.Version, damagePage)
	}, func(n *meta.Needing) error {
		of := fmt.Sprintf(", its version of %s", n.ModTime.Format("2006-01-02 15:04:05"))
		return d.tell(n, of, "this old version is lost, newer ones are not concerned")
	})
}

// tell tells of a node, or a version of it, if it needs what is damaged and is still there.
func (d *damages) tell(n *meta.Needing, of, do string) error {
	why := d.why(n)
	if why == nil {
		return nil
	}
	where, err := d.s.whereIs(d.ctx, n.Node)
	if err == nil && where != "" {
		d.see(Finding{Where: where + of, What: why.Error(), Do: do})
	}
	return err
}

// why is why a row cannot have what it needs; nil: it can.
func (d *damages) why(n *meta.Needing) error {
	if n.Bad != nil {
		return fmt.Errorf("its row does not say where its bytes are: %w", n.Bad)
	}
	for _, r := range n.Tail {
		if err := d.run(r.Pack, r.Ordinal, 1); err != nil {
			return err
		}
	}
	if err := d.extents(n.Manifest.Extents); err != nil {
		return err
	}
	for _, r := range n.Manifest.Pages {
		if err := d.run(r.Pack, r.Ordinal, 1); err != nil {
			return err
		}
		// A row may have gone since, and a collection its page: then it needs nothing.
		if page, err := d.s.page(d.ctx, r); err == nil {
			if err := d.extents(page); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *damages) extents(all []meta.Extent) error {
	for _, x := range all {
		if err := d.run(x.Pack, x.First, x.Count); err != nil {
			return err
		}
	}
	return nil
}

// run is why some records of a pack cannot be had; nil: they can.
func (d *damages) run(id meta.PackID, first, count uint32) (err error) {
	b, ok := d.bad[id]
	if !ok {
		return nil
	}
	defer func() {
		if err != nil {
			d.needed[id] = true
		}
	}()
	if b.missing {
		return fmt.Errorf("a part of it is in %s, which is missing", d.s.packName(id))
	}
	for n := first; n < first+count; n++ {
		if b.records.has(n) {
			return fmt.Errorf("record %d of %s is damaged, a part of it", n, d.s.packName(id))
		}
	}
	if b.partial {
		if _, err := d.s.packs.Entries(d.ctx, id, first, count); err != nil && d.ctx.Err() == nil {
			return fmt.Errorf("a part of it cannot be found in %s, whose index is damaged", d.s.packName(id))
		}
	}
	return nil
}

// pack tells of a pack itself.
func (d *damages) pack(id meta.PackID, b badPack) {
	f := Finding{Where: d.s.packName(id), Do: "what needs it is named above"}
	if !d.needed[id] {
		f.Do = "nothing that is named above needs it"
	}
	switch n := b.records.count(); {
	case b.missing:
		f.What = "the file is missing"
	case n > 0:
		var first uint32
		for first = range b.records.each() {
			break
		}
		kind := "record"
		es, err := d.s.packs.Entries(d.ctx, id, first, 1)
		if err == nil {
			kind = es[0].Type.String()
			if !d.needed[id] && (es[0].Type == pack.Commit || es[0].Type == pack.Checkpoint) {
				f.Do = "no file needs it, 'cairn rebuild' may: 'cairn gc --full' writes a checkpoint in its place"
			}
		}
		f.What = fmt.Sprintf("a %s is damaged, record %d", kind, first)
		if n > 1 {
			f.What = fmt.Sprintf("%d records are damaged, the first is %d, a %s", n, first, kind)
		}
	case b.partial:
		f.What = "its footer, or some of its records, are lost; what is left of it can be read"
	default:
		f.What = "its header, its footer or what lies between its records is damaged"
		f.Do = "no file needs it; a compaction, or 'cairn restore' of a backup, makes it good"
	}
	d.see(f)
}
