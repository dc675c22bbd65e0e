package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"cairn/server/httperr"
	"cairn/store"
)

// Bounds of what a request brings.
const (
	maxItems = 1000
	// Bodies above smallBody are rare: so many are on their way at once as
	// transfer.Arriving allows. What is made of one takes up to jsonCopies of it.
	smallBody  = 64 << 10
	jsonCopies = 3
)

// decode reads the request's body as one JSON value into what into points to, which
// names every member there may be. Errors: 415, 413, 408, 400, and 503 where too many
// large bodies are on their way.
func (q *request) decode(into any) error {
	if t, _, err := mime.ParseMediaType(q.r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return httperr.Problem{Status: http.StatusUnsupportedMediaType, Code: "media-type", // a form of another site cannot send JSON
			Title: "The request is not JSON.", Hint: "Send it with Content-Type: application/json."}
	}
	text, err := q.text()
	if err != nil {
		return err
	}
	if !utf8.Valid(text) {
		return badJSON("is not UTF-8", nil)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return describe(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return badJSON("goes on after its end", nil)
	}
	return nil
}

// text reads the body, of at most maxBodyBytes.
func (q *request) text() ([]byte, error) {
	size := q.r.ContentLength
	if size > maxBodyBytes {
		return nil, &http.MaxBytesError{Limit: maxBodyBytes}
	}
	q.body.Until(time.Now().Add(q.a.o.ReadTimeout))
	text, err := io.ReadAll(io.LimitReader(q.body, smallBody))
	if err != nil {
		return nil, unread(err)
	}
	if len(text) < smallBody {
		return text, nil
	}
	if size < 0 {
		size = maxBodyBytes
	}
	if !q.a.arriving.Take(q.sc.User, jsonCopies*size) {
		return nil, httperr.Problem{Status: http.StatusServiceUnavailable, Code: "overloaded", RetryAfter: 5,
			Title: "Too many large requests are on their way.", Hint: "Try again in a moment."}
	}
	q.held = jsonCopies * size
	rest := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // it would grow for the last, empty read
	rest.Write(text)
	n, err := rest.ReadFrom(io.LimitReader(q.body, size-smallBody+1))
	switch {
	case err != nil:
		return nil, unread(err)
	case n > size-smallBody:
		return nil, &http.MaxBytesError{Limit: size}
	}
	return rest.Bytes(), nil
}

// forget lets go of a large body, before its request is answered: the answer's reader
// may send the next one. It may be called again.
func (q *request) forget() {
	if q.held > 0 {
		q.a.arriving.Give(q.sc.User, q.held)
		q.held = 0
	}
}

// unread is what a body that could not be read to its end means: the client fell
// silent, or went away.
func unread(err error) error { return fmt.Errorf("%w: %w", store.ErrRead, err) }

func badJSON(what string, cause error) error {
	return httperr.Problem{Status: http.StatusBadRequest, Code: "bad-json", Cause: cause,
		Title: "The request's JSON " + what + ".", Hint: "It is not what this address takes."}
}

// describe says what is wrong in words that hold nothing of the client's.
func describe(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var own httperr.Problem
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return badJSON("ends too early", err)
	case errors.As(err, &kind) && kind.Field != "": // a name of ours
		return badJSON("has the wrong type at "+kind.Field, err)
	case errors.As(err, &kind):
		return badJSON("has the wrong type", err)
	case errors.As(err, &syntax):
		return badJSON(fmt.Sprintf("is not well-formed at byte %d", syntax.Offset), err)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return badJSON("has a member that is not known here", err)
	}
	return badJSON("cannot be read", err)
}

// items is a JSON list of at most maxItems; a longer one is refused before it is
// taken apart, since that takes many times its bytes.
type items[T any] []T

// UnmarshalJSON is for encoding/json.
func (l *items[T]) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return badJSON("has something else in the place of a list", err)
	}
	*l = items[T]{}
	for d.More() {
		if len(*l) == maxItems {
			return httperr.BadRequest("too-many", "The request's list is too long.", fmt.Sprintf("Send at most %d at once.", maxItems))
		}
		var item T
		if err := d.Decode(&item); err != nil {
			return describe(err)
		}
		*l = append(*l, item)
	}
	return nil
}

// pathText is a path as the client wrote it.
type pathText string

// noPath is none: store.ParsePath refuses it.
const noPath = "\x00"

// UnmarshalJSON is for encoding/json, which makes U+FFFD of half a surrogate pair.
// Names are kept as they are given or refused, so that makes it noPath.
func (p *pathText) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) == 0 || b[0] != '"' {
		return badJSON("has something else in the place of a path", nil)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	const lost = "\uFFFD"
	if n := strings.Count(s, lost); n > 0 && n > strings.Count(string(b), lost)+strings.Count(strings.ToLower(string(b)), `\ufffd`) {
		s = noPath
	}
	*p = pathText(s)
	return nil
}
