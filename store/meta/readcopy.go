package meta

// WithProps tells which children of a folder with after < key ≤ last have dead
// properties.
func (r *Reader) WithProps(parent NodeID, after, last string) (map[NodeID]bool, error) {
	var out map[NodeID]bool
	err := r.rows(`SELECT n.id FROM node n WHERE n.parent = ? AND n.key > ? AND n.key <= ? AND EXISTS (SELECT 1 FROM prop p WHERE p.node = n.id)`,
		[]any{int64(parent), after, last}, func(rows *cursor) error {
			var id NodeID
			err := rows.Scan(&id)
			if out == nil {
				out = map[NodeID]bool{}
			}
			out[id] = true
			return err
		})
	return out, err
}
