package store

import (
	"context"

	"cairn/store/meta"
)

// dropTrash drops entries of the trash that are there still.
func (p *pruner) dropTrash(ctx context.Context, ts []Trashed) error {
	if p.dry != nil {
		return p.dry.dropTrash(ctx, p, ts)
	}
	return p.s.dropTrash(ctx, ts, &p.did)
}

// dropTrash detaches entries of the trash, and drops what is below them.
func (s *Store) dropTrash(ctx context.Context, ts []Trashed, did *Pruned) error {
	for len(ts) > 0 {
		used := 0
		err := s.dropping(ctx, did, func(d *dropper) (bool, error) {
			used = 0
			for _, t := range ts {
				if used > 0 && d.full() {
					break
				}
				used++
				if _, err := d.trashed(t); err != nil {
					return false, err
				}
			}
			_, err := d.gone()
			return false, err
		})
		if err != nil {
			return err
		}
		ts = ts[used:]
	}
	return s.dropGone(ctx, did)
}

// dropVersions drops versions that are there still.
func (p *pruner) dropVersions(ctx context.Context, vs []meta.OldVersion) error {
	if p.dry != nil {
		return p.dry.dropVersions(ctx, p, vs)
	}
	for len(vs) > 0 {
		used := 0
		err := p.s.dropping(ctx, &p.did, func(d *dropper) (bool, error) {
			used = 0
			for _, v := range vs {
				if used > 0 && d.full() {
					break
				}
				used++
				now, ok, err := d.tx.Version(v.ID)
				if err != nil {
					return false, err
				}
				if !ok || now.Until != v.Until {
					continue
				}
				pinned, err := d.pinnedRows(v.Space, now.Node)
				if err != nil {
					return false, err
				}
				if pinned.has(v.ID) {
					continue
				}
				if err := d.version(v); err != nil {
					return false, err
				}
			}
			return false, nil
		})
		if err != nil {
			return err
		}
		vs = vs[used:]
	}
	return nil
}
