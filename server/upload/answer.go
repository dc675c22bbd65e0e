package upload

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"
)

// answer is what tusd writes to: success goes on, but with a Location that is only a
// path (tusd builds an address from the Host header, which proxies change); an error is
// held back, to be sent as a problem.
type answer struct {
	http.ResponseWriter
	q      *request
	prefix string
	origin string // before the path of a Location
	status int
	text   bytes.Buffer // of an error, at most 4 KiB
}

// SetReadDeadline keeps tusd from the connection, which it would touch after its
// request has ended, too: over HTTP/2 that is a crash, over HTTP/1 somebody else's
// request. The body has its own watch. What tusd wants to end, it ends with a deadline
// that has passed.
func (a *answer) SetReadDeadline(t time.Time) error {
	if a.q.body != nil && !t.After(time.Now()) {
		a.q.body.Stop()
	}
	return nil
}

// SetWriteDeadline likewise: answers are small, and net/http sends them.
func (a *answer) SetWriteDeadline(time.Time) error { return nil }

func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	h := a.Header()
	if status >= 200 {
		a.status = status
	}
	if status >= 400 {
		h.Del("Content-Length")
		h.Del("Content-Type")
		if a.q.created != (store.UploadID{}) { // made, but not all of it arrived
			h.Set("Location", a.location(a.q.created.String()))
		}
		return
	}
	if at := h.Get("Location"); at != "" {
		h.Set("Location", a.location(at[strings.LastIndexByte(at, '/')+1:]))
	}
	if !a.q.expires.IsZero() {
		h.Set("Upload-Expires", a.q.expires.UTC().Format(http.TimeFormat))
	}
	h.Set("Cache-Control", "no-store")
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) location(id string) string {
	return a.origin + (&url.URL{Path: a.prefix + "/" + id}).EscapedPath()
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.status >= 400 {
		a.text.Write(p[:min(len(p), 4<<10-a.text.Len())])
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// problem is the held error in our words.
func (a *answer) problem() error {
	if b := a.q.body; b != nil { // what tusd makes of these depends on who was first
		switch err := b.Err(); {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return problems["ERR_READ_TIMEOUT"]
		case errors.Is(err, transfer.ErrStopped):
			return problems["ERR_UPLOAD_INTERRUPTED"]
		}
	}
	if a.q.err != nil {
		return a.q.err
	}
	code, text, _ := strings.Cut(strings.TrimSpace(a.text.String()), ": ")
	if p, ok := problems[code]; ok {
		return p
	}
	p := httperr.Problem{Status: a.status, Code: "tus", Title: "The request is not proper tus.", Hint: text}
	if a.status >= 500 {
		p.Title, p.Hint = "Something went wrong on the server.", "Try again."
	}
	return p
}

// problems are tusd's own errors in our words, and with the statuses that make clients
// do what is right: 423 and 5xx are tried again.
var problems = map[string]httperr.Problem{
	"ERR_UNSUPPORTED_VERSION": {Status: 412, Code: "tus-version", Title: "This is a door for tus 1.0.", Hint: "Send Tus-Resumable: 1.0.0."},
	"ERR_INVALID_CONTENT_TYPE": {Status: 415, Code: "media-type", Title: "The bytes of an upload have another type.",
		Hint: "Send Content-Type: application/offset+octet-stream."},
	"ERR_INVALID_UPLOAD_LENGTH":       {Status: 400, Code: "upload-length", Title: "Upload-Length is missing or wrong.", Hint: "Send the size of the file in bytes, or Upload-Defer-Length: 1."},
	"ERR_AMBIGUOUS_UPLOAD_LENGTH":     {Status: 400, Code: "upload-length", Title: "Upload-Length and Upload-Defer-Length exclude one another.", Hint: "Send one of them."},
	"ERR_INVALID_UPLOAD_LENGTH_DEFER": {Status: 400, Code: "upload-length", Title: "Upload-Defer-Length is wrong.", Hint: "Its only value is 1."},
	"ERR_INVALID_OFFSET":              {Status: 400, Code: "upload-offset", Title: "Upload-Offset is missing or wrong.", Hint: "Ask for the current offset by HEAD and send it."},
	"ERR_MISMATCHED_OFFSET":           {Status: 409, Code: "wrong-offset", Title: "These bytes do not continue where the upload ends.", Hint: "Ask for the current offset by HEAD and go on from there."},
	"ERR_INVALID_CONCAT":              {Status: 400, Code: "concatenation", Title: "Upload-Concat cannot be read.", Hint: "Write partial, or final; and the addresses of the parts, with spaces between."},
	"ERR_MODIFY_FINAL":                {Status: 403, Code: "concatenation", Title: "A file that was joined from parts takes no bytes.", Hint: "Send the bytes to its parts, before they are joined."},
	"ERR_UPLOAD_NOT_FOUND":            {Status: 404, Code: "not-found", Title: "There is no such upload.", Hint: "It may have been finished or dropped, or is somebody else's."},
	"ERR_UPLOAD_NOT_FINISHED":         {Status: 400, Code: "incomplete", Title: "A part is not complete.", Hint: "Send the rest of it first."},
	"ERR_UPLOAD_SIZE_EXCEEDED":        {Status: 413, Code: "too-long", Title: "More bytes arrived than were announced.", Hint: "Ask for the current offset by HEAD and send the rest, or begin again with the right length."},
	"ERR_UPLOAD_LOCKED":               {Status: 423, Code: "busy", Title: "Another request is writing to this upload.", Hint: "Try again in a moment.", RetryAfter: 1},
	"ERR_LOCK_TIMEOUT":                {Status: 423, Code: "busy", Title: "Another request is writing to this upload.", Hint: "Try again in a moment.", RetryAfter: 1},
	"ERR_UPLOAD_INTERRUPTED":          {Status: 423, Code: "busy", Title: "Another request has taken over this upload.", Hint: "Ask for the current offset by HEAD and go on from there.", RetryAfter: 1},
	"ERR_UNEXPECTED_EOF":              {Status: 400, Code: "aborted", Title: "The connection broke before everything arrived.", Hint: "What arrived is kept: ask for the current offset by HEAD and go on from there."},
	"ERR_CONNECTION_RESET":            {Status: 400, Code: "aborted", Title: "The connection broke before everything arrived.", Hint: "What arrived is kept: ask for the current offset by HEAD and go on from there."},
	"ERR_READ_TIMEOUT":                {Status: 408, Code: "timeout", Title: "No data arrived for too long.", Hint: "What arrived is kept: ask for the current offset by HEAD and go on from there."},
	"ERR_SERVER_SHUTDOWN":             {Status: 503, Code: "closing", Title: "The server is shutting down.", Hint: "Try again in a moment.", RetryAfter: 5},
}
