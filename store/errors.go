package store

import (
	"errors"
	"fmt"
	"io/fs"
)

// The errors of the store. Each wraps the fs.Err… value that means the same.
// server/httperr holds the one table that turns them into HTTP statuses.
var (
	// ErrNotExist: no such node, version, upload, lock or account, or one that the
	// scope may not know of.
	ErrNotExist = fmt.Errorf("not found: %w", fs.ErrNotExist)
	// ErrBackup: the folder is a backup, not to be served from.
	ErrBackup = errors.New("the folder is a backup: restore it to another one")
	// ErrOccupied: the folder that a backup or a store is to go to holds other things.
	ErrOccupied = errors.New("the folder holds other things")
	// ErrExist: the name is taken.
	ErrExist = fmt.Errorf("the name is taken: %w", fs.ErrExist)
	// ErrNoParent: the folder that should hold the node is not there.
	ErrNoParent = errors.New("the parent folder does not exist")
	// ErrNotFolder: a path goes on below a file.
	ErrNotFolder = errors.New("not a folder")
	// ErrIsFolder: the operation is for files.
	ErrIsFolder = errors.New("is a folder")
	// ErrName: not a name that can be stored.
	ErrName = fmt.Errorf("invalid name: %w", fs.ErrInvalid)
	// ErrPathTooLong: more than MaxPathDepth names.
	ErrPathTooLong = errors.New("the path has too many levels")
	// ErrPermission: the scope lacks the right.
	ErrPermission = fmt.Errorf("not allowed: %w", fs.ErrPermission)
	// ErrRoot: the root of a space cannot be removed, moved or overwritten.
	ErrRoot = fmt.Errorf("the root of a space stays where it is: %w", fs.ErrPermission)
	// ErrIntoItself: a folder cannot be moved or copied into itself, nor over a
	// folder that holds it.
	ErrIntoItself = errors.New("source and destination contain one another")
	// ErrSame: source and destination are the same node.
	ErrSame = errors.New("source and destination are the same")
	// ErrPrecondition: If-Match, If-None-Match or a guard did not hold.
	ErrPrecondition = errors.New("precondition failed")
	// ErrLocked: a lock whose token was not submitted forbids it. See LockedError.
	ErrLocked = errors.New("locked")
	// ErrLockLimit: the account holds too many locks.
	ErrLockLimit = errors.New("too many locks")
	// ErrQuota: the space's quota does not allow so many bytes.
	ErrQuota = errors.New("quota exceeded")
	// ErrNoSpace: the disk is full, or nearly.
	ErrNoSpace = errors.New("the disk is full")
	// ErrIncomplete: the body ended before its declared length.
	ErrIncomplete = errors.New("the body is shorter than declared")
	// ErrTooLong: the body goes on after its declared length.
	ErrTooLong = errors.New("the body is longer than declared")
	// ErrRead: the body could not be read to its end (the client went away).
	ErrRead = errors.New("the body could not be read")
	// ErrOffset: the bytes do not start where the upload ends.
	ErrOffset = errors.New("wrong offset")
	// ErrBusy: another request is writing to this upload.
	ErrBusy = errors.New("in use by another request")
	// ErrUploadLimit: the account has MaxUploads unfinished uploads.
	ErrUploadLimit = errors.New("too many unfinished uploads")
	// ErrDigest: the bytes do not come to the digest that was announced, or its
	// algorithm is not known.
	ErrDigest = errors.New("the digest does not fit")
	// ErrFinished: the upload is complete and takes no more bytes.
	ErrFinished = errors.New("the upload is finished")
	// ErrSnapshotLimit: the space has MaxSnapshots.
	ErrSnapshotLimit = errors.New("too many snapshots")
	// ErrSyncPoint: what has changed since cannot be told: it is a moment of another space or of
	// another life of the store, or too much is gone, or has changed.
	ErrSyncPoint = errors.New("what has changed since then cannot be told")
	// ErrHistory: the change log does not go back so far.
	ErrHistory = errors.New("the change log does not go back so far")
	// ErrUndoLimit: more than MaxRevert or MaxUndo nodes would change at once.
	ErrUndoLimit = errors.New("too many changes at once")
	// ErrSnapshot: a snapshot needs it, so it cannot be deleted before that is.
	ErrSnapshot = errors.New("a snapshot needs it")
	// ErrPropsTooLarge: the dead properties of one node would be too many bytes.
	ErrPropsTooLarge = errors.New("too many or too large properties")
	// ErrCorrupt: stored bytes fail their checksum or are missing.
	ErrCorrupt = errors.New("stored data is damaged")
	// ErrStopped: writes stopped after a failed flush or commit; reopen the store.
	ErrStopped = errors.New("the store takes no writes until it is restarted")
	// ErrClosed: the store is shut.
	ErrClosed = fmt.Errorf("the store is closed: %w", fs.ErrClosed)
	// ErrInUse: another process has the data folder.
	ErrInUse = errors.New("the data folder is in use by another process")
	// ErrScratch: verify's folder for temporary files failed; no fault of the store.
	ErrScratch = errors.New("temporary files")
	// ErrTooNew: written by a newer version of Cairn.
	ErrTooNew = errors.New("written by a newer version")
	// ErrUnsafeFS: the data folder is on a file system that does not keep what is
	// flushed (tmpfs) or does not lock (network).
	ErrUnsafeFS = errors.New("the data folder's file system is not safe")
	// ErrReadOnlyFS: the data folder cannot be written.
	ErrReadOnlyFS = errors.New("the data folder cannot be written")
)

// OpError says which operation failed on which path. It is what the store returns
// at its edge; errors.Is finds the sentinel inside.
type OpError struct {
	Op   string
	Path string
	Err  error
}

func (e *OpError) Error() string {
	if e.Path == "" {
		return e.Op + ": " + e.Err.Error()
	}
	return e.Op + " " + e.Path + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *OpError) Unwrap() error { return e.Err }

// LockedError is an ErrLocked that names the locks in the way. Path is that of the
// locked node, relative to the scope.
type LockedError struct {
	Path  Path
	Locks []Lock
}

func (e *LockedError) Error() string { return "locked: " + string(e.Path) }

// Is makes errors.Is(err, ErrLocked) true.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }
