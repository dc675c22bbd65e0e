package meta

import "time"

// SnapshotID names a snapshot for ever. It is positive and time-ordered, as a NodeID is.
type SnapshotID int64

// Snapshot is a change number of a space that is kept: what was true then is not pruned.
type Snapshot struct {
	ID      SnapshotID
	Space   SpaceID
	Seq     int64
	Name    string // one of the space's; compared as names of nodes are
	Author  UserID
	Created time.Time
}

const snapshotColumns = "SELECT id, space, seq, name, author, created FROM snapshot "

func scanSnapshot(scan func(...any) error, s *Snapshot) error {
	var id, created int64
	err := scan(&id, &s.Space, &s.Seq, &s.Name, &s.Author, &created)
	s.ID, s.Created = SnapshotID(id), fromNano(created)
	return err
}

// Snapshots lists those of a space, newest first.
func (r *Reader) Snapshots(space SpaceID) (out []Snapshot, err error) {
	err = r.rows(snapshotColumns+"WHERE space = ? ORDER BY seq DESC, id DESC", []any{int64(space)}, func(c *cursor) error {
		var s Snapshot
		err := scanSnapshot(c.Scan, &s)
		out = append(out, s)
		return err
	})
	return out, err
}

// Snapshot finds one, of whatever space.
func (r *Reader) Snapshot(id SnapshotID) (s Snapshot, ok bool, err error) {
	err = r.rows(snapshotColumns+"WHERE id = ?", []any{int64(id)}, func(c *cursor) error {
		ok = true
		return scanSnapshot(c.Scan, &s)
	})
	return s, ok && err == nil, err
}

// Heir is the node that took over the contents of one that is no more.
func (r *Reader) Heir(node NodeID) (taker NodeID, ok bool, err error) {
	ok, err = r.row("SELECT taker FROM heir WHERE node = ?", []any{int64(node)}, &taker)
	return taker, ok, err
}

// HeirOf lists the nodes whose contents a node took over, at most limit.
func (r *Reader) HeirOf(taker NodeID, limit int) (out []NodeID, err error) {
	err = r.rows("SELECT node FROM heir WHERE taker = ? LIMIT ?", []any{int64(taker), limit}, func(c *cursor) error {
		var id NodeID
		err := c.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}
