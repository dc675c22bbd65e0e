package meta

import "time"

// These page through all rows that refer to packs, in the order of their keys, each page
// of a snapshot of its own: to be asked parts first, then nodes, then superseded contents.
// What moves on meanwhile moves in that order, so that it is seen once at least.

// Needing is a row that refers to packs.
type Needing struct {
	Held
	Version VersionID // of a superseded content
	ModTime time.Time
	Part    int    // of an upload
	Path    string // and where that goes
	Bad     error  // why what it refers to cannot be told
}

// NodesNeeding lists the files with ids above after, at most limit.
func (r *Reader) NodesNeeding(after NodeID, limit int) (out []Needing, err error) {
	err = r.rows("SELECT id, manifest FROM node INDEXED BY node_id WHERE id > ? AND manifest IS NOT NULL ORDER BY id LIMIT ?",
		[]any{int64(after), limit}, func(c *cursor) error {
			var n Needing
			var manifest []byte
			if err := c.Scan(&n.Node, &manifest); err != nil {
				return err
			}
			n.Manifest, n.Bad = DecodeManifest(manifest)
			out = append(out, n)
			return nil
		})
	return out, err
}

// VersionsNeeding lists the superseded contents with ids above after, at most limit.
func (r *Reader) VersionsNeeding(after VersionID, limit int) (out []Needing, err error) {
	err = r.rows("SELECT id, node, mtime, manifest FROM version WHERE id > ? AND manifest IS NOT NULL ORDER BY id LIMIT ?",
		[]any{after[:], limit}, func(c *cursor) error {
			var n Needing
			var id, manifest []byte
			var mtime int64
			if err := c.Scan(&id, &n.Node, &mtime, &manifest); err != nil {
				return err
			}
			copy(n.Version[:], id)
			n.ModTime = fromNano(mtime)
			n.Manifest, n.Bad = DecodeManifest(manifest)
			out = append(out, n)
			return nil
		})
	return out, err
}

// PartsNeeding lists the parts of unfinished uploads behind one part, at most limit.
func (r *Reader) PartsNeeding(after UploadID, part int, limit int) (out []Needing, err error) {
	err = r.rows(`SELECT p.upload, p.number, p.manifest, p.tail, u.path FROM part p JOIN upload u ON u.id = p.upload
		WHERE (p.upload, p.number) > (?, ?) AND u.finished = 0 ORDER BY p.upload, p.number LIMIT ?`,
		[]any{after[:], part, limit}, func(c *cursor) error {
			var n Needing
			var id, manifest, tail []byte
			if err := c.Scan(&id, &n.Part, &manifest, &tail, &n.Path); err != nil {
				return err
			}
			copy(n.Upload[:], id)
			if n.Manifest, n.Bad = DecodeManifest(manifest); n.Bad == nil {
				n.Tail, n.Bad = decodeRefs(tail)
			}
			out = append(out, n)
			return nil
		})
	return out, err
}
