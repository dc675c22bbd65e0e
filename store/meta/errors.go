package meta

import (
	"errors"
	"fmt"
)

// The errors of this package; the store maps them onto its own.
var (
	// ErrTooNew: the schema or a commit record is of a newer version.
	ErrTooNew = errors.New("written by a newer version")
	// ErrStopped: a commit failed after its record may have become durable. Nothing
	// is written until the store is reopened, which replays what is durable.
	ErrStopped = errors.New("writes stopped")
	// ErrNotLogged: a Log is certain that the record is not there and will not be. The
	// commit has failed as a whole; the next may be tried.
	ErrNotLogged = errors.New("commit record not written")
	// ErrClosed: the database is shut.
	ErrClosed = errors.New("database closed")
	// ErrFull: the disk is full.
	ErrFull = errors.New("no space for the database")
	// ErrTooLarge: one change would be more than a commit record takes.
	ErrTooLarge = errors.New("too large a change for one commit")
	// ErrGap: commit records are missing between the database and the packs.
	ErrGap = errors.New("commit records are missing")
)

// dbError names the failures of the database that callers tell apart.
func dbError(err error) error {
	const sqliteFull = 13
	var coded interface{ Code() int }
	if errors.As(err, &coded) && coded.Code()&0xff == sqliteFull {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
