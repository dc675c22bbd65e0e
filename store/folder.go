package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"cairn/store/object"
	"cairn/store/pack"
)

// formatVersion is that of the data folder as a whole.
const formatVersion = 0

// superblock is DATA/cairn.json: what cannot be told from the database alone. It is
// written once, and made again from the header of any pack if it is lost.
type superblock struct {
	Store [16]byte
	Key   [32]byte
}

type superblockJSON struct {
	Format  int       `json:"format"`
	Store   string    `json:"store"`
	Key     string    `json:"key"`
	Created time.Time `json:"created"`
}

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
	path := filepath.Join(dir, "cairn.json")
	text, err := s.fs.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.newSuperblock(ctx, path)
	case err != nil:
		return sb, err
	}
	var j superblockJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return sb, fmt.Errorf("%w: cairn.json: %w", ErrCorrupt, err)
	}
	if j.Format != formatVersion {
		return sb, fmt.Errorf("%w: the data folder has format %d, this version knows %d", ErrTooNew, j.Format, formatVersion)
	}
	id, err1 := hex.DecodeString(j.Store)
	key, err2 := hex.DecodeString(j.Key)
	if err1 != nil || err2 != nil || copy(sb.Store[:], id) != len(sb.Store) || copy(sb.Key[:], key) != len(sb.Key) {
		return sb, fmt.Errorf("%w: cairn.json: not a store id and key", ErrCorrupt)
	}
	return sb, nil
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
	text, err := json.MarshalIndent(superblockJSON{formatVersion, hex.EncodeToString(sb.Store[:]), hex.EncodeToString(sb.Key[:]),
		s.o.Clock().UTC().Truncate(time.Second)}, "", "  ")
	if err != nil {
		return sb, err
	}
	return sb, readOnly(object.WriteFileAtomic(s.fs, path, append(text, '\n')))
}

func readOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrReadOnlyFS, err)
	}
	return err
}
