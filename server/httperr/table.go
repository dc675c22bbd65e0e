package httperr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"syscall"
	"time"

	"cairn/store"
)

// row is one line of the table: an error that errors.Is finds, and what it means.
type row struct {
	is error
	Problem
}

// table is read from the top: a sentinel that wraps another stands above it. Where
// RFC 4918 gives one failure different statuses in different methods, the door
// changes the status (ErrExist of a COPY is 412, for instance).
func table() []row {
	return []row{
		{os.ErrDeadlineExceeded, Problem{Status: 408, Code: "timeout", Title: "No data arrived for too long.", Hint: "Check the connection and send the request again."}},
		{store.ErrNoParent, Problem{Status: 409, Code: "no-parent", Title: "The folder that should hold this does not exist.", Hint: "Create the parent folder first."}},
		{store.ErrNotFolder, Problem{Status: 409, Code: "not-a-folder", Title: "The path goes on below a file.", Hint: "Choose a place inside a folder."}},
		{store.ErrIsFolder, Problem{Status: 405, Code: "is-a-folder", Title: "There is a folder at this address.", Hint: "Choose another name, or write to a file inside the folder."}},
		{store.ErrExist, Problem{Status: 405, Code: "exists", Title: "The name is already taken.", Hint: "Choose another name, or remove what is there first."}},
		{store.ErrName, Problem{Status: 400, Code: "invalid-name", Title: "This name cannot be stored.", Hint: "Names are 1–255 bytes of UTF-8 without slashes and control characters, and not . or .."}},
		{store.ErrPathTooLong, Problem{Status: 414, Code: "path-too-long", Title: "The path has too many levels.", Hint: fmt.Sprintf("Use at most %d levels of folders.", store.MaxPathDepth)}},
		{store.ErrRoot, Problem{Status: 403, Code: "root", Title: "The top folder cannot be removed, moved or replaced.", Hint: "Choose something inside it."}},
		{store.ErrPermission, Problem{Status: 403, Code: "forbidden", Title: "You may not do this here.", Hint: "Ask the owner for the right to write."}},
		{store.ErrSame, Problem{Status: 403, Code: "same", Title: "Source and destination are the same.", Hint: "Choose another destination."}},
		{store.ErrIntoItself, Problem{Status: 403, Code: "into-itself", Title: "A folder cannot be put into itself, nor over a folder that holds it.", Hint: "Choose a destination outside of it."}},
		{store.ErrPrecondition, Problem{Status: 412, Code: "precondition-failed", Title: "This changed since you last looked, or a condition of the request does not hold.", Hint: "Reload, then try again."}},
		{store.ErrLocked, Problem{Status: 423, Code: "locked", Title: "This is locked.", Hint: "Wait until the lock is released, or ask whoever holds it.", Condition: "<D:lock-token-submitted/>"}},
		{store.ErrLockLimit, Problem{Status: 403, Code: "too-many-locks", Title: "Your account holds too many locks.", Hint: "Close files you no longer edit, or wait until old locks run out."}},
		{store.ErrQuota, Problem{Status: 507, Code: "quota-exceeded", Title: "Your quota does not allow this much.", Hint: "Delete files you no longer need, or ask the administrator for more.", Condition: "<D:quota-not-exceeded/>"}},
		{store.ErrNoSpace, Problem{Status: 507, Code: "disk-full", Title: "The server's disk is full.", Hint: "Tell the administrator; nothing was changed.", Condition: "<D:sufficient-disk-space/>"}},
		{store.ErrPropsTooLarge, Problem{Status: 507, Code: "properties-too-large", Title: "The properties of this resource would be too many or too large.", Hint: "Remove some first."}},
		{store.ErrIncomplete, Problem{Status: 400, Code: "incomplete", Title: "Fewer bytes arrived than were announced.", Hint: "Send the file again; what was there before is unchanged."}},
		{store.ErrTooLong, Problem{Status: 400, Code: "too-long", Title: "More bytes arrived than were announced.", Hint: "Send the file again with its right length; what was there before is unchanged."}},
		{store.ErrRead, Problem{Status: 400, Code: "aborted", Title: "The connection broke before everything arrived.", Hint: "Send the file again; what was there before is unchanged."}},
		{store.ErrUploadLimit, Problem{Status: 507, Code: "too-many-uploads", Title: "Too many uploads of yours are unfinished.", Hint: "Finish or discard some first; what is left alone for a week goes by itself."}},
		{store.ErrSnapshotLimit, Problem{Status: 507, Code: "too-many-snapshots", Title: "There are too many snapshots already.", Hint: fmt.Sprintf("Delete some that you no longer need; there can be %d.", store.MaxSnapshots)}},
		{store.ErrSnapshot, Problem{Status: 409, Code: "in-a-snapshot", Title: "A snapshot shows this, so it stays.", Hint: "Delete the snapshots that show it first."}},
		{store.ErrSyncPoint, Problem{Status: 403, Code: "sync-token", Title: "What has changed since then cannot be told.", Hint: "List everything again, and go on from the new token.", Condition: "<D:valid-sync-token/>"}},
		{store.ErrHistory, Problem{Status: 410, Code: "history-gone", Title: "The changes of that time are not kept any more.", Hint: "Go back to a snapshot, or restore single files from their versions or the trash."}},
		{store.ErrUndoLimit, Problem{Status: 413, Code: "too-many-changes", Title: "That is more than can be put back at once.", Hint: "Put back one folder after the other."}},
		{store.ErrDigest, Problem{Status: 400, Code: "wrong-digest", Title: "The bytes that arrived are not those that were announced.", Hint: "Send the file again; what was there before is unchanged."}},
		{store.ErrOffset, Problem{Status: 409, Code: "wrong-offset", Title: "These bytes do not continue where the upload ends.", Hint: "Ask for the current offset and go on from there."}},
		{store.ErrBusy, Problem{Status: 423, Code: "busy", Title: "Another request is writing to this upload.", Hint: "Wait for it to end, then try again.", RetryAfter: 1}},
		{store.ErrFinished, Problem{Status: 410, Code: "finished", Title: "This upload is already complete.", Hint: "Start a new one to send more."}},
		{store.ErrStopped, Problem{Status: 503, Code: "stopped", Title: "The server takes no changes until it is restarted.", Hint: "Tell the administrator: the disk failed to keep what was written. Reading still works.", RetryAfter: 60}},
		{store.ErrClosed, Problem{Status: 503, Code: "closing", Title: "The server is shutting down.", Hint: "Try again in a moment.", RetryAfter: 5}},
		{store.ErrCorrupt, Problem{Status: 500, Code: "damaged", Title: "Stored data is damaged.", Hint: "Tell the administrator; `cairn verify` says what is affected."}},
		{store.ErrNotExist, Problem{Status: 404, Code: "not-found", Title: "There is nothing at this address.", Hint: "It may have been moved or deleted: look in the folder above or in the trash."}},
		{context.DeadlineExceeded, Problem{Status: 503, Code: "overloaded", Title: "The server could not answer in time.", Hint: "Try again in a moment.", RetryAfter: 5}},
		{syscall.EMFILE, Problem{Status: 503, Code: "overloaded", Title: "The server has too many files open.", Hint: "Try again in a moment; if it stays, tell the administrator.", RetryAfter: 5}},
		{syscall.ENFILE, Problem{Status: 503, Code: "overloaded", Title: "The server has too many files open.", Hint: "Try again in a moment; if it stays, tell the administrator.", RetryAfter: 5}},
		{context.Canceled, Problem{Status: 499, Code: "cancelled", Title: "The request was cancelled.", Hint: "Send it again."}},
	}
}

var rows = table()

// Of says what err means to a client: the Problem inside it, if there is one, or its
// line of the table, else 500. The result's Cause is err. Of(nil) is a 500 too: ask
// only about errors.
func Of(err error) Problem {
	var p Problem
	if errors.As(err, &p) {
		return p
	}
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return Problem{Status: 413, Code: "too-large", Title: "The request is too large.", Hint: "Send less at once.", Cause: err}
	}
	for i := range rows {
		if errors.Is(err, rows[i].is) {
			p = rows[i].Problem
			p.Cause = err
			p.name(err)
			return p
		}
	}
	return Problem{Status: 500, Code: "internal", Title: "Something went wrong on the server.",
		Hint: "Try again; if it stays, tell the administrator the request id.", Cause: err}
}

// name adds who holds the lock in the way, and until when.
func (p *Problem) name(err error) {
	if !errors.As(err, &p.Locked) || len(p.Locked.Locks) == 0 {
		return
	}
	l := p.Locked.Locks[0]
	if l.UserName != "" {
		p.Hint = fmt.Sprintf("%s holds the lock until %s at the latest. Wait, or ask them.",
			l.UserName, l.Expires.UTC().Format(time.RFC3339))
	}
}
