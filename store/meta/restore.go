package meta

import (
	"context"
	"fmt"
	"time"
)

// Payload gathers ops into the payload of a commit or checkpoint record. The zero value is
// empty.
type Payload struct {
	n        int
	ops, one coder
}

// Add appends an op, which is not kept.
func (p *Payload) Add(op Op) {
	p.one.buf = p.one.buf[:0]
	op.fields(&p.one)
	k := uint64(op.kind())
	p.ops.u64(&k)
	p.ops.bytes(&p.one.buf)
	p.n++
}

// Size is the bytes of its ops.
func (p *Payload) Size() int { return len(p.ops.buf) }

// Take encodes what was gathered, and empties p.
func (p *Payload) Take(lsn uint64, at time.Time) []byte {
	b := encodeRecord(lsn, at, p.n, p.ops.buf)
	p.n, p.ops.buf = 0, p.ops.buf[:0]
	return b
}

// Restore makes the rows of a checkpoint, in place of all that there are. It works in
// transactions of bounded size, and the database counts as empty until End: after a crash,
// or an error, begin again. Before Start only, one at a time; End it.
type Restore struct {
	d   *DB
	lsn uint64
	ops int
}

// Restore begins one, of all rows up to a commit.
func (d *DB) Restore(ctx context.Context, lsn uint64) (*Restore, error) {
	if _, err := d.writer.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	r := &Restore{d: d, lsn: lsn}
	if _, err := d.writer.exec("UPDATE store SET applied = 0 WHERE id = 1"); err != nil {
		return nil, r.End(err)
	}
	for _, t := range append(tableNames(), "object") {
		if _, err := d.writer.exec("DELETE FROM " + t); err != nil {
			return nil, r.End(fmt.Errorf("table %s: %w", t, err))
		}
	}
	return r, r.next()
}

// next ends a transaction and begins another.
func (r *Restore) next() error {
	r.ops = 0
	if _, err := r.d.writer.exec("COMMIT"); err != nil {
		return r.End(err)
	}
	_, err := r.d.writer.exec("BEGIN IMMEDIATE")
	return err
}

func tableNames() []string {
	names := make([]string, 0, len(dumps))
	for _, t := range dumps {
		names = append(names, t.name)
	}
	return names
}

// Apply takes the payload of one record of the checkpoint, in any order.
func (r *Restore) Apply(payload []byte) error {
	lsn, _, ops, err := decodeRecord(payload)
	if err == nil && lsn != r.lsn {
		err = fmt.Errorf("it says %d: %w", lsn, errDecode)
	}
	if err != nil {
		return fmt.Errorf("checkpoint %d: %w", r.lsn, err)
	}
	for _, op := range ops {
		if n, ok := op.(*PutNode); ok {
			n.Fresh = true
		}
		if err := r.d.writer.apply(op); err != nil {
			return fmt.Errorf("checkpoint %d: apply op %d: %w", r.lsn, op.kind(), err)
		}
	}
	if r.ops += len(ops); r.ops < maxBatchOps {
		return nil
	}
	return r.next()
}

// End has the database know all commits up to that of the checkpoint, or, after an error,
// none.
func (r *Restore) End(failed error) error {
	if failed == nil {
		_, failed = r.d.writer.exec("UPDATE store SET applied = ? WHERE id = 1", int64(r.lsn))
	}
	if failed == nil {
		_, failed = r.d.writer.exec("COMMIT")
	}
	if failed != nil {
		r.d.writer.exec("ROLLBACK")
	}
	return failed
}
