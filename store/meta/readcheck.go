package meta

// IntegrityCheck has the database look at itself and reports what it finds.
func (r *Reader) IntegrityCheck(report func(text string)) error {
	return r.rows("PRAGMA quick_check(100)", nil, func(rows *cursor) error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			report(text)
		}
		return nil
	})
}

// Spaces lists all spaces, removed ones too.
func (r *Reader) Spaces() ([]Space, error) {
	var ids []SpaceID
	err := r.rows("SELECT id FROM space ORDER BY id", nil, func(rows *cursor) error {
		var id SpaceID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []Space
	for _, id := range ids {
		sp, _, err := r.Space(id)
		if err != nil {
			return nil, err
		}
		out = append(out, sp)
	}
	return out, nil
}

// ChildrenByKey is Children for trash folders too, whose keys are not made of names:
// it returns the last key with the page.
func (r *Reader) ChildrenByKey(parent NodeID, after string, limit int) ([]Node, string, error) {
	nodes, err := r.Children(parent, after, limit)
	if err != nil || len(nodes) == 0 {
		return nodes, after, err
	}
	last := nodes[len(nodes)-1]
	_, err = r.row("SELECT key FROM node WHERE id = ?", []any{int64(last.ID)}, &after)
	return nodes, after, err
}

// Uploads pages all uploads by id.
func (r *Reader) Uploads(after UploadID, limit int) ([]Upload, error) {
	var ids []UploadID
	err := r.rows("SELECT id FROM upload WHERE id > ? ORDER BY id LIMIT ?", []any{after[:], limit}, func(rows *cursor) error {
		var raw []byte
		err := rows.Scan(&raw)
		var id UploadID
		copy(id[:], raw)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []Upload
	for _, id := range ids {
		u, _, err := r.Upload(id)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}
