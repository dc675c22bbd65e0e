package dav

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"cairn/store"
)

// deadlineReader reads a request's body and gives the connection a new read deadline
// before a read. Time spent elsewhere, waiting for memory for instance, is not the
// client's idleness. At the end it takes the deadline away: net/http goes on reading
// to notice that a client left, and a deadline would look to it like that.
type deadlineReader struct {
	r       io.ReadCloser
	rc      *http.ResponseController
	timeout time.Duration
	until   time.Time // the last deadline; zero: there is none for the whole

	last time.Time // when the deadline was set
	read bool      // somebody asked for bytes
	err  error     // what ended it
}

// Read reads. After a deadline has passed its error is one that wraps
// os.ErrDeadlineExceeded.
func (d *deadlineReader) Read(b []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	d.read = true
	if now := time.Now(); now.Sub(d.last) > time.Second {
		t := now.Add(d.timeout)
		if !d.until.IsZero() && d.until.Before(t) {
			t = d.until
		}
		d.rc.SetReadDeadline(t) // not every writer has one
		d.last = now
	}
	n, err := d.r.Read(b)
	if err != nil {
		d.err = err
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			d.rc.SetReadDeadline(time.Time{})
		}
	}
	return n, err
}

// setUntil brings the last deadline forward, from the next read on.
func (d *deadlineReader) setUntil(t time.Time) {
	if d.until.IsZero() || t.Before(d.until) {
		d.until, d.last = t, time.Time{}
	}
}

// reader is the request's body under a read deadline.
func (q *request) reader() *deadlineReader {
	if q.body == nil {
		q.body = &deadlineReader{r: q.r.Body, rc: q.rc, timeout: q.h.o.ReadTimeout}
	}
	return q.body
}

// readError tells a client that fell silent from one that went away.
func (q *request) readError(err error) error {
	if q.body != nil && errors.Is(err, store.ErrRead) && errors.Is(q.body.err, os.ErrDeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return err
}

// unreadBody is what is left of the body and may be on its way, nil if nothing is.
func (q *request) unreadBody() io.Reader {
	d := q.reader()
	if q.r.Body == nil || q.r.Body == http.NoBody || q.r.ContentLength == 0 || d.err != nil {
		return nil
	}
	return d.r
}

// A refused body is read on, once the answer has been sent, until its sender has come
// to read that: who closes a connection with bytes unread resets it, and the sender
// may never see the answer. It ends when nothing has come for lingerIdle, or after
// lingerTime at most. A client that waits for "100 Continue" sends nothing, and is not
// told to by this.
const (
	lingerIdle = time.Second
	lingerTime = 30 * time.Second
)

func linger(rc *http.ResponseController, body io.Reader) {
	buf := make([]byte, 32<<10)
	for end := time.Now().Add(lingerTime); ; {
		now := time.Now()
		if !now.Before(end) || rc.SetReadDeadline(now.Add(lingerIdle)) != nil {
			return // without a deadline it could last
		}
		if _, err := body.Read(buf); err != nil {
			return
		}
	}
}

// extendWrite gives the next piece of an answer its time. The deadline is set at
// most once a second.
func (q *request) extendWrite() {
	if now := time.Now(); now.Sub(q.writing) > time.Second {
		q.rc.SetWriteDeadline(now.Add(q.h.o.WriteTimeout))
		q.writing = now
	}
}

// done flushes under the write deadline, if one is set, and takes it away: net/http
// would leave it to the next request on the connection.
func (q *request) done() {
	if !q.writing.IsZero() {
		q.rc.Flush()
		q.rc.SetWriteDeadline(time.Time{})
	}
}

// timedWriter gives each write its time.
type timedWriter struct {
	io.Writer
	q *request
}

func (t timedWriter) Write(b []byte) (int, error) {
	t.q.extendWrite()
	return t.Writer.Write(b)
}
