package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"cairn/store/meta"
	"cairn/store/object"
)

// ballastRoom is how many times the ballast must be free before it is made.
const ballastRoom = 4

func (s *Store) ballastPath() string { return filepath.Join(s.o.Dir, "ballast") }

// keepBallast sets aside the space that deletions and collections may need on a full
// disk, if there is plenty: a file, which dropBallast removes.
func (s *Store) keepBallast() error {
	if s.o.Ballast <= 0 {
		return nil
	}
	s.ballast.Lock()
	defer s.ballast.Unlock()
	size, err := s.ballastBytes()
	if err != nil {
		return err
	}
	if size >= s.o.Ballast {
		return nil
	}
	free, _, err := s.fs.Space(s.o.Dir)
	if err != nil || free < ballastRoom*s.o.Ballast {
		return err
	}
	f, err := s.fs.Open(s.ballastPath(), os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	err = f.Allocate(0, s.o.Ballast)
	if err = errors.Join(err, f.Close()); err != nil { // a file system that cannot set space aside
		err = errors.Join(err, s.fs.Remove(s.ballastPath()))
	}
	return errors.Join(err, s.fs.SyncDir(s.o.Dir))
}

// ballastBytes is how much is set aside now; 0 also if that cannot be told. Its lock is held.
func (s *Store) ballastBytes() (size int64, err error) {
	f, err := s.fs.Open(s.ballastPath(), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	size, err = f.Size()
	if errors.Join(err, f.Close()) != nil {
		return 0, nil
	}
	return size, nil
}

// dropBallast gives that space up, and reports whether there was any.
func (s *Store) dropBallast() bool {
	if s.o.Ballast <= 0 {
		return false
	}
	s.ballast.Lock()
	defer s.ballast.Unlock()
	if err := s.fs.Remove(s.ballastPath()); err != nil {
		return false
	}
	if err := s.fs.SyncDir(s.o.Dir); err != nil { // it only comes back
		s.o.Log.Warn("the name of the space set aside may come back", "err", err)
	}
	s.free.Store(nil)
	s.o.Log.Warn("the disk is full: the space set aside for deletions is used now; it is set aside again when there is room")
	return true
}

// freeing makes a change that leads to space, also on a full disk.
func (s *Store) freeing(ctx context.Context, plan func(*meta.Tx) error) error {
	err := s.db.Commit(ctx, nil, plan)
	if errors.Is(err, object.ErrNoSpace) {
		s.dropBallast() // or another change has just done so
		err = s.db.Commit(ctx, nil, plan)
	}
	return err
}
