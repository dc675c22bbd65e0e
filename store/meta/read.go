package meta

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// Reader looks at rows: those of one snapshot, or, inside a Tx, as the batch has
// left them. Not for concurrent use.
type Reader struct {
	s      *session
	epoch  int64
	tx     *Tx   // that this is part of, if it is
	glance *near // of a Glance

	// Of a View: the snapshot is taken when the cache does not have the answer.
	db    *DB
	ctx   context.Context
	cache *cache
	gen   uint64
	loose bool // of a Look: there is no snapshot
}

// View runs f on a snapshot. f must be quick: it must not wait for a client.
func (d *DB) View(ctx context.Context, f func(*Reader) error) error {
	r := &Reader{db: d, ctx: ctx, epoch: d.epoch, cache: &d.cache, gen: d.gen.Load()}
	defer r.end()
	return f(r)
}

// Look is View without the snapshot: each query sees the database as it is then, which
// saves the two statements around them. It is for a walk down a path to one answer: if
// somebody moves a folder meanwhile, the answer is one that was right at some moment, as
// from a file system. What needs two answers that fit together is a View.
func (d *DB) Look(ctx context.Context, f func(*Reader) error) error {
	r := &Reader{db: d, ctx: ctx, epoch: d.epoch, cache: &d.cache, gen: d.gen.Load(), loose: true}
	defer r.end()
	return f(r)
}

// session begins the snapshot if that has not been done.
func (r *Reader) session() (*session, error) {
	if r.glance != nil {
		return nil, errUnknown
	}
	if r.tx != nil {
		return r.s, r.tx.drain()
	}
	if r.s != nil {
		return r.s, nil
	}
	if err := r.caughtUp(); err != nil {
		return nil, err
	}
	select {
	case s := <-r.db.readers:
		if !r.loose {
			if _, err := s.exec("BEGIN"); err != nil {
				r.db.readers <- s
				return nil, err
			}
		}
		r.s = s
		return s, nil
	case <-r.db.quit:
		return nil, ErrClosed
	case <-r.ctx.Done():
		return nil, context.Cause(r.ctx)
	}
}

func (r *Reader) end() {
	if r.s != nil {
		if !r.loose {
			r.s.exec("COMMIT")
		}
		r.db.readers <- r.s
		r.s = nil
	}
}

func (r *Reader) rows(query string, args []any, scan func(*cursor) error) error {
	s, err := r.session()
	if err != nil {
		return err
	}
	err = s.rows(query, args, scan)
	r.note(err)
	return err
}

// note keeps a failure: a plan that goes on after one must not be committed.
func (r *Reader) note(err error) {
	if err != nil && r.tx != nil && r.tx.err == nil {
		r.tx.err = err
	}
}

func (r *Reader) row(query string, args []any, dest ...any) (bool, error) {
	s, err := r.session()
	if err != nil {
		return false, err
	}
	ok, err := s.row(query, args, dest...)
	r.note(err)
	return ok, err
}

// The signs and the short names spare the driver to fetch, for every query, the name and
// the declared type of each column, which an expression does not have.
const nodeColumns = `+n.id a, +n.space b, +n.parent c, +n.key d, +n.name e, +n.kind f, +n.since g, +n.version h, +n.size i,
	+n.mtime j, +n.created k, +n.author l, +n.manifest m, coalesce(f.bytes, 0) n, coalesce(f.files, 0) o, coalesce(f.seq, n.since) p
	FROM node n LEFT JOIN folder f ON n.kind = 2 AND f.node = n.id`

// Node finds the child of a folder by its key.
func (r *Reader) Node(parent NodeID, key string) (Node, bool, error) {
	n, ok, err := r.child(parent, key, false)
	if n == nil {
		return Node{}, false, err
	}
	return *n, ok, err
}

func (r *Reader) child(parent NodeID, key string, steps bool) (*Node, bool, error) {
	return r.cachedRow(cacheKey{cachedChild, int64(parent), key}, steps, childQuery, int64(parent), key)
}

const childQuery = "SELECT " + nodeColumns + " WHERE n.parent = ? AND n.key = ?"

// Step is Node for a folder that is only walked through: in a View its sums (Bytes,
// Files, Seq) may be old. It must not be changed.
func (r *Reader) Step(parent NodeID, key string) (*Node, bool, error) {
	return r.child(parent, key, true)
}

