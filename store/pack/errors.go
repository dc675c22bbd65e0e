package pack

import "errors"

// The errors that callers tell apart with errors.Is.
var (
	// ErrReplaced: the pack was compacted, so that offsets that were asked for before are
	// those of another file: ask again.
	ErrReplaced = errors.New("replaced by its next generation")
	// ErrDoubt: a file may have its name or not, if the power goes.
	ErrDoubt = errors.New("in doubt")
	// ErrVersion: the pack is of another format version, or uses a feature that this
	// program does not know.
	ErrVersion = errors.New("pack of an unknown format")
	// ErrForeign: the pack belongs to another store.
	ErrForeign = errors.New("pack of another store")
	// ErrNotFound: no such pack, or no record with that ordinal in it.
	ErrNotFound = errors.New("no such record")
	// ErrCorrupt: stored bytes fail a checksum or are missing.
	ErrCorrupt = errors.New("damaged pack")
	// ErrLaneFailed: a flush failed, or an append and the cut after it. The pack takes no
	// more records. Those that were not flushed are gone from this Set; a later Recover
	// may find them again, or not.
	ErrLaneFailed = errors.New("the pack is abandoned")
	// ErrRotated: the lane has gone on to another pack.
	ErrRotated = errors.New("the lane has another pack")
	// ErrPinned: the pack is pinned, open or not draining, so it cannot be dropped.
	ErrPinned = errors.New("the pack is in use")
	// ErrTooLarge: a record above MaxStored, or more records than a pack can hold.
	ErrTooLarge = errors.New("too large for a pack")
	// ErrClosed: the set is closed.
	ErrClosed = errors.New("pack set is closed")
)
