package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"

	"cairn/server/transfer"
	"cairn/store"
)

// entry is a file or folder as the app sees it.
type entry struct {
	ID     string `json:"id"` // 16 hexadecimal digits
	Name   string `json:"name"`
	Folder bool   `json:"folder"`
	Size   int64  `json:"size"`  // of a folder: of all below
	Files  int64  `json:"files"` // of a folder: however deep; else 0
	MTime  int64  `json:"mtime"` // milliseconds since 1970
	ETag   string `json:"etag"`  // without quotes
}

// entryAt is the entry of what is at p. The top has no name.
func entryAt(n *store.Node, p store.Path) entry {
	e := entryOf(n)
	if p.IsRoot() {
		e.Name = ""
	}
	return e
}

func entryOf(n *store.Node) entry {
	e := entry{ID: n.ID.String(), Name: n.Name, Folder: n.IsFolder(), Size: n.Size, MTime: n.ModTime.UnixMilli(), ETag: n.ETag()}
	if e.Folder {
		e.Size, e.Files = n.Bytes, n.Files
	}
	return e
}

// answerBuffer is how much of an answer is collected before it is sent.
const answerBuffer = 32 << 10

// stream writes an answer of JSON as it comes about: what is longer than its buffer
// leaves in pieces, each under a deadline. An error before the first of them can still
// be told.
type stream struct {
	*bufio.Writer
	q   *request
	enc *json.Encoder
}

func (q *request) stream() *stream {
	s := &stream{q: q}
	s.Writer = bufio.NewWriterSize(begun{q.w}, answerBuffer)
	s.enc = json.NewEncoder(s)
	s.enc.SetEscapeHTML(false)
	return s
}

// begun sends the header with the first bytes.
type begun struct{ w *transfer.Answer }

func (b begun) Write(p []byte) (int, error) {
	if !b.w.Started() {
		b.w.Header().Set("Content-Type", "application/json")
		b.w.WriteHeader(http.StatusOK)
	}
	return b.w.Write(p)
}

// value writes v, which can be marshalled.
func (s *stream) value(v any) error { return s.enc.Encode(v) }

// end sends what is left.
func (s *stream) end() error {
	if !s.q.w.Started() { // it is all in the buffer
		s.q.w.Header().Set("Content-Length", strconv.Itoa(s.Buffered()))
	}
	if s.q.r.Method == http.MethodHead {
		s.q.w.Header().Set("Content-Type", "application/json")
		s.q.w.WriteHeader(http.StatusOK)
		return nil
	}
	return s.Flush()
}

// json answers with v whole; the request's body is done with.
func (q *request) json(v any) error {
	q.forget()
	s := q.stream()
	if err := s.value(v); err != nil {
		return err
	}
	return s.end()
}
