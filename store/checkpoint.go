package store

import (
	"context"
	"crypto/rand"
	"fmt"

	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/pack"
)

// checkpointPart is about what the payload of one record of a checkpoint has.
const checkpointPart = 1 << 20

// checkpoint lays all rows down in the packs, as they are after some commit, whose number
// it returns, has them durable, and commits that this is so: from then on the commits up to
// that one are not needed to make the database again. Changes go on meanwhile; the log of
// the database is not cut while it runs. What a crash or an error leaves of it counts for
// nothing.
func (s *Store) checkpoint(ctx context.Context) (lsn uint64, err error) {
	lane := s.packs.Lease()
	held := holds{set: s.packs}
	defer func() {
		packs := held.packs()
		held.release()
		s.packs.Return(lane)
		for _, id := range packs { // what is left of it can be collected when it is sealed
			if err != nil {
				s.packs.SealOpen(context.WithoutCancel(ctx), id)
			}
		}
	}()
	var (
		rows meta.Payload
		made meta.Checkpoint
		of   pack.Part
		now  = s.o.Clock()
	)
	rand.Read(of.Whole[:])
	lay := func() error {
		if free, err := s.roughSpace(); err == nil && free < 2*commitReserve {
			return object.ErrNoSpace // commits need the rest
		}
		payload := rows.Take(made.LSN, now)
		place, err := lane.Append(ctx, pack.Record{Type: pack.Checkpoint, LSN: made.LSN, Of: of, Payload: payload, Plain: len(payload)})
		if err != nil {
			return err
		}
		held.took(place.Pack)
		made.Records = append(made.Records, meta.Ref{Pack: place.Pack, Ordinal: place.First, Bytes: int64(len(payload))})
		of.Number++
		return nil
	}
	err = s.db.Dump(ctx, func(n uint64) { made.LSN = n }, func(op meta.Op) error {
		if rows.Add(op); rows.Size() < checkpointPart {
			return nil
		}
		return lay()
	})
	if err == nil {
		of.Count = of.Number + 1
		err = lay()
	}
	if err == nil {
		err = s.packs.Flush(ctx, held.packs()...)
	}
	if err == nil {
		err = s.db.Commit(context.WithoutCancel(ctx), held.packs(), func(tx *meta.Tx) error {
			return tx.Apply(&meta.PutCheckpoint{Checkpoint: made})
		})
	}
	if err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	return made.LSN, nil
}

// restore makes the rows of a checkpoint in the database, in place of all that it has.
func (s *Store) restore(ctx context.Context, lsn uint64, each func(func([]byte) error) error) error {
	r, err := s.db.Restore(ctx, lsn)
	if err != nil {
		return err
	}
	return r.End(each(r.Apply))
}