// NodeByID finds a node wherever it is.
func (r *Reader) NodeByID(id NodeID) (Node, bool, error) {
	n, ok, err := r.byID(id, false)
	if n == nil {
		return Node{}, false, err
	}
	return *n, ok, err
}

func (r *Reader) byID(id NodeID, steps bool) (*Node, bool, error) {
	return r.cachedRow(cacheKey{kind: cachedNode, id: int64(id)}, steps, "SELECT "+nodeColumns+" WHERE n.id = ?", int64(id))
}

// StepByID is NodeByID as Step is Node.
func (r *Reader) StepByID(id NodeID) (*Node, bool, error) { return r.byID(id, true) }

// Children pages a folder in key order: at most limit nodes with keys after after.
func (r *Reader) Children(parent NodeID, after string, limit int) ([]Node, error) {
	var out []Node
	err := r.rows("SELECT "+nodeColumns+" WHERE n.parent = ? AND n.key > ? ORDER BY n.key LIMIT ?",
		[]any{int64(parent), after, limit}, func(rows *cursor) error {
			n, err := r.scanNode(rows.Scan)
			out = append(out, n)
			return err
		})
	return out, err
}

// oneNode is the node that a query finds, nil if it finds none.
func (r *Reader) oneNode(query string, args ...any) (*Node, bool, error) {
	var n *Node
	err := r.rows(query, args, func(rows *cursor) error {
		row, err := r.scanNode(rows.Scan)
		n = &row
		return err
	})
	if n == nil || err != nil {
		return nil, false, err
	}
	return n, true, nil
}

func (r *Reader) scanNode(scan func(...any) error) (Node, error) {
	var (
		n                 Node
		key               string
		name              sql.NullString
		version, manifest []byte
		mtime, created    int64
	)
	err := scan(&n.ID, &n.Space, &n.Parent, &key, &name, &n.Kind, &n.Since, &version, &n.Size, &mtime, &created, &n.Author, &manifest,
		&n.Bytes, &n.Files, &n.Seq)
	if err != nil {
		return n, err
	}
	if n.Name = key; name.Valid {
		n.Name = name.String
	}
	copy(n.Version[:], version)
	n.ModTime, n.Created, n.Epoch = fromNano(mtime), fromNano(created), r.epoch
	n.Manifest, err = DecodeManifest(manifest)
	return n, err
}

func (r *Reader) parentOf(id NodeID) (up NodeID, ok bool, err error) {
	ok, err = r.row("SELECT parent FROM node WHERE id = ?", []any{int64(id)}, &up)
	return up, ok, err
}

// Parent is the folder that holds a node; 0 above the roots of spaces.
func (r *Reader) Parent(id NodeID) (NodeID, bool, error) { return r.parentOf(id) }

// Versions lists the superseded contents of a node, newest first.
func (r *Reader) Versions(node NodeID) ([]Version, error) { return r.VersionPage(node, 0, 1<<62) }

// VersionPage is Versions of those superseded before a change (0: all), at most limit.
func (r *Reader) VersionPage(node NodeID, before int64, limit int) ([]Version, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	var out []Version
	err := r.rows(versionColumns+" WHERE node = ? AND until < ? ORDER BY until DESC LIMIT ?", []any{int64(node), before, limit},
		func(rows *cursor) error {
			v, err := scanVersion(rows)
			out = append(out, v)
			return err
		})
	return out, err
}

// Version finds a superseded content, of whatever node.
func (r *Reader) Version(id VersionID) (v Version, ok bool, err error) {
	err = r.rows(versionColumns+" WHERE id = ?", []any{id[:]}, func(rows *cursor) error {
		ok = true
		v, err = scanVersion(rows)
		return err
	})
	return v, ok && err == nil, err
}

const versionColumns = "SELECT id, node, space, size, mtime, author, since, until, manifest FROM version"

func scanVersion(rows *cursor) (v Version, err error) {
	var id, manifest []byte
	var mtime int64
	if err := rows.Scan(&id, &v.Node, &v.Space, &v.Size, &mtime, &v.Author, &v.Since, &v.Until, &manifest); err != nil {
		return v, err
	}
	copy(v.ID[:], id)
	v.ModTime, v.Created = fromNano(mtime), v.ID.Time()
	v.Manifest, err = DecodeManifest(manifest)
	return v, err
}

