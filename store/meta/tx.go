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
	ops     []Op
	err     error // first failure of Apply: the plan's result whatever it returns
	lastID  NodeID
	seqs    map[SpaceID]int64
	sums    map[NodeID]*sum
	pending int // sums added so far
}

// Now is the time of the transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// Apply makes the changes, and has them recorded. An error is the database's and
// fails the plan even if it is ignored.
func (tx *Tx) Apply(ops ...Op) error {
	for _, op := range ops {
		if tx.err != nil {
			return tx.err
		}
		if err := tx.s.apply(op); err != nil {
			tx.err = fmt.Errorf("apply op %d: %w", op.kind(), err)
			return tx.err
		}
		tx.ops = append(tx.ops, op)
	}
	return nil
}

// NewNodeID gives a fresh id: milliseconds since 2020 in the high bits, at least one
// more than the last.
func (tx *Tx) NewNodeID() NodeID {
	const since = 1577836800000 // 2020-01-01
	id := NodeID((tx.now.UnixMilli() - since) << 21)
	tx.lastID = max(tx.lastID+1, id)
	return tx.lastID
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
