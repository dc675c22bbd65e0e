// Package transfer moves bytes between HTTP and the store, for every door alike: a
// file to a client under all conditions and by sendfile, a body from one under a
// deadline that only idleness reaches, and the end of a request that was refused
// while its body was still on its way.
//
// It is plain net/http. The doors (dav, upload, api) share it and do not know one
// another.
package transfer

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"cairn/server/httperr"
)

// How long a client may take nothing of its answer, and send nothing of its body,
// unless a door says otherwise. No limit holds for a whole request.
const (
	WriteTimeout = 2 * time.Minute
	ReadTimeout  = time.Minute
)

// Answer is an http.ResponseWriter whose client may be slow, but not idle: each Write,
// and each piece of a file, has a deadline of its own. It knows whether the answer
// has begun. Not for concurrent use. Call Done when the request ends.
//
// It hides ReadFrom of the writer below, since that would run under one deadline; File
// finds it again.
type Answer struct {
	http.ResponseWriter
	r        *http.Request
	rc       *http.ResponseController
	timeout  time.Duration
	extended time.Time // when the write deadline was last set; zero: it is not
	started  bool
}

// NewAnswer makes the answer to r on w. A client that takes nothing for timeout,
// counted anew for each 1 MiB at most, is cut off; 0 is WriteTimeout.
func NewAnswer(w http.ResponseWriter, r *http.Request, timeout time.Duration) *Answer {
	if timeout <= 0 {
		timeout = WriteTimeout
	}
	return &Answer{ResponseWriter: w, r: r, rc: http.NewResponseController(w), timeout: timeout}
}

// Unwrap is for http.ResponseController.
func (a *Answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader sends the status; 1xx (but 101) come before it.
func (a *Answer) WriteHeader(status int) {
	a.started = a.started || status >= 200 || status == http.StatusSwitchingProtocols
	a.ResponseWriter.WriteHeader(status)
}

// Write sends a piece of the body.
func (a *Answer) Write(b []byte) (int, error) {
	a.started = true
	a.extend()
	return a.ResponseWriter.Write(b)
}

// Started reports whether a status has been sent: nothing else can be said then.
func (a *Answer) Started() bool { return a.started }

// Flush sends what is buffered below.
func (a *Answer) Flush() { a.rc.Flush() }

// extend gives the next piece of the answer its time. The deadline is set at most
// once a second.
func (a *Answer) extend() {
	if now := time.Now(); now.Sub(a.extended) > time.Second {
		a.rc.SetWriteDeadline(now.Add(a.timeout))
		a.extended = now
	}
}

// Done flushes under the write deadline, if one is set, and takes it away: net/http
// would leave it to the next request on the connection.
func (a *Answer) Done() {
	if !a.extended.IsZero() {
		a.rc.Flush()
		a.rc.SetWriteDeadline(time.Time{})
	}
}

// Abort breaks the connection of an answer that has begun and cannot be finished
// because of err, so that the client does not take a part for the whole. It logs err,
// for debugging only if it is the client who left, and panics with
// http.ErrAbortHandler.
func (a *Answer) Abort(log *slog.Logger, err error) {
	if level := slog.LevelError; httperr.Of(err).Status >= 500 || clientLeft(err) {
		if clientLeft(err) || a.r.Context().Err() != nil {
			level = slog.LevelDebug
		}
		log.Log(a.r.Context(), level, "answer broken off", "method", a.r.Method, "path", a.r.URL.Path,
			"error", err, "request_id", httperr.RequestID(a.r.Context()))
	}
	panic(http.ErrAbortHandler)
}

// clientLeft reports whether err is the connection's, once the answer has begun: the
// client has gone, or takes nothing.
func clientLeft(err error) bool {
	for _, gone := range []error{syscall.EPIPE, syscall.ECONNRESET, net.ErrClosed, os.ErrDeadlineExceeded} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}
