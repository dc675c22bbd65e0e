package meta

// These go through whole tables, in the order of their keys, for verify. One row is in
// memory at a time. f must not use the database, except through View. Not after Start.

// Spaces lists all spaces, removed ones too.
func (d *DB) Spaces() ([]Space, error) {
	var out []Space
	err := d.writer.rows("SELECT id, name, root, trash, removed FROM space ORDER BY id", nil, func(c *cursor) error {
		var sp Space
		err := c.Scan(&sp.ID, &sp.Name, &sp.Root, &sp.Trash, &sp.Removed)
		out = append(out, sp)
		return err
	})
	return out, err
}

// EachPack lists the sealed packs that are registered.
func (d *DB) EachPack(f func(Pack) error) error {
	return d.writer.rows("SELECT id, object, at, bytes, records FROM pack ORDER BY id", nil, func(c *cursor) error {
		var p Pack
		var id int64
		if err := c.Scan(&id, &p.Object, &p.At, &p.Bytes, &p.Records); err != nil {
			return err
		}
		p.ID = PackID(id)
		return f(p)
	})
}

// EachFolder lists the folders by id, with the sums that their rows hold.
func (d *DB) EachFolder(f func(Node) error) error {
	return d.writer.rows(`SELECT n.id, n.parent, coalesce(f.bytes, 0), coalesce(f.files, 0) FROM node n INDEXED BY node_id
		LEFT JOIN folder f ON f.node = n.id WHERE n.kind = 2 ORDER BY n.id`, nil, func(c *cursor) error {
		n := Node{Kind: Folder}
		if err := c.Scan(&n.ID, &n.Parent, &n.Bytes, &n.Files); err != nil {
			return err
		}
		return f(n)
	})
}

// EachNode lists all nodes by folder. bad is why the manifest cannot be read.
func (d *DB) EachNode(f func(n Node, bad error) error) error {
	return d.writer.rows("SELECT id, parent, kind, size, version, manifest FROM node ORDER BY parent, key", nil, func(c *cursor) error {
		var n Node
		var version, manifest []byte
		if err := c.Scan(&n.ID, &n.Parent, &n.Kind, &n.Size, &version, &manifest); err != nil {
			return err
		}
		copy(n.Version[:], version)
		var bad error
		n.Manifest, bad = DecodeManifest(manifest)
		return f(n, bad)
	})
}

// EachVersion lists all superseded contents.
func (d *DB) EachVersion(f func(v Version, bad error) error) error {
	return d.writer.rows("SELECT id, node, size, mtime, manifest FROM version ORDER BY id", nil, func(c *cursor) error {
		var v Version
		var id, manifest []byte
		var mtime int64
		if err := c.Scan(&id, &v.Node, &v.Size, &mtime, &manifest); err != nil {
			return err
		}
		copy(v.ID[:], id)
		v.ModTime = fromNano(mtime)
		var bad error
		v.Manifest, bad = DecodeManifest(manifest)
		return f(v, bad)
	})
}

// EachPart lists all parts of all uploads, each with the upload it belongs to; an
// upload without parts comes once, with p.Number -1.
func (d *DB) EachPart(f func(u Upload, p Part, bad error) error) error {
	return d.writer.rows(`SELECT u.id, u.path, u.finished, coalesce(p.number, -1), coalesce(p.bytes, 0), p.manifest, p.tail
		FROM upload u LEFT JOIN part p ON p.upload = u.id ORDER BY u.id, p.number`, nil, func(c *cursor) error {
		var u Upload
		var p Part
		var id, manifest, tail []byte
		if err := c.Scan(&id, &u.Path, &u.Finished, &p.Number, &p.Offset, &manifest, &tail); err != nil {
			return err
		}
		copy(u.ID[:], id)
		var bad error
		if p.Manifest, bad = DecodeManifest(manifest); bad == nil {
			p.Tail, bad = decodeRefs(tail)
		}
		return f(u, p, bad)
	})
}
