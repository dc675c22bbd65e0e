package meta

// These look at a tree as it was at a change number: at rows with Since <= number < Until,
// current ones (node) and superseded ones (past). They are right for a number that a
// snapshot keeps, and for as much of the past as nobody has pruned. Sums of folders are not
// known of the past, and manifests are asked for by ManifestOf.

const (
	currentAt = `SELECT n.id a, n.space b, n.parent c, n.key d, n.name e, n.kind f, n.since g, n.version h, n.size i, n.mtime j, n.created k,
		n.author l, NULL m, 0 n, 0 o, n.since p FROM node n `
	pastAt = `SELECT p.node a, p.space b, p.parent c, p.key d, p.name e, p.kind f, p.since g, p.version h, p.size i, p.mtime j, p.created k,
		p.author l, NULL m, 0 n, 0 o, p.since p FROM past p `
)

func (r *Reader) nodesAt(query string, args ...any) (out []Node, err error) {
	err = r.rows(query, args, func(rows *cursor) error {
		n, err := r.scanNode(rows.Scan)
		out = append(out, n)
		return err
	})
	return out, err
}

func (r *Reader) oneAt(query string, args ...any) (n Node, ok bool, err error) {
	out, err := r.nodesAt(query, args...)
	if err != nil || len(out) == 0 {
		return n, false, err
	}
	return out[0], true, nil
}

// NodeAt finds a node as it was at a number.
func (r *Reader) NodeAt(id NodeID, seq int64) (Node, bool, error) {
	return r.oneAt(currentAt+"WHERE n.id = ?1 AND n.since <= ?2 UNION ALL "+
		pastAt+"WHERE p.node = ?1 AND p.since <= ?2 AND p.until > ?2 LIMIT 1", int64(id), seq)
}

// ChildAt finds the child that a folder had at a number by its key.
func (r *Reader) ChildAt(parent NodeID, key string, seq int64) (Node, bool, error) {
	return r.oneAt(currentAt+"WHERE n.parent = ?1 AND n.key = ?2 AND n.since <= ?3 UNION ALL "+
		pastAt+"WHERE p.parent = ?1 AND p.key = ?2 AND p.since <= ?3 AND p.until > ?3 LIMIT 1", int64(parent), key, seq)
}

// ChildrenAt pages what a folder held at a number in key order: at most limit nodes with
// keys after after.
func (r *Reader) ChildrenAt(parent NodeID, after string, limit int, seq int64) ([]Node, error) {
	return r.nodesAt(currentAt+"WHERE n.parent = ?1 AND n.key > ?2 AND n.since <= ?3 UNION ALL "+
		pastAt+"WHERE p.parent = ?1 AND p.key > ?2 AND p.since <= ?3 AND p.until > ?3 ORDER BY d LIMIT ?4",
		int64(parent), after, seq, limit)
}

// PastChildrenAt is ChildrenAt of those whose row is not the one of today.
func (r *Reader) PastChildrenAt(parent NodeID, after string, limit int, seq int64) ([]Node, error) {
	return r.nodesAt(pastAt+"WHERE p.parent = ?1 AND p.key > ?2 AND p.since <= ?3 AND p.until > ?3 ORDER BY p.key LIMIT ?4",
		int64(parent), after, seq, limit)
}

// NewChildren pages the children of a folder whose rows came after a number, in key order.
func (r *Reader) NewChildren(parent NodeID, after string, limit int, seq int64) ([]Node, error) {
	return r.nodesAt(currentAt+"WHERE n.parent = ?1 AND n.key > ?2 AND n.since > ?3 ORDER BY n.key LIMIT ?4",
		int64(parent), after, seq, limit)
}

// ChangedFolders pages the folders in a folder whose rows are older than a number, but in or
// below which something has changed since.
func (r *Reader) ChangedFolders(parent NodeID, after string, limit int, seq int64) ([]Node, error) {
	return r.nodesAt(currentAt+`JOIN folder f ON f.node = n.id WHERE n.parent = ?1 AND n.key > ?2 AND n.kind = 2 AND n.since <= ?3
		AND f.seq > ?3 ORDER BY n.key LIMIT ?4`, int64(parent), after, seq, limit)
}

// ManifestOf is the content that a node, or one of its heirs, had, has or got under a
// version. ok is false if that is gone. A node outside every tree has lost its content.
func (r *Reader) ManifestOf(node NodeID, id VersionID) (m Manifest, ok bool, err error) {
	for hops := 0; hops < 64 && err == nil && !ok; hops++ {
		var b []byte
		ok, err = r.row("SELECT manifest FROM version WHERE id = ?1 UNION ALL SELECT manifest FROM node WHERE id = ?2 AND version = ?1 AND parent <> 0 LIMIT 1",
			[]any{id[:], int64(node)}, &b)
		if err == nil && ok {
			m, err = DecodeManifest(b)
			break
		}
		var more bool
		if node, more, err = r.Heir(node); !more {
			break
		}
	}
	return m, ok && err == nil, err
}
