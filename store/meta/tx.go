package meta

import (
	"fmt"
	"time"
)

// Tx is a change being planned: it reads the tree as the batch has left it so far,
// and applies ops. Only valid inside the plan it was passed to.
type Tx struct {
	Reader
	now     time.Time
	near    *near
	late    *late
	left    *left
	free    childKey // the last name that was looked for and has no row
	firstID NodeID   // newest node id given out before the batch
	rec     Payload  // the ops applied so far
	ops     int
	err     error // first failure of the database: the plan's result whatever it returns
	lastID  NodeID
	seqs    map[SpaceID]int64
	sums    map[NodeID]*sum
	pending int // sums added so far
	grown   map[SpaceID]int64
	shrunk  bool
	touched touched // for the cache of the readers
}

// maxPlanBytes bounds the encoded ops of one change. A commit record may have twice
// that, less what a pack record holds at most.
const maxPlanBytes = 3 << 20

// Now is the time of the transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// Apply makes the changes, and has them recorded. An error is the database's and
// fails the plan even if it is ignored.
func (tx *Tx) Apply(ops ...Op) error {
	for _, op := range ops {
		if tx.err != nil {
			return tx.err
		}
		wait, err := tx.postpone(op)
		if err == nil && !wait {
			err = tx.s.apply(op)
		}
		if err != nil {
			tx.err = fmt.Errorf("apply op %d: %w", op.kind(), err)
			return tx.err
		}
		tx.near.note(op)
		tx.left.note(op, tx.now)
		tx.rec.Add(op)
		tx.ops++
		tx.touched.note(op)
	}
	return nil
}

// Size is the encoded bytes of all ops of the batch so far.
func (tx *Tx) Size() int { return tx.rec.Size() }

// Epoch is that of the store, which folders' ETags carry.
func (tx *Tx) Epoch() int64 { return tx.epoch }

// Grow notes that a plan of this batch lets a space grow. Grown tells how much that
// is until the sums are folded, and whether something may have shrunk meanwhile.
func (tx *Tx) Grow(space SpaceID, bytes int64) {
	if bytes < 0 {
		tx.shrunk = true
		return
	}
	tx.grown[space] += bytes
}

// Grown tells what Grow noted since the last Fold.
func (tx *Tx) Grown(space SpaceID) (bytes int64, shrunk bool) { return tx.grown[space], tx.shrunk }

// NewNodeID gives a fresh id: milliseconds since 2020 in the high bits, at least one
// more than the last.
func (tx *Tx) NewNodeID() NodeID {
	const since = 1577836800000 // 2020-01-01
	id := NodeID((tx.now.UnixMilli() - since) << 21)
	tx.lastID = max(tx.lastID+1, id)
	return tx.lastID
}

// Seq is the space's newest change number.
func (tx *Tx) Seq(space SpaceID) (int64, error) {
	if seq, ok := tx.seqs[space]; ok {
		return seq, nil
	}
	sp, found, err := tx.Space(space)
	if err == nil && !found {
		err = fmt.Errorf("space %d does not exist", space)
	}
	return sp.Seq, err
}

// NextSeq gives the space's next change number.
func (tx *Tx) NextSeq(space SpaceID) (int64, error) {
	seq, ok := tx.seqs[space]
	if !ok {
		sp, found, err := tx.Space(space)
		if err != nil {
			return 0, err
		}
		if !found {
			return 0, fmt.Errorf("space %d does not exist", space)
		}
		seq = sp.Seq
	}
	seq++
	tx.seqs[space] = seq
	return seq, nil
}
