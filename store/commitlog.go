package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/pack"
)

// commitReserve is left free on the disk for the log of the database, which a commit
// grows after its record can no longer be taken back.
const commitReserve = 16 << 20

// commitLog puts commit records into the small lane. It is the store seen by meta.
type commitLog Store

// Append flushes the packs that the rows refer to, then appends the record and
// flushes it. What small files appended to the record's own pack lies before the
// record, so that one flush makes both durable, and a scan that finds the record has
// found them. A record that could not be appended fails its batch alone, as does a disk
// on which the database may not find room for it; after a failed
// flush of one, or one that could not be cut off again, writes stop.
func (l *commitLog) Append(ctx context.Context, lsn uint64, payload []byte, after []meta.PackID) error {
	if free, err := (*Store)(l).roughSpace(); err == nil && free < commitReserve {
		return fmt.Errorf("%w: %w", meta.ErrNotLogged, object.ErrNoSpace)
	}
	small := l.packs.Small()
	for {
		here := small.Pack()
		others := slices.DeleteFunc(slices.Clone(after), func(id meta.PackID) bool { return id == here })
		if err := l.packs.Flush(ctx, others...); err != nil {
			return fmt.Errorf("%w: %w", meta.ErrNotLogged, err)
		}
		place, err := small.AppendIn(ctx, here, pack.Record{Type: pack.Commit, LSN: lsn, Payload: payload, Plain: len(payload)})
		if errors.Is(err, pack.ErrRotated) {
			continue
		}
		if err != nil && !errors.Is(err, pack.ErrLaneFailed) {
			return fmt.Errorf("%w: %w", meta.ErrNotLogged, err) // a full disk, say
		}
		if err != nil {
			return err
		}
		return l.packs.Flush(ctx, place.Pack)
	}
}
