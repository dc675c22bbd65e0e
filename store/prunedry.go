package store

import (
	"context"

	"cairn/store/meta"
)

// dryRun is what a Prune would have dropped so far.
type dryRun struct {
	gone     map[NodeID]bool // entries of the trash
	versions map[VersionID]bool
	bytes    map[SpaceID]int64
}

func newDryRun() *dryRun {
	return &dryRun{gone: map[NodeID]bool{}, versions: map[VersionID]bool{}, bytes: map[SpaceID]int64{}}
}

// released is what a space would have less; nil: nothing.
func (d *dryRun) released(space SpaceID) int64 {
	if d == nil {
		return 0
	}
	return d.bytes[space]
}

func (d *dryRun) dropVersions(ctx context.Context, p *pruner, vs []meta.OldVersion) error {
	for _, v := range vs {
		if d.versions[v.ID] {
			continue
		}
		var kept pinnedRows
		err := p.s.db.View(ctx, func(r *meta.Reader) error {
			ps, err := pinsOf(r, v.Space)
			if err == nil {
				kept, err = ps.rows(r, v.Node)
			}
			return err
		})
		if err != nil {
			return err
		}
		if kept.has(v.ID) {
			continue
		}
		d.versions[v.ID] = true
		d.bytes[v.Space] += v.Size
		p.did.Bytes += v.Size
		p.did.Versions++
	}
	return nil
}

func (d *dryRun) dropTrash(ctx context.Context, p *pruner, ts []Trashed) error {
	for _, t := range ts {
		if d.gone[t.Node] {
			continue
		}
		var n Node
		err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
			n, _, err = r.NodeByID(t.Node)
			return err
		})
		if err == nil {
			err = d.dropTree(ctx, p, t.Node)
		}
		if err != nil {
			return err
		}
		d.gone[t.Node] = true
		d.bytes[t.Space] += n.Size + n.Bytes
		p.did.Bytes += n.Size + n.Bytes
		p.did.Trashed++
	}
	return nil
}

// dropTree counts the versions of a tree.
func (d *dryRun) dropTree(ctx context.Context, p *pruner, root NodeID) error {
	for left := []NodeID{root}; len(left) > 0; {
		id := left[len(left)-1]
		left = left[:len(left)-1]
		for after := int64(0); ; {
			var vs []meta.OldVersion
			err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
				vs, err = r.OldVersionsOf(id, after, prunePage)
				return err
			})
			if err != nil {
				return err
			}
			if err := d.dropVersions(ctx, p, vs); err != nil {
				return err
			}
			if len(vs) < prunePage {
				break
			}
			after = vs[len(vs)-1].Until
		}
		for after := ""; ; {
			var kids []Node
			err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
				kids, err = r.Children(id, after, prunePage)
				return err
			})
			if err != nil {
				return err
			}
			for _, k := range kids {
				left = append(left, k.ID)
			}
			if len(kids) < prunePage {
				break
			}
			after = keyOf(kids[len(kids)-1].Name)
		}
	}
	return nil
}
