package meta

import (
	"maps"
	"slices"
)

// sum is what a batch adds to a folder and to everything above it.
type sum struct {
	bytes, files int64
	seq          int64
	was          Node // the folder before
}

// AddSum notes that something directly in a folder grew, and its newest change. The
// folders above are brought up to date once a batch, when it ends or at Fold.
func (tx *Tx) AddSum(folder NodeID, bytes, files, seq int64) {
	s := tx.sums[folder]
	if s == nil {
		s = &sum{}
		tx.sums[folder] = s
	}
	s.bytes += bytes
	s.files += files
	s.seq = max(s.seq, seq)
	tx.pending++
}

// Fold brings the sums of all folders up to date now: before a plan looks at a
// folder's size, and before it changes where a folder is.
func (tx *Tx) Fold() error {
	clear(tx.grown)
	tx.shrunk = false
	if len(tx.sums) == 0 {
		return nil
	}
	total := map[NodeID]*sum{}
	for _, id := range slices.Sorted(maps.Keys(tx.sums)) {
		add := tx.sums[id]
		for id != 0 {
			t := total[id]
			if t == nil {
				n, there, err := tx.NodeByID(id)
				if err != nil {
					return err
				}
				if !there {
					break
				}
				t = &sum{was: n}
				total[id] = t
			}
			t.bytes += add.bytes
			t.files += add.files
			t.seq = max(t.seq, add.seq)
			id = t.was.Parent
		}
	}
	clear(tx.sums)
	for _, id := range slices.Sorted(maps.Keys(total)) {
		t := total[id]
		if err := tx.Apply(&PutFolder{id, t.was.Bytes + t.bytes, t.was.Files + t.files, max(t.was.Seq, t.seq)}); err != nil {
			return err
		}
	}
	return nil
}

// fold ends a batch: sums and change numbers.
func (tx *Tx) fold() error {
	if err := tx.Fold(); err != nil {
		return err
	}
	for _, space := range slices.Sorted(maps.Keys(tx.seqs)) {
		if err := tx.Apply(&PutSpaceSeq{space, tx.seqs[space]}); err != nil {
			return err
		}
	}
	return nil
}
