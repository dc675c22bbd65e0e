package meta

import (
	"fmt"
	"time"
)

// apply is the one way a row changes: live commits, replay and rebuild call it.
func (s *session) apply(op Op) (err error) {
	switch o := op.(type) {
	case *PutSpace:
		_, err = s.exec(`INSERT INTO space (id, owner, name, root, trash, quota, created, removed, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
			ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, name = excluded.name, root = excluded.root,
			trash = excluded.trash, quota = excluded.quota, removed = excluded.removed`,
			int64(o.ID), int64(o.Owner), o.Name, int64(o.Root), int64(o.Trash), o.Quota, unixNano(o.Created), o.Removed)
	case *PutSpaceSeq:
		_, err = s.exec("UPDATE space SET seq = max(seq, ?) WHERE id = ?", o.Seq, int64(o.Space))
	case *PutAccount:
		_, err = s.exec(`INSERT INTO account (id, name, key, password, admin, created, epoch, space) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, key = excluded.key, password = excluded.password,
			admin = excluded.admin, epoch = excluded.epoch, space = excluded.space`,
			int64(o.ID), o.Name, accountKey(o), o.Password, o.Admin, unixNano(o.Created), o.Epoch, int64(o.User.Space))
	case *PutAppPassword:
		_, err = s.exec(`INSERT INTO app_password (id, account, label, hash, created) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET label = excluded.label`,
			o.ID, int64(o.User), o.Label, o.Hash[:], unixNano(o.Created))
	case *DropAppPassword:
		_, err = s.exec("DELETE FROM app_password WHERE id = ?", o.ID)
	case *PutSession:
		_, err = s.exec(`INSERT INTO session (hash, account, token, epoch, created, expires) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires`,
			o.Hash[:], int64(o.User), o.Token[:], o.Epoch, unixNano(o.Created), unixNano(o.Expires))
	case *DropSession:
		_, err = s.exec("DELETE FROM session WHERE hash = ?", o.Hash[:])
	case *PutNode:
		err = s.putNode(o)
	case *DropNode:
		if _, err = s.exec("DELETE FROM node WHERE id = ?", int64(o.ID)); err == nil {
			_, err = s.exec("DELETE FROM folder WHERE node = ?", int64(o.ID))
		}
	case *PutFolder:
		_, err = s.exec(`INSERT INTO folder (node, bytes, files, seq) VALUES (?, ?, ?, ?)
			ON CONFLICT (node) DO UPDATE SET bytes = excluded.bytes, files = excluded.files, seq = excluded.seq`,
			int64(o.Node), o.Bytes, o.Files, o.Seq)
	case *PutPast:
		_, err = s.exec(`INSERT INTO past (node, since, until, space, parent, key, kind, name, version, size, mtime, created, author)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (node, since) DO UPDATE SET until = excluded.until`,
			int64(o.ID), o.Since, o.Until, int64(o.Space), int64(o.Parent), o.Key, int64(o.Kind), nameColumn(o.Name, o.Key),
			versionColumn(o.Version), o.Size, unixNano(o.ModTime), unixNano(o.Created), int64(o.Author))
	case *PutVersion:
		_, err = s.exec(`INSERT INTO version (id, node, space, size, mtime, author, since, until, manifest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET node = excluded.node, until = excluded.until`,
			o.ID[:], int64(o.Node), int64(o.Space), o.Size, unixNano(o.ModTime), int64(o.Author), o.Since, o.Until, o.Manifest.Encode())
	case *PutVersionOwner:
		_, err = s.exec("UPDATE version SET node = ? WHERE node = ?", int64(o.To), int64(o.From))
	case *DropVersion:
		_, err = s.exec("DELETE FROM version WHERE id = ?", o.ID[:])
	case *PutTrash:
		_, err = s.exec(`INSERT INTO trash (node, space, parent, name, deleted, author, seq) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (node) DO UPDATE SET parent = excluded.parent, name = excluded.name, deleted = excluded.deleted,
			author = excluded.author, seq = excluded.seq`,
			int64(o.Node), int64(o.Space), int64(o.Parent), o.Name, unixNano(o.Deleted), int64(o.By), o.Seq)
	case *DropTrash:
		_, err = s.exec("DELETE FROM trash WHERE node = ?", int64(o.Node))
	case *PutChange:
		_, err = s.exec(`INSERT INTO change (space, seq, node, parent, kind, author, at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (space, seq) DO NOTHING`,
			int64(o.Space), o.Seq, int64(o.Node), int64(o.Parent), int64(o.Kind), int64(o.Author), unixNano(o.At))
	case *PutUpload:
		_, err = s.exec(`INSERT INTO upload (id, space, account, root, path, size, mtime, meta, guard, created, expires, finished, node, version)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET path = excluded.path, size = excluded.size, meta = excluded.meta, guard = excluded.guard,
			expires = excluded.expires, finished = excluded.finished, node = excluded.node, version = excluded.version`,
			o.ID[:], int64(o.Space), int64(o.User), int64(o.Root), o.Path, o.Size, unixNano(o.ModTime), o.Meta, o.Guard,
			unixNano(o.Created), unixNano(o.Expires), o.Finished, int64(o.Node), versionColumn(o.Version))
	case *DropUpload:
		if _, err = s.exec("DELETE FROM upload WHERE id = ?", o.ID[:]); err == nil {
			_, err = s.exec("DELETE FROM part WHERE upload = ?", o.ID[:])
		}
	case *PutPart:
		_, err = s.exec(`INSERT INTO part (upload, number, bytes, manifest, tail, state) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (upload, number) DO UPDATE SET bytes = excluded.bytes, manifest = excluded.manifest, tail = excluded.tail,
			state = excluded.state`,
			o.Upload[:], o.Number, o.Offset, o.Manifest.Encode(), encodeRefs(o.Tail), o.State)
	case *PutLock:
		_, err = s.exec(`INSERT INTO lock (token, space, node, infinite, shared, owner, account, created, timeout, expires)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (token) DO UPDATE SET timeout = excluded.timeout, expires = excluded.expires`,
			o.Token, int64(o.Space), int64(o.Node), o.Infinite, o.Shared, o.Owner, int64(o.User),
			unixNano(o.Created), int64(o.Timeout/time.Nanosecond), unixNano(o.Expires))
	case *DropLock:
		_, err = s.exec("DELETE FROM lock WHERE token = ?", o.Token)
	case *PutProp:
		_, err = s.exec(`INSERT INTO prop (node, ns, local, lang, value) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (node, ns, local) DO UPDATE SET lang = excluded.lang, value = excluded.value`,
			int64(o.Node), o.Name.Space, o.Name.Local, o.Lang, notNil(o.Value))
	case *DropProp:
		if o.Name == (PropName{}) {
			_, err = s.exec("DELETE FROM prop WHERE node = ?", int64(o.Node))
		} else {
			_, err = s.exec("DELETE FROM prop WHERE node = ? AND ns = ? AND local = ?", int64(o.Node), o.Name.Space, o.Name.Local)
		}
	case *PutPack:
		err = s.putPack(o)
	case *DropPast:
		if _, err = s.exec("DELETE FROM past WHERE node = ? AND since >= ? AND since < ?", int64(o.Node), o.From, o.To); err == nil {
			_, err = s.exec("DELETE FROM heir WHERE node = ?1 AND NOT EXISTS (SELECT 1 FROM past WHERE node = ?1)", int64(o.Node))
		}
	case *DropChanges:
		_, err = s.exec("DELETE FROM change WHERE space = ? AND seq <= ?", int64(o.Space), o.Upto)
	case *PutWatch:
		_, err = s.exec(`INSERT INTO watch (id, seen, since) VALUES (1, ?, ?)
			ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, since = excluded.since`, unixNano(o.Seen), unixNano(o.Since))
	case *PutSnapshot:
		_, err = s.exec(`INSERT INTO snapshot (id, space, seq, name, author, created) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name`,
			int64(o.ID), int64(o.Space), o.Seq, o.Name, int64(o.Author), unixNano(o.Created))
	case *DropSnapshot:
		_, err = s.exec("DELETE FROM snapshot WHERE id = ?", int64(o.ID))
	case *PutHeir:
		// Those whose contents the node had taken over have the same heir: no row leads to another.
		if _, err = s.exec("UPDATE heir SET taker = ?2 WHERE taker = ?1", int64(o.Node), int64(o.Taker)); err == nil {
			_, err = s.exec("INSERT INTO heir (node, taker) VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET taker = excluded.taker",
				int64(o.Node), int64(o.Taker))
		}
	case *PutEpoch:
		_, err = s.exec("UPDATE store SET epoch = max(epoch, ?) WHERE id = 1", o.Epoch)
	case *DropPack:
		if err = s.leaveObject(o.ID, 0); err == nil {
			_, err = s.exec("DELETE FROM pack WHERE id = ?", int64(o.ID))
		}
	case *PutCheckpoint:
		_, err = s.exec(`INSERT INTO checkpoint (id, lsn, records) VALUES (1, ?, ?)
			ON CONFLICT (id) DO UPDATE SET lsn = excluded.lsn, records = excluded.records`, int64(o.LSN), encodeRefs(o.Records))
	default:
		err = fmt.Errorf("unknown op %T", op)
	}
	return err
}

