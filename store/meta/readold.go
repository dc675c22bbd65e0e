package meta

// These find what is oldest, for retention.

// Watch is what retention knows of the clock; ok is false if it has not looked yet.
func (r *Reader) Watch() (w Watch, ok bool, err error) {
	err = r.rows("SELECT seen, since FROM watch WHERE id = 1", nil, func(c *cursor) error {
		ok = true
		return scanWatch(c.Scan, &w)
	})
	return w, ok && err == nil, err
}

func scanWatch(scan func(...any) error, w *Watch) error {
	var seen, since int64
	err := scan(&seen, &since)
	w.Seen, w.Since = fromNano(seen), fromNano(since)
	return err
}

// NewestChange is the last entry of a space's change log.
func (r *Reader) NewestChange(space SpaceID) (c Change, ok bool, err error) {
	err = r.rows("SELECT space, seq, node, parent, kind, author, at FROM change WHERE space = ? ORDER BY seq DESC LIMIT 1",
		[]any{int64(space)}, func(rows *cursor) error {
			var at int64
			ok = true
			err := rows.Scan(&c.Space, &c.Seq, &c.Node, &c.Parent, &c.Kind, &c.Author, &at)
			c.At = fromNano(at)
			return err
		})
	return c, ok && err == nil, err
}

const oldVersions = `SELECT v.id, v.node, v.space, v.size, v.since, v.until, c.at FROM version v
	LEFT JOIN change c ON c.space = v.space AND c.seq = v.until `

func (r *Reader) oldVersions(where string, args ...any) (out []OldVersion, err error) {
	err = r.rows(oldVersions+where, args, func(c *cursor) error {
		var v OldVersion
		var id []byte
		at := int64(minNano)
		dest := []any{&id, &v.Node, &v.Space, &v.Size, &v.Since, &v.Until, &at}
		if c.vals[6] == nil {
			dest[6] = new([]byte)
		}
		if err := c.Scan(dest...); err != nil {
			return err
		}
		copy(v.ID[:], id)
		v.At = fromNano(at)
		out = append(out, v)
		return nil
	})
	return out, err
}

// OldVersions lists superseded contents of a space, those superseded first before the
// others: at most limit, superseded after the change after.
func (r *Reader) OldVersions(space SpaceID, after int64, limit int) ([]OldVersion, error) {
	return r.oldVersions("WHERE v.space = ? AND v.until > ? ORDER BY v.until, v.since LIMIT ?", int64(space), after, limit)
}

// OldVersionsOf is OldVersions of one node.
func (r *Reader) OldVersionsOf(node NodeID, after int64, limit int) ([]OldVersion, error) {
	return r.oldVersions("WHERE v.node = ? AND v.until > ? ORDER BY v.until, v.since LIMIT ?", int64(node), after, limit)
}

// CountVersions is how many superseded contents a node has.
func (r *Reader) CountVersions(node NodeID) (n int, err error) {
	_, err = r.row("SELECT count(*) FROM version WHERE node = ?", []any{int64(node)}, &n)
	return n, err
}

// VersionBytes is the bytes of all superseded contents of a space.
func (r *Reader) VersionBytes(space SpaceID) (n int64, err error) {
	_, err = r.row("SELECT coalesce(sum(size), 0) FROM version WHERE space = ?", []any{int64(space)}, &n)
	return n, err
}

// Crowded looks at some thousand superseded contents of nodes with ids above after, and
// lists the nodes that have more than most of them. Go on after last as long as more is
// set.
func (r *Reader) Crowded(after NodeID, most int) (nodes []NodeID, last NodeID, more bool, err error) {
	last = 1<<63 - 1
	more, err = r.row("SELECT node FROM version WHERE node > ? ORDER BY node LIMIT 1 OFFSET 4096", []any{int64(after)}, &last)
	if err != nil {
		return nil, 0, false, err
	}
	err = r.rows("SELECT node FROM version WHERE node > ? AND node <= ? GROUP BY node HAVING count(*) > ? ORDER BY node",
		[]any{int64(after), int64(last), most}, func(c *cursor) error {
			var id NodeID
			err := c.Scan(&id)
			nodes = append(nodes, id)
			return err
		})
	return nodes, last, more, err
}