// Time is when the version was made, in milliseconds.
func (v VersionID) Time() time.Time {
	var ms int64
	for _, b := range v[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC()
}

// Trashed finds where a node in the trash was.
func (r *Reader) Trashed(node NodeID) (t Trashed, ok bool, err error) {
	err = r.rows(trashColumns+" WHERE node = ?", []any{int64(node)}, func(rows *cursor) error {
		ok = true
		return scanTrash(rows, &t)
	})
	return t, ok, err
}

// TrashPage lists a space's trash, newest first, older than before (0: all).
func (r *Reader) TrashPage(space SpaceID, before int64, limit int) ([]Trashed, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	var out []Trashed
	err := r.rows(trashColumns+" WHERE space = ? AND seq < ? ORDER BY seq DESC LIMIT ?", []any{int64(space), before, limit},
		func(rows *cursor) error {
			var t Trashed
			err := scanTrash(rows, &t)
			out = append(out, t)
			return err
		})
	return out, err
}

const trashColumns = "SELECT node, space, parent, name, deleted, author, seq FROM trash"

func scanTrash(rows *cursor, t *Trashed) error {
	var deleted int64
	err := rows.Scan(&t.Node, &t.Space, &t.Parent, &t.Name, &deleted, &t.By, &t.Seq)
	t.Deleted = fromNano(deleted)
	return err
}

// Props lists a node's dead properties. The result must not be changed.
func (r *Reader) Props(node NodeID) ([]Prop, error) {
	if none, err := r.noProps(); none || err != nil {
		return nil, err
	}
	out, _, err := cached(r, cacheKey{kind: cachedNodeProps, id: int64(node)}, node, func() ([]Prop, bool, error) {
		out, err := r.props(node)
		bytes := 0
		for _, p := range out {
			bytes += len(p.Name.Space) + len(p.Name.Local) + len(p.Value)
		}
		return out, bytes <= maxCachedProps, err
	})
	return out, err
}

// noProps reports whether no node at all has dead properties, as in most stores.
func (r *Reader) noProps() (none bool, err error) {
	none, _, err = cached(r, cacheKey{kind: cachedNoProps}, 0, func() (none, keep bool, err error) {
		_, err = r.row("SELECT NOT EXISTS (SELECT 1 FROM prop) a", nil, &none)
		return none, true, err
	})
	return none, err
}

func (r *Reader) props(node NodeID) ([]Prop, error) {
	var out []Prop
	err := r.rows("SELECT ns, local, lang, value FROM prop WHERE node = ? ORDER BY ns, local", []any{int64(node)},
		func(rows *cursor) error {
			var p Prop
			err := rows.Scan(&p.Name.Space, &p.Name.Local, &p.Lang, &p.Value)
			out = append(out, p)
			return err
		})
	return out, err
}

// ChildProps finds the dead properties of the children of a folder with after < key ≤
// last.
func (r *Reader) ChildProps(parent NodeID, after, last string) (map[NodeID][]Prop, error) {
	out := map[NodeID][]Prop{}
	if none, err := r.noProps(); none || err != nil {
		return out, err
	}
	err := r.rows(`SELECT n.id, p.ns, p.local, p.lang, p.value FROM node n CROSS JOIN prop p ON p.node = n.id
		WHERE n.parent = ? AND n.key > ? AND n.key <= ? ORDER BY n.key, p.ns, p.local`, []any{int64(parent), after, last},
		func(rows *cursor) error {
			var id NodeID
			var p Prop
			err := rows.Scan(&id, &p.Name.Space, &p.Name.Local, &p.Lang, &p.Value)
			out[id] = append(out[id], p)
			return err
		})
	return out, err
}

// Changes lists a space's log after a change number, oldest first.
func (r *Reader) Changes(space SpaceID, after int64, limit int) ([]Change, error) {
	var out []Change
	err := r.rows("SELECT space, seq, node, parent, kind, author, at FROM change WHERE space = ? AND seq > ? ORDER BY seq LIMIT ?",
		[]any{int64(space), after, limit}, func(rows *cursor) error {
			var c Change
			var at int64
			err := rows.Scan(&c.Space, &c.Seq, &c.Node, &c.Parent, &c.Kind, &c.Author, &at)
			c.At = fromNano(at)
			out = append(out, c)
			return err
		})
	return out, err
}

// FoldName is the form in which account names are compared.
func FoldName(name string) string { return strings.ToLower(name) }