// putNode keeps a node's row; an older row of the same id, at another place, goes.
// A row of another id at the same place is a fault, never overwritten.
func (s *session) putNode(o *PutNode) error {
	if !o.Fresh {
		if _, err := s.exec("DELETE FROM node WHERE id = ?", int64(o.ID)); err != nil {
			return err
		}
	}
	_, err := s.exec(`INSERT INTO node (parent, key, id, space, kind, name, since, version, size, mtime, created, author, manifest)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(o.Parent), o.Key, int64(o.ID), int64(o.Space), int64(o.Kind), nameColumn(o.Name, o.Key), o.Since,
		versionColumn(o.Version), o.Size, unixNano(o.ModTime), unixNano(o.Node.Created), int64(o.Author), o.Manifest.Encode())
	return err
}

// leaveObject drops the object that a pack is in, if that holds no other, and is not the one
// that the pack goes to.
func (s *session) leaveObject(id PackID, to int64) error {
	_, err := s.exec(`DELETE FROM object WHERE id IN (SELECT object FROM pack WHERE id = ?1) AND id <> ?2
		AND NOT EXISTS (SELECT 1 FROM pack WHERE pack.object = object.id AND pack.id <> ?1)`, int64(id), to)
	return err
}

// putPack keeps a pack, and its object. How long a merged object is its row does not say (0).
func (s *session) putPack(o *PutPack) error {
	if err := s.leaveObject(o.ID, o.Object); err != nil {
		return err
	}
	bytes := o.Bytes
	if o.Object != int64(o.ID) {
		bytes = 0
	}
	if _, err := s.exec(`INSERT INTO object (id, place, name, bytes) VALUES (?, 1, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, bytes = excluded.bytes`, o.Object, o.Pack.Name, bytes); err != nil {
		return err
	}
	_, err := s.exec(`INSERT INTO pack (id, object, at, bytes, records, created) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET object = excluded.object, at = excluded.at, bytes = excluded.bytes, records = excluded.records`,
		int64(o.ID), o.Object, o.At, o.Bytes, o.Records, unixNano(o.Sealed))
	return err
}

func accountKey(o *PutAccount) any {
	if o.Removed {
		return nil
	}
	return FoldName(o.Name)
}

func nameColumn(name, key string) any {
	if name == key {
		return nil
	}
	return name
}

func versionColumn(v VersionID) any {
	if v.IsZero() {
		return nil
	}
	return v[:]
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
