package meta

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Dump calls emit with one op for every row, as one snapshot has them: applied to an empty
// database they make the same rows. begin is told the number of the newest commit among
// them. emit must be quick, since the log of the database grows as long as the snapshot is
// held, and must not keep the op. One row is in memory at a time.
func (d *DB) Dump(ctx context.Context, begin func(lsn uint64), emit func(Op) error) error {
	defer d.long()()
	return d.View(ctx, func(r *Reader) error {
		var lsn uint64
		var epoch int64
		ok, err := r.row("SELECT applied, epoch FROM store WHERE id = 1", nil, &lsn, &epoch)
		if err == nil && !ok {
			err = fmt.Errorf("the database does not say which store it belongs to: %w", errDecode)
		}
		if err != nil {
			return err
		}
		begin(lsn)
		if err := emit(&PutEpoch{epoch}); err != nil {
			return err
		}
		for _, t := range dumps {
			n := 0
			err := r.rows(t.query, nil, func(c *cursor) error {
				if n++; n&1023 == 0 && ctx.Err() != nil {
					return context.Cause(ctx)
				}
				return t.row(c, emit)
			})
			if err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
		}
		return nil
	})
}

// dumps are the tables, each with the query for its rows and what makes ops of one.
var dumps = []struct {
	name, query string
	row         func(c *cursor, emit func(Op) error) error
}{
	{"space", "SELECT id, owner, name, root, trash, quota, created, removed, seq FROM space ORDER BY id", func(c *cursor, emit func(Op) error) error {
		var o PutSpace
		var created int64
		if err := c.Scan(&o.ID, &o.Owner, &o.Name, &o.Root, &o.Trash, &o.Quota, &created, &o.Removed, &o.Seq); err != nil {
			return err
		}
		o.Created = fromNano(created)
		if err := emit(&o); err != nil {
			return err
		}
		return emit(&PutSpaceSeq{o.ID, o.Seq})
	}},
	{"account", "SELECT id, name, key IS NULL, password, admin, created, epoch, space FROM account ORDER BY id", func(c *cursor, emit func(Op) error) error {
		var o PutAccount
		var created int64
		if err := c.Scan(&o.ID, &o.Name, &o.Removed, &o.Password, &o.Admin, &created, &o.Epoch, &o.User.Space); err != nil {
			return err
		}
		o.Created = fromNano(created)
		return emit(&o)
	}},
	{"app_password", "SELECT id, account, label, hash, created FROM app_password ORDER BY id", func(c *cursor, emit func(Op) error) error {
		var o PutAppPassword
		var hash []byte
		var created int64
		if err := c.Scan(&o.ID, &o.User, &o.Label, &hash, &created); err != nil {
			return err
		}
		copy(o.Hash[:], hash)
		o.Created = fromNano(created)
		return emit(&o)
	}},
	{"session", sessionColumns + "ORDER BY hash", func(c *cursor, emit func(Op) error) error {
		s, err := scanSession(c.Scan)
		if err != nil {
			return err
		}
		return emit(&PutSession{s})
	}},
	{"node", `SELECT id, space, parent, key, name, kind, since, version, size, mtime, created, author, manifest FROM node
		ORDER BY parent, key`, func(c *cursor, emit func(Op) error) error {
		var o PutNode
		var manifest []byte
		err := o.Node.dumped(c.Scan, &o.Key, &manifest)
		if err == nil {
			o.Manifest, err = DecodeManifest(manifest)
		}
		if err != nil {
			return err
		}
		return emit(&o)
	}},
	{"folder", "SELECT node, bytes, files, seq FROM folder ORDER BY node", func(c *cursor, emit func(Op) error) error {
		var o PutFolder
		if err := c.Scan(&o.Node, &o.Bytes, &o.Files, &o.Seq); err != nil {
			return err
		}
		return emit(&o)
	}},
	{"past", `SELECT node, space, parent, key, name, kind, since, version, size, mtime, created, author, until FROM past
		ORDER BY node, since`, func(c *cursor, emit func(Op) error) error {
		var o PutPast
		if err := o.Node.dumped(c.Scan, &o.Key, &o.Until); err != nil {
			return err
		}
		return emit(&o)
	}},
	{"version", "SELECT id, node, space, size, mtime, author, since, until, manifest FROM version ORDER BY id", func(c *cursor, emit func(Op) error) error {
		var o PutVersion
		var id, manifest []byte
		var mtime int64
		err := c.Scan(&id, &o.Node, &o.Space, &o.Size, &mtime, &o.Author, &o.Since, &o.Until, &manifest)
		if err == nil {
			o.Manifest, err = DecodeManifest(manifest)
		}
		if err != nil {
			return err
		}
		copy(o.ID[:], id)
		o.ModTime = fromNano(mtime)
		return emit(&o)
	}},
	{"trash", trashColumns + " ORDER BY node", func(c *cursor, emit func(Op) error) error {
		var o PutTrash
		if err := scanTrash(c, &o.Trashed); err != nil {
			return err
		}
		return emit(&o)
	}},
	{"change", "SELECT space, seq, node, parent, kind, author, at FROM change ORDER BY space, seq", func(c *cursor, emit func(Op) error) error {
		var o PutChange
		var at int64
		if err := c.Scan(&o.Space, &o.Seq, &o.Node, &o.Parent, &o.Kind, &o.Author, &at); err != nil {
			return err
		}
		o.At = fromNano(at)
		return emit(&o)
	}},
	{"upload", `SELECT id, space, account, root, path, size, mtime, meta, guard, created, expires, finished, node, version FROM upload
		ORDER BY id`, func(c *cursor, emit func(Op) error) error {
		var o PutUpload
		var id, version []byte
		var mtime, created, expires int64
		if err := c.Scan(&id, &o.Space, &o.User, &o.Root, &o.Path, &o.Size, &mtime, &o.Meta, &o.Guard, &created, &expires,
			&o.Finished, &o.Node, &version); err != nil {
			return err
		}
		copy(o.ID[:], id)
		copy(o.Version[:], version)
		o.ModTime, o.Created, o.Expires = fromNano(mtime), fromNano(created), fromNano(expires)
		return emit(&o)
	}},
	{"part", "SELECT upload, number, bytes, manifest, tail, state FROM part ORDER BY upload, number", func(c *cursor, emit func(Op) error) error {
		var o PutPart
		var id, manifest, tail []byte
		err := c.Scan(&id, &o.Number, &o.Offset, &manifest, &tail, &o.State)
		if err == nil {
			o.Manifest, err = DecodeManifest(manifest)
		}
		if err == nil {
			o.Tail, err = decodeRefs(tail)
		}
		if err != nil {
			return err
		}
		copy(o.Upload[:], id)
		return emit(&o)
	}},
	{"lock", `SELECT token, space, node, infinite, shared, owner, account, created, timeout, expires FROM lock
		ORDER BY token`, func(c *cursor, emit func(Op) error) error {
		var o PutLock
		var created, timeout, expires int64
		if err := c.Scan(&o.Token, &o.Space, &o.Node, &o.Infinite, &o.Shared, &o.Owner, &o.User, &created, &timeout, &expires); err != nil {
			return err
		}
		o.Created, o.Expires, o.Timeout = fromNano(created), fromNano(expires), time.Duration(timeout)
		return emit(&o)
	}},
	{"prop", "SELECT node, ns, local, lang, value FROM prop ORDER BY node, ns, local", func(c *cursor, emit func(Op) error) error {
		var o PutProp
		if err := c.Scan(&o.Node, &o.Name.Space, &o.Name.Local, &o.Lang, &o.Value); err != nil {
			return err
		}
		return emit(&o)
	}},
	{"checkpoint", "SELECT lsn, records FROM checkpoint", func(c *cursor, emit func(Op) error) error {
		var o PutCheckpoint
		var records []byte
		err := c.Scan(&o.LSN, &records)
		if err == nil {
			o.Records, err = decodeRefs(records)
		}
		if err != nil {
			return err
		}
		return emit(&o)
	}},
	{"pack", `SELECT p.id, p.object, p.at, p.bytes, p.records, p.created, o.name FROM pack p JOIN object o ON o.id = p.object
		ORDER BY p.id`, func(c *cursor, emit func(Op) error) error {
		var o PutPack
		var id, sealed int64
		if err := c.Scan(&id, &o.Object, &o.At, &o.Bytes, &o.Records, &sealed, &o.Pack.Name); err != nil {
			return err
		}
		o.ID, o.Sealed = PackID(id), fromNano(sealed)
		return emit(&o)
	}},
	{"snapshot", snapshotColumns + "ORDER BY id", func(c *cursor, emit func(Op) error) error {
		var o PutSnapshot
		if err := scanSnapshot(c.Scan, &o.Snapshot); err != nil {
			return err
		}
		return emit(&o)
	}},
	{"heir", "SELECT node, taker FROM heir ORDER BY node", func(c *cursor, emit func(Op) error) error {
		var o PutHeir
		if err := c.Scan(&o.Node, &o.Taker); err != nil {
			return err
		}
		return emit(&o)
	}},
	{"watch", "SELECT seen, since FROM watch ORDER BY id", func(c *cursor, emit func(Op) error) error {
		var o PutWatch
		if err := scanWatch(c.Scan, &o.Watch); err != nil {
			return err
		}
		return emit(&o)
	}},
}

// dumped reads what a current and a superseded row share, and one column more.
func (n *Node) dumped(scan func(...any) error, key *string, last any) error {
	var name sql.NullString
	var version []byte
	var mtime, created int64
	err := scan(&n.ID, &n.Space, &n.Parent, key, &name, &n.Kind, &n.Since, &version, &n.Size, &mtime, &created, &n.Author, last)
	if n.Name = *key; name.Valid {
		n.Name = name.String
	}
	copy(n.Version[:], version)
	n.ModTime, n.Created = fromNano(mtime), fromNano(created)
	return err
}
