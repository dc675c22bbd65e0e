package meta

import (
	"context"
	"fmt"
)

// Held is what one row refers to in the packs.
type Held struct {
	Node     NodeID   // of a node or a superseded content
	Upload   UploadID // of a part of an upload
	Manifest Manifest
	Tail     []Ref
}

// Roots are told all that rows refer to.
type Roots struct {
	// Begin is called first, with the newest commit of the snapshot and its checkpoint.
	Begin func(lsn uint64, c Checkpoint) error
	// Pack is called for each sealed pack that is registered; nil: it is not asked for.
	Pack func(Pack) error
	// Row is called for each row that refers to something.
	Row func(Held) error
}

// Roots calls back for all that rows refer to, as one snapshot has them: a node that is
// moved meanwhile is neither passed over nor half seen. A row that cannot be decoded is an
// error: what it refers to is not known. The log of the database is not cut while it
// runs, some microseconds a row. One row is in memory at a time.
func (d *DB) Roots(ctx context.Context, to Roots) error {
	defer d.long()()
	return d.View(ctx, func(r *Reader) error {
		lsn, err := r.Applied()
		if err != nil {
			return err
		}
		c, err := r.Checkpoint()
		if err == nil {
			err = to.Begin(lsn, c)
		}
		if err == nil && to.Pack != nil {
			err = r.rows("SELECT id, object, at, bytes, records FROM pack ORDER BY id", nil, func(c *cursor) error {
				var p Pack
				var id int64
				if err := c.Scan(&id, &p.Object, &p.At, &p.Bytes, &p.Records); err != nil {
					return err
				}
				p.ID = PackID(id)
				return to.Pack(p)
			})
		}
		for _, q := range rootQueries {
			n := 0
			if err == nil {
				err = r.rows(q.query, nil, func(c *cursor) error {
					if n++; n&1023 == 0 && ctx.Err() != nil {
						return context.Cause(ctx)
					}
					h, err := q.row(c)
					if err == nil {
						err = to.Row(h)
					}
					return err
				})
			}
			if err != nil {
				return fmt.Errorf("table %s: %w", q.table, err)
			}
		}
		return err
	})
}

var rootQueries = []struct {
	table, query string
	row          func(c *cursor) (Held, error)
}{
	{"node", "SELECT id, manifest FROM node WHERE manifest IS NOT NULL", heldByNode},
	{"version", "SELECT node, manifest FROM version WHERE manifest IS NOT NULL", heldByNode},
	{"part", "SELECT upload, manifest, tail FROM part", func(c *cursor) (h Held, err error) {
		var id, manifest, tail []byte
		if err = c.Scan(&id, &manifest, &tail); err != nil {
			return h, err
		}
		copy(h.Upload[:], id)
		if h.Manifest, err = DecodeManifest(manifest); err == nil {
			h.Tail, err = decodeRefs(tail)
		}
		return h, err
	}},
}

func heldByNode(c *cursor) (h Held, err error) {
	var manifest []byte
	if err = c.Scan(&h.Node, &manifest); err == nil {
		h.Manifest, err = DecodeManifest(manifest)
	}
	return h, err
}

// Applied is the number of the newest commit in the database.
func (r *Reader) Applied() (lsn uint64, err error) {
	_, err = r.row("SELECT applied FROM store WHERE id = 1", nil, &lsn)
	return lsn, err
}

// Checkpoint is the newest one that is whole and durable; its LSN is 0 if there is none.
func (r *Reader) Checkpoint() (c Checkpoint, err error) {
	var records []byte
	ok, err := r.row("SELECT lsn, records FROM checkpoint WHERE id = 1", nil, &c.LSN, &records)
	if ok && err == nil {
		c.Records, err = decodeRefs(records)
	}
	return c, err
}

// Checkpoint is Reader.Checkpoint. Not after Start.
func (d *DB) Checkpoint() (c Checkpoint, err error) {
	var records []byte
	ok, err := d.writer.row("SELECT lsn, records FROM checkpoint WHERE id = 1", nil, &c.LSN, &records)
	if ok && err == nil {
		c.Records, err = decodeRefs(records)
	}
	return c, err
}
