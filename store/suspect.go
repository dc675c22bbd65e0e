package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"

	"cairn/store/meta"
	"cairn/store/object"
)

// Marks in the data folder: empty files that say what the next opening has to do, should
// this one not come so far.
const (
	markSuspect = "meta.db.suspect" // make the database anew
	markEpoch   = "epoch-due"       // raise the epoch
)

// leaveMark makes one, durably.
func (s *Store) leaveMark(name string) error {
	return object.WriteFileAtomic(s.fs, filepath.Join(s.o.Dir, name), nil)
}

// hasMark reports whether one is there.
func (s *Store) hasMark(name string) (bool, error) {
	_, err := s.fs.ReadFile(filepath.Join(s.o.Dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// takeMark removes one, durably.
func (s *Store) takeMark(name string) error {
	there, err := s.hasMark(name)
	if err != nil || !there {
		return err
	}
	return errors.Join(s.fs.Remove(filepath.Join(s.o.Dir, name)), s.fs.SyncDir(s.o.Dir))
}

// suspect has the next opening make the database from the packs: see meta.Options.
func (s *Store) suspect(cause error) {
	s.o.Log.Error("the database could not be flushed: no changes are taken any more; the next start makes it again from the packs", "err", cause)
	if err := s.leaveMark(markSuspect); err != nil {
		s.o.Log.Error("that could not be noted; run 'cairn rebuild' before the next start", "err", err)
	}
}

// raiseEpochIfDue tells clients that ask what has changed to look at everything once: what
// the database was made of may lack what they have seen.
func (s *Store) raiseEpochIfDue(ctx context.Context) error {
	due, err := s.hasMark(markEpoch)
	if err != nil || !due {
		return err
	}
	if err := s.raiseEpoch(ctx); err != nil {
		return fmt.Errorf("the database is made again, but clients are not told to look at everything: %w", err)
	}
	return s.takeMark(markEpoch)
}

// raiseEpoch raises the store's epoch by a random step: two restores of one backup go
// different ways, and what clients know of one is nothing in the other.
func (s *Store) raiseEpoch(ctx context.Context) error {
	var to int64
	err := s.db.Commit(ctx, nil, func(tx *meta.Tx) error {
		to = tx.Epoch() + 1 + rand.Int64N(1<<20)
		return tx.Apply(&meta.PutEpoch{Epoch: to})
	})
	if err == nil {
		s.db.SetEpoch(to)
	}
	return err
}
