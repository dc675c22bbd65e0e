package meta

import (
	"context"
	"fmt"
	"iter"
)

// Replay applies commit records that the database has not seen, in order: the first
// must follow State.Applied, and each the one before, else ErrGap. Before Start only.
// It works in transactions of bounded size; after a crash it goes on where it was.
func (d *DB) Replay(ctx context.Context, payloads iter.Seq2[[]byte, error]) (records int, err error) {
	st, _, err := d.State(ctx)
	if err != nil {
		return 0, err
	}
	next := st.Applied + 1
	ops := 0
	begin := func() error { _, err := d.writer.exec("BEGIN IMMEDIATE"); return err }
	commit := func() error {
		ops = 0
		if _, err := d.writer.exec("UPDATE store SET applied = ? WHERE id = 1", int64(next-1)); err != nil {
			return err
		}
		_, err := d.writer.exec("COMMIT")
		return err
	}
	if err := begin(); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			d.writer.exec("ROLLBACK")
		}
	}()
	for p, err := range payloads {
		if err != nil {
			return records, err
		}
		lsn, _, list, err := decodeRecord(p)
		if err != nil {
			return records, fmt.Errorf("commit record %d: %w", next, err)
		}
		if lsn != next {
			return records, fmt.Errorf("commit record %d follows %d: %w", lsn, next-1, ErrGap)
		}
		for _, op := range list {
			if err := d.writer.apply(op); err != nil {
				return records, fmt.Errorf("commit record %d: apply op %d: %w", lsn, op.kind(), err)
			}
		}
		next++
		records++
		if ops += len(list); ops >= maxBatchOps {
			if err := commit(); err != nil {
				return records, err
			}
			if err := begin(); err != nil {
				return records, err
			}
		}
	}
	return records, commit()
}
