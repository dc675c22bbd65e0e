package store

import "cairn/store/meta"

// A snapshot is a pinned change number n of a space: what was true then, the superseded
// rows with Since <= n < Until and the contents that these name, is not pruned. Nothing
// pins a number yet.

// pinnedRows are superseded rows of a node that a pinned number needs, by the version
// that they name.
type pinnedRows map[VersionID]meta.OldRow

func (p pinnedRows) has(id VersionID) bool { _, ok := p[id]; return ok }

func (p pinnedRows) covers(o meta.OldRow) bool {
	kept, ok := p[o.Version]
	return ok && kept.Since <= o.Since && o.Until <= kept.Until
}

// pinnedRows finds those of a node. A row of a version that stays, stays with it.
func (s *Store) pinnedRows(r *meta.Reader, space SpaceID, node NodeID) (out pinnedRows, err error) {
	if s.pinned == nil {
		return nil, nil
	}
	rows, err := r.OldRowsOf(node, 0, 1<<20)
	for _, o := range rows {
		if err == nil && s.pinned(space, o.Since, o.Until) {
			if kept, ok := out[o.Version]; ok {
				o.Since = min(o.Since, kept.Since)
			}
			if out == nil {
				out = pinnedRows{}
			}
			out[o.Version] = o
		}
	}
	return out, err
}
