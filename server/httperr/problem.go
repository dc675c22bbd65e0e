// Package httperr holds the one table that turns an error of the store into an HTTP
// status and words a person can act on, and the three forms in which a door sends
// them: problem+json (RFC 9457), a DAV error body (RFC 4918 §16), and plain text.
package httperr

import (
	"context"
	"fmt"
	"net/http"

	"cairn/store"
)

// Problem is what a client is told about a failure. It is an error itself, so that a
// door may return one where the store has no word for what went wrong; Of finds it.
// The zero value means nothing: set at least Status, Code and Title.
type Problem struct {
	// Status is the HTTP status, 400–599.
	Status int
	// Code names the kind of failure for programs: lower case, words joined by "-".
	// It never changes once published.
	Code string
	// Title says in one short sentence what is wrong, Hint what the reader can do.
	// Neither holds a path, a secret or anything else that came from the client.
	Title, Hint string
	// Condition is the DAV precondition as XML with the prefix D bound to "DAV:",
	// such as <D:quota-not-exceeded/>; empty: none.
	Condition string
	// RetryAfter is in seconds; 0: no such header.
	RetryAfter int
	// Allow is the Allow header of a 405; empty: none.
	Allow string
	// Locked names the locks in the way of a 423, if the store named them.
	Locked *store.LockedError
	// Cause is what happened, for the log only; may be nil.
	Cause error
}

// Error is for the log: it holds the cause, which may hold paths.
func (p Problem) Error() string {
	if p.Cause != nil {
		return fmt.Sprintf("%d %s: %v", p.Status, p.Code, p.Cause)
	}
	return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Title)
}

// Unwrap gives the cause.
func (p Problem) Unwrap() error { return p.Cause }

// BadRequest is a 400 that says title and hint.
func BadRequest(code, title, hint string) Problem {
	return Problem{Status: http.StatusBadRequest, Code: code, Title: title, Hint: hint}
}

type requestIDKey struct{}

// WithRequestID puts the id of a request into its context, for RequestID.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id that WithRequestID put there, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
