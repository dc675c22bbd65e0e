package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"cairn/store/object"
	"cairn/store/pack"
)

// takeFolder makes the data folder if need be, checks that it is safe, locks it
// against other processes and reads its superblock.
func (s *Store) takeFolder(ctx context.Context) (superblock, error) {
	var sb superblock
	dir := s.o.Dir
	if err := s.fs.MkdirAll(dir); err != nil {
		return sb, outward(readOnly(err))
	}
	if kind, safe, err := s.fs.Kind(dir); err != nil {
		return sb, err
	} else if !safe && !s.o.UnsafeFS {
		return sb, fmt.Errorf("%w: it is on %s", ErrUnsafeFS, kind)
	}
	lock, err := s.fs.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return sb, outward(readOnly(err))
	}
	s.lock = lock
	if backup, err := s.hasMark(backupInfo); err != nil {
		return sb, err
	} else if backup {
		return sb, ErrBackup
	}
	path := filepath.Join(dir, "cairn.json")
	text, err := s.fs.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.newSuperblock(ctx, path)
	case err != nil:
		return sb, err
	}
	return parseSuperblock(text)
}

func (s *Store) newSuperblock(ctx context.Context, path string) (superblock, error) {
	var sb superblock
	var err error
	sb.Store, sb.Key, err = pack.FindKey(ctx, s.fs, filepath.Join(s.o.Dir, "packs"))
	switch {
	case errors.Is(err, pack.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		rand.Read(sb.Store[:])
		rand.Read(sb.Key[:])
	case err != nil:
		return sb, err
	}
	text, err := sb.encode(s.o.Clock())
	if err != nil {
		return sb, err
	}
	// An earlier process may have made the folder, and died before it flushed its name.
	if err := s.fs.SyncDir(filepath.Dir(s.o.Dir)); err != nil {
		return sb, err
	}
	return sb, readOnly(object.WriteFileAtomic(s.fs, path, text))
}

func readOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrReadOnlyFS, err)
	}
	return err
}
