package meta

import (
	"hash/maphash"
	"time"
)

// left is what the committer remembers of the places that nodes have left: few new files
// are made where one was a moment ago, and the others need not be asked about.
type left struct {
	seed   maphash.Seed
	opened time.Time      // nothing is known of what came before
	at     [1 << 12]int64 // when, in nanoseconds since 1970, by the hash of the place
}

func newLeft(now time.Time) *left { return &left{seed: maphash.MakeSeed(), opened: now} }

func (l *left) slot(parent NodeID, key string) *int64 {
	return &l.at[maphash.Comparable(l.seed, childKey{parent, key})%uint64(len(l.at))]
}

// note is called for each op of a plan.
func (l *left) note(op Op, now time.Time) {
	if o, ok := op.(*PutPast); ok {
		*l.slot(o.Parent, o.Key) = unixNano(now)
	}
}

// MayHaveLeft reports whether a row may have ended at a place within the time before this
// transaction. False is certain; asking costs no query.
func (tx *Tx) MayHaveLeft(parent NodeID, key string, within time.Duration) bool {
	from := tx.now.Add(-within)
	return !tx.left.opened.Before(from) || *tx.left.slot(parent, key) >= unixNano(from)
}

// LastAt is the superseded row that was the last of a place, and the change that ended it;
// ok is false if there was none, or one of the two is pruned. Sums and manifest are not told.
func (r *Reader) LastAt(parent NodeID, key string) (was Node, end Change, ok bool, err error) {
	var until int64
	ok, err = r.row("SELECT until FROM past WHERE parent = ? AND key = ? ORDER BY since DESC LIMIT 1", []any{int64(parent), key}, &until)
	if err != nil || !ok {
		return was, end, false, err
	}
	was, ok, err = r.oneAt(pastAt+"WHERE p.parent = ?1 AND p.key = ?2 AND p.until = ?3", int64(parent), key, until)
	if err != nil || !ok {
		return was, end, false, err
	}
	changes, err := r.Changes(was.Space, until-1, 1)
	if err != nil || len(changes) == 0 || changes[0].Seq != until {
		return was, end, false, err
	}
	return was, changes[0], true, nil
}
