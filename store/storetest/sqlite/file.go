package sqlite

import (
	"io"
	"path/filepath"

	"cairn/store/object"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// file is a file as SQLite has it open.
type file struct {
	object.File
	p      *Process
	path   string
	shared *shared
	level  vfs.LockLevel
	named  bool // its name needs no flush
	index  vfs.SharedMemory
}

func (f *file) Close() error {
	f.Unlock(vfs.LOCK_NONE)
	var err error
	if f.index != nil {
		err = f.index.Close()
	}
	if err2 := f.File.Close(); err == nil {
		err = err2
	}
	return err
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if err == io.EOF {
		return n, err
	}
	return n, coded(err, sqlite3.IOERR_READ)
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	return n, coded(err, sqlite3.IOERR_WRITE)
}

func (f *file) Truncate(size int64) error {
	return coded(f.File.Truncate(size), sqlite3.IOERR_TRUNCATE)
}

func (f *file) Sync(vfs.SyncFlag) error {
	if err := f.File.Sync(); err != nil {
		return coded(err, sqlite3.IOERR_FSYNC)
	}
	if f.named {
		return nil
	}
	f.named = true
	f.p.fs.SyncDir(filepath.Dir(f.path)) // SQLite does not ask how it ended
	return nil
}

func (f *file) Size() (int64, error) {
	n, err := f.File.Size()
	return n, coded(err, sqlite3.IOERR_FSTAT)
}

// Lock implements vfs.File: the locks of SQLite, within this process.
func (f *file) Lock(level vfs.LockLevel) error {
	if f.level >= level {
		return nil
	}
	s := f.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	switch level {
	case vfs.LOCK_SHARED:
		if s.pending {
			return sqlite3.BUSY
		}
		s.readers++
	case vfs.LOCK_RESERVED:
		if s.reserved {
			return sqlite3.BUSY
		}
		s.reserved = true
	case vfs.LOCK_EXCLUSIVE:
		if f.level < vfs.LOCK_PENDING {
			if s.pending || f.level < vfs.LOCK_RESERVED && s.reserved {
				return sqlite3.BUSY
			}
			s.reserved, s.pending, f.level = true, true, vfs.LOCK_PENDING
		}
		if s.readers > 1 {
			return sqlite3.BUSY
		}
	}
	f.level = level
	return nil
}

// Unlock implements vfs.File.
func (f *file) Unlock(level vfs.LockLevel) error {
	if f.level <= level {
		return nil
	}
	s := f.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.level >= vfs.LOCK_RESERVED {
		s.reserved = false
	}
	if f.level >= vfs.LOCK_PENDING {
		s.pending = false
	}
	if level < vfs.LOCK_SHARED {
		s.readers--
	}
	f.level = level
	return nil
}

// CheckReservedLock implements vfs.File.
func (f *file) CheckReservedLock() (bool, error) {
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	return f.shared.reserved, nil
}

// SharedMemory implements vfs.FileSharedMemory: the index of the write-ahead log.
func (f *file) SharedMemory() vfs.SharedMemory { return f.index }

// SectorSize and DeviceCharacteristics are those that SQLite assumes on Unix.
func (f *file) SectorSize() int { return 4096 }

// DeviceCharacteristics implements vfs.File.
func (f *file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE
}