// TrashAfter lists a space's trash, oldest first: at most limit, of later changes than
// after.
func (r *Reader) TrashAfter(space SpaceID, after int64, limit int) ([]Trashed, error) {
	var out []Trashed
	err := r.rows(trashColumns+" WHERE space = ? AND seq > ? ORDER BY seq LIMIT ?", []any{int64(space), after, limit},
		func(rows *cursor) error {
			var t Trashed
			err := scanTrash(rows, &t)
			out = append(out, t)
			return err
		})
	return out, err
}

// CountTrash is how many entries a space's trash has, and the change of the newest.
func (r *Reader) CountTrash(space SpaceID) (n int, newest int64, err error) {
	_, err = r.row("SELECT count(*), coalesce(max(seq), 0) FROM trash WHERE space = ?", []any{int64(space)}, &n, &newest)
	return n, newest, err
}

func (r *Reader) oldRows(where string, args ...any) (out []OldRow, err error) {
	err = r.rows("SELECT node, since, until, version FROM past "+where, args, func(c *cursor) error {
		var o OldRow
		var version []byte
		err := c.Scan(&o.Node, &o.Since, &o.Until, &version)
		copy(o.Version[:], version)
		out = append(out, o)
		return err
	})
	return out, err
}

// HasProps reports whether a node has dead properties.
func (r *Reader) HasProps(node NodeID) (has bool, err error) {
	_, err = r.row("SELECT EXISTS (SELECT 1 FROM prop WHERE node = ?)", []any{int64(node)}, &has)
	return has, err
}

// OldRows lists superseded rows of a space, those that ended first before the others: at
// most limit, that ended after one change and before another.
func (r *Reader) OldRows(space SpaceID, after, before int64, limit int) ([]OldRow, error) {
	return r.oldRows("WHERE space = ? AND until > ? AND until < ? ORDER BY until LIMIT ?", int64(space), after, before, limit)
}

// OldRowsOf lists superseded rows of a node with Since >= from, in that order, at most
// limit.
func (r *Reader) OldRowsOf(node NodeID, from int64, limit int) ([]OldRow, error) {
	return r.oldRows("WHERE node = ? AND since >= ? ORDER BY since LIMIT ?", int64(node), from, limit)
}

// OldRowAt is the superseded row of a node that was true at a number.
func (r *Reader) OldRowAt(node NodeID, seq int64) (o OldRow, ok bool, err error) {
	rows, err := r.oldRows("WHERE node = ? AND since <= ? ORDER BY since DESC LIMIT 1", int64(node), seq)
	if err != nil || len(rows) == 0 || rows[0].Until <= seq {
		return o, false, err
	}
	return rows[0], true, nil
}

// PinnedHeirRows lists the superseded rows of all nodes whose contents a node took over, that
// were true at a snapshot.
func (r *Reader) PinnedHeirRows(taker NodeID) ([]OldRow, error) {
	return r.oldRows(`WHERE node IN (SELECT node FROM heir WHERE taker = ?)
		AND EXISTS (SELECT 1 FROM snapshot s WHERE s.space = past.space AND s.seq >= past.since AND s.seq < past.until)`, int64(taker))
}

// PinnedBytes is the bytes of the superseded contents of a space that snapshots pin.
func (r *Reader) PinnedBytes(space SpaceID) (n int64, err error) {
	_, err = r.row(`SELECT coalesce(sum(size), 0) FROM (SELECT DISTINCT v.id, v.size FROM past p JOIN version v ON v.id = p.version
		WHERE p.space = ?1 AND EXISTS (SELECT 1 FROM snapshot s WHERE s.space = ?1 AND s.seq >= p.since AND s.seq < p.until))`,
		[]any{int64(space)}, &n)
	return n, err
}

// HasMore reports whether a space has anything but its two folders and one change.
func (r *Reader) HasMore(sp Space) (more bool, err error) {
	_, err = r.row(`SELECT EXISTS (SELECT 1 FROM node WHERE parent = ?) OR EXISTS (SELECT 1 FROM node WHERE parent = ?)
		OR EXISTS (SELECT 1 FROM version WHERE space = ?) OR EXISTS (SELECT 1 FROM past WHERE space = ?)
		OR EXISTS (SELECT 1 FROM change WHERE space = ? LIMIT 1 OFFSET 1) OR EXISTS (SELECT 1 FROM lock WHERE space = ?)`,
		[]any{int64(sp.Root), int64(sp.Trash), int64(sp.ID), int64(sp.ID), int64(sp.ID), int64(sp.ID)}, &more)
	return more, err
}
