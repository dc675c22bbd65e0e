package meta

import (
	"context"
	"fmt"
)

// Replay applies commit records that the database has not seen. It works in
// transactions of bounded size; after a crash another one goes on where it was. Before
// Start only, one at a time; End it.
type Replay struct {
	d       *DB
	next    uint64
	ops     int
	Records int // applied so far
}

// Replay begins one.
func (d *DB) Replay(ctx context.Context) (*Replay, error) {
	st, _, err := d.State(ctx)
	if err != nil {
		return nil, err
	}
	_, err = d.writer.exec("BEGIN IMMEDIATE")
	return &Replay{d: d, next: st.Applied + 1}, err
}

// Apply takes the payload of a commit record. Records that the database has are
// passed over; else the first must follow State.Applied, and each the one before:
// ErrGap.
func (r *Replay) Apply(payload []byte) error {
	lsn, _, ops, err := decodeRecord(payload)
	if err != nil {
		return fmt.Errorf("commit record after %d: %w", r.next-1, err)
	}
	if lsn < r.next {
		return nil
	}
	if lsn > r.next {
		return fmt.Errorf("commit record %d follows %d: %w", lsn, r.next-1, ErrGap)
	}
	for _, op := range ops {
		if err := r.d.writer.apply(op); err != nil {
			return fmt.Errorf("commit record %d: apply op %d: %w", lsn, op.kind(), err)
		}
	}
	r.next++
	r.Records++
	if r.ops += len(ops); r.ops < maxBatchOps {
		return nil
	}
	if err := r.commit(); err != nil {
		return err
	}
	_, err = r.d.writer.exec("BEGIN IMMEDIATE")
	return err
}

func (r *Replay) commit() error {
	r.ops = 0
	if _, err := r.d.writer.exec("UPDATE store SET applied = ? WHERE id = 1", int64(r.next-1)); err != nil {
		return err
	}
	_, err := r.d.writer.exec("COMMIT")
	return err
}

// End keeps what was applied, or, after an error, what earlier transactions kept.
func (r *Replay) End(failed error) error {
	if failed == nil {
		failed = r.commit()
	}
	if failed != nil {
		r.d.writer.exec("ROLLBACK")
	}
	return failed
}

// RecordRefs calls f for every run of records that the rows of a commit refer to.
func RecordRefs(payload []byte, f func(pack PackID, first, count uint32)) error {
	_, _, ops, err := decodeRecord(payload)
	if err != nil {
		return err
	}
	manifest := func(m *Manifest) {
		for _, e := range m.Extents {
			f(e.Pack, e.First, e.Count)
		}
		for _, p := range m.Pages {
			f(p.Pack, p.Ordinal, 1)
		}
	}
	for _, op := range ops {
		switch o := op.(type) {
		case *PutNode:
			manifest(&o.Manifest)
		case *PutVersion:
			manifest(&o.Manifest)
		case *PutPart:
			manifest(&o.Manifest)
			for _, t := range o.Tail {
				f(t.Pack, t.Ordinal, 1)
			}
		}
	}
	return nil
}
