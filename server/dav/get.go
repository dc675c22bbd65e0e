package dav

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cairn/store"
)

// get serves a file (RFC 9110 §9.3.1), whole or in ranges, under all conditions, by
// sendfile where the connection and the stored bytes allow; a collection gets a page
// that says how to mount it. Memory does not grow with the file, nor while a client
// is slow; one that takes nothing for WriteTimeout is cut off.
//
// x/net/webdav serves POST like GET, says 404 whatever is wrong, and reads the first
// bytes of a file to guess its type, for HEAD too.
func (q *request) get() error {
	if err := q.checkIf(); err != nil {
		return err
	}
	n, c, err := q.open()
	if err != nil {
		return err
	}
	if n.IsFolder() {
		return q.page(&n)
	}
	if c != nil {
		defer c.Close()
	}
	q.setValidators(&n)
	q.w.Header().Set("Cache-Control", "private, no-cache")
	q.w.Header().Set("Accept-Ranges", "bytes")
	if !q.cond.current(&n) {
		return store.ErrPrecondition
	}
	if q.cond.known(&n) || len(q.r.Header.Values("If-None-Match")) == 0 && !modified(q.r, &n) {
		return q.status(http.StatusNotModified)
	}
	ranges, ok := q.ranges(&n)
	partial := len(ranges) > 0
	switch {
	case !ok:
		q.w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", n.Size))
		q.w.Header().Set("Content-Length", "0")
		return q.status(http.StatusRequestedRangeNotSatisfiable)
	case len(ranges) == 0:
		ranges = []byteRange{{0, n.Size}}
	}
	if err := readable(c, ranges[0]); err != nil {
		return err
	}
	switch {
	case len(ranges) > 1:
		return q.sendParts(c, ranges)
	case partial:
		q.w.Header().Set("Content-Range", ranges[0].contentRange(n.Size))
		return q.send(c, &n, http.StatusPartialContent, ranges[0])
	}
	return q.send(c, &n, http.StatusOK, ranges[0])
}

// readable tries the first byte, while a pack that is damaged, or cannot be opened for
// want of a descriptor, can still be told by a status.
func readable(c store.Content, br byteRange) error {
	if c == nil || br.length == 0 { // HEAD
		return nil
	}
	n, err := c.ReadAt(make([]byte, 1), br.start)
	if n == 1 {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// open finds the resource, and for GET of a file opens it: the node is then that of
// the content which is served, whatever happens to the name meanwhile.
func (q *request) open() (n store.Node, c store.Content, err error) {
	if q.r.Method == http.MethodGet {
		c, err = q.h.store.Open(q.r.Context(), q.sc, q.p)
		if err == nil {
			return c.Node(), c, nil
		}
		if !errors.Is(err, store.ErrIsFolder) {
			return n, nil, err
		}
	}
	n, err = q.h.store.Stat(q.r.Context(), q.sc, q.p)
	if err == nil && !n.IsFolder() && q.r.Method == http.MethodGet {
		err = store.ErrNotExist // it was a folder a moment ago
	}
	return n, nil, err
}

// modified evaluates If-Modified-Since (RFC 9110 §13.1.3).
func modified(r *http.Request, n *store.Node) bool {
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err != nil || n.ModTime.Truncate(time.Second).After(since)
}

// ranges is what the request asks for of n; none: all of it. Not ok: nothing of it
// is there (416). Range means something to GET alone (RFC 9110 §14.2).
func (q *request) ranges(n *store.Node) (ranges []byteRange, ok bool) {
	v := q.r.Header.Get("Range")
	if v == "" || q.r.Method != http.MethodGet || !q.ifRange(n) {
		return nil, true
	}
	return parseRange(v, n.Size)
}

// ifRange evaluates If-Range (RFC 9110 §13.1.5): a strong tag, or the very date that
// we sent.
func (q *request) ifRange(n *store.Node) bool {
	v := strings.TrimSpace(q.r.Header.Get("If-Range"))
	if v == "" {
		return true
	}
	if tag, weak, _, ok := cutTag(v); ok {
		return !weak && tag == n.ETag()
	}
	t, err := http.ParseTime(v)
	return err == nil && n.ModTime.Truncate(time.Second).Equal(t)
}

// send answers with one run of bytes; c is not needed for HEAD.
func (q *request) send(c store.Content, n *store.Node, status int, br byteRange) error {
	q.guardContent(contentType(n.Name), n.Name)
	q.w.Header().Set("Content-Length", strconv.FormatInt(br.length, 10))
	q.status(status)
	if q.r.Method == http.MethodHead {
		return nil
	}
	return q.sendRange(sink(q.w), c, br)
}

// sendParts answers with several runs, as multipart/byteranges (RFC 9110 §14.6).
func (q *request) sendParts(c store.Content, ranges []byteRange) error {
	n := c.Node()
	ctype := contentType(n.Name)
	boundary := "cairn-" + n.ETag()
	heads := make([]string, len(ranges)+1)
	var total int64
	for i, br := range ranges {
		heads[i] = "\r\n--" + boundary + "\r\nContent-Type: " + ctype +
			"\r\nContent-Range: " + br.contentRange(n.Size) + "\r\n\r\n"
		total += int64(len(heads[i])) + br.length
	}
	heads[len(ranges)] = "\r\n--" + boundary + "--\r\n"
	total += int64(len(heads[len(ranges)]))
	q.guardContent(ctype, n.Name)
	q.w.Header().Set("Content-Type", "multipart/byteranges; boundary="+boundary)
	q.w.Header().Set("Content-Length", strconv.FormatInt(total, 10))
	q.status(http.StatusPartialContent)
	w := sink(q.w)
	for i, head := range heads {
		q.extendWrite()
		if _, err := io.WriteString(w, head); err != nil {
			return err
		}
		if i < len(ranges) {
			if err := q.sendRange(w, c, ranges[i]); err != nil {
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
func (q *request) sendRange(w io.Writer, c store.Content, br byteRange) error {
	for off, end := br.start, br.start+br.length; off < end; {
		q.extendWrite()
		n, err := c.WriteRange(q.r.Context(), w, off, min(maxPiece-off%maxPiece, end-off))
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
