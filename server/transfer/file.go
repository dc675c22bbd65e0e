package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"cairn/store"
)

// Opener is what Open asks of a store.
type Opener interface {
	Stat(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error)
	Open(ctx context.Context, sc store.Scope, p store.Path) (store.Content, error)
}

// Open finds the node at p, and for GET of a file opens it: the node is then that of
// the content which is served, whatever happens to the name meanwhile. For HEAD, and
// for a folder, c is nil. Close it. ErrNotExist.
func Open(r *http.Request, st Opener, sc store.Scope, p store.Path) (n store.Node, c store.Content, err error) {
	if r.Method == http.MethodGet {
		c, err = st.Open(r.Context(), sc, p)
		if err == nil {
			return c.Node(), c, nil
		}
		if !errors.Is(err, store.ErrIsFolder) {
			return n, nil, err
		}
	}
	n, err = st.Stat(r.Context(), sc, p)
	if err == nil && !n.IsFolder() && r.Method == http.MethodGet {
		err = store.ErrNotExist // it was a folder a moment ago
	}
	return n, nil, err
}

// FileOptions say how a file is served.
type FileOptions struct {
	// Attachment has it saved rather than shown, whatever its type.
	Attachment bool
	// Digests tell what the file comes to, to who asks for it; nil: nobody is told.
	Digests *Digests
}

// File answers GET or HEAD with the file n (RFC 9110 §9.3.1), whole or in ranges,
// under all conditions, with headers that keep a hostile file harmless; c is its
// content, and may be nil for HEAD. By sendfile where the connection and the stored
// bytes allow. Memory does not grow with the file, nor while a client is slow.
//
// An error comes before the answer has begun (ErrPrecondition, or what kept the
// first byte from being read), or after it (Started): Abort then.
func (a *Answer) File(n *store.Node, c store.Content, o FileOptions) error {
	cond := ReadConditions(a.r.Header)
	if !cond.Current(n) {
		return store.ErrPrecondition
	}
	if cond.Known(n) || len(a.r.Header.Values("If-None-Match")) == 0 && !modified(a.r, n) {
		describe(a.Header(), n)
		a.WriteHeader(http.StatusNotModified)
		return nil
	}
	ranges, ok := a.ranges(n)
	partial := len(ranges) > 0
	switch {
	case !ok:
		describe(a.Header(), n)
		a.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", n.Size))
		a.Header().Set("Content-Length", "0")
		a.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return nil
	case len(ranges) == 0:
		ranges = []byteRange{{0, n.Size}}
	}
	a.tellDigest(n, c, o.Digests)
	if c == nil || a.r.Method == http.MethodHead {
		describe(a.Header(), n)
		guard(a.Header(), ContentType(n.Name), n.Name, o.Attachment)
		a.Header().Set("Content-Length", strconv.FormatInt(n.Size, 10))
		a.WriteHeader(http.StatusOK)
		return nil
	}
	if len(ranges) == 1 {
		buf := leads.Get().(*[]byte)
		lead := (*buf)[:min(ranges[0].length, maxLead)]
		if err := readWhole(c, lead, ranges[0].start); err != nil {
			leads.Put(buf)
			return err
		}
		return a.sendOne(n, o, ranges[0], partial, c, lead, func() { leads.Put(buf) })
	}
	if err := readable(c, ranges[0]); err != nil {
		return err
	}
	describe(a.Header(), n)
	guard(a.Header(), ContentType(n.Name), n.Name, o.Attachment)
	return a.sendParts(n, c, ranges)
}

// describe sets what is told of n whether its bytes are sent or not.
func describe(h http.Header, n *store.Node) {
	SetValidators(h, n)
	h["Cache-Control"] = privateNoCache
	h["Accept-Ranges"] = acceptBytes
}

// Up to maxLead of a body is read before the answer begins, while a pack that is damaged, or
// cannot be opened, can still be told by a status, and is written with the header: sendfile
// takes more system calls than the copy costs, and net/http looks at the first bytes of what
// it is to send by it.
const maxLead = 16 << 10

var leads = sync.Pool{New: func() any { b := make([]byte, maxLead); return &b }}

// readWhole fills p from off on.
func readWhole(c store.Content, p []byte, off int64) error {
	n, err := c.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// readable tries the first byte, while a pack that is damaged, or cannot be opened for
// want of a descriptor, can still be told by a status.
func readable(c store.Content, br byteRange) error {
	if c == nil || br.length == 0 { // HEAD
		return nil
	}
	return readWhole(c, make([]byte, 1), br.start)
}

// ranges is what the request asks for of n; none: all of it. Not ok: nothing of it
// is there (416). Range means something to GET alone (RFC 9110 §14.2).
func (a *Answer) ranges(n *store.Node) (ranges []byteRange, ok bool) {
	v := a.r.Header.Get("Range")
	if v == "" || a.r.Method != http.MethodGet || !ifRange(a.r, n) {
		return nil, true
	}
	return parseRange(v, n.Size)
}

// sendParts answers with several runs, as multipart/byteranges (RFC 9110 §14.6).
func (a *Answer) sendParts(n *store.Node, c store.Content, ranges []byteRange) error {
	boundary := "cairn-" + n.ETag()
	heads := make([]string, len(ranges)+1)
	var total int64
	for i, br := range ranges {
		heads[i] = "\r\n--" + boundary + "\r\nContent-Type: " + ContentType(n.Name) +
			"\r\nContent-Range: " + br.contentRange(n.Size) + "\r\n\r\n"
		total += int64(len(heads[i])) + br.length
	}
	heads[len(ranges)] = "\r\n--" + boundary + "--\r\n"
	total += int64(len(heads[len(ranges)]))
	a.Header().Set("Content-Type", "multipart/byteranges; boundary="+boundary)
	a.Header().Set("Content-Length", strconv.FormatInt(total, 10))
	a.WriteHeader(http.StatusPartialContent)
	w := sink(a)
	for i, head := range heads {
		a.extend()
		if _, err := io.WriteString(w, head); err != nil {
			return err
		}
		if i < len(ranges) {
			if err := a.sendRange(w, c, ranges[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxPiece is how much is sent under one write deadline: with the default of 2 min, a
// client may be as slow as 9 KB/s. Pieces end at its multiples, where chunks tend to.
const maxPiece = 1 << 20

// sendRange writes a run of bytes, piece by piece, each with its own deadline.
func (a *Answer) sendRange(w io.Writer, c store.Content, br byteRange) error {
	for off, end := br.start, br.start+br.length; off < end; {
		a.extend()
		n, err := c.WriteRange(a.r.Context(), w, off, min(maxPiece-off%maxPiece, end-off))
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		off += n
	}
	return nil
}

// sink is the outermost writer at or below w that takes an io.Reader, which net/http
// feeds by sendfile; frameworks wrap it and hide that. The status must have been sent,
// through w.
func sink(w http.ResponseWriter) io.Writer {
	for at := w; ; {
		if _, ok := at.(io.ReaderFrom); ok {
			return at
		}
		u, ok := at.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		at = u.Unwrap()
	}
}
