package transfer

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"cairn/store"
)

// Body reads a request's body and gives the connection a new read deadline before a
// read. Time spent elsewhere, waiting for memory for instance, is not the client's
// idleness. At the end it takes the deadline away: net/http goes on reading to notice
// that a client left, and a deadline would look to it like that. Not for concurrent
// use.
type Body struct {
	r       io.ReadCloser
	rc      *http.ResponseController
	timeout time.Duration
	until   time.Time // the last deadline; zero: there is none for the whole
	set     time.Time // when the deadline was set; zero: it is not
	err     error     // what ended it
}

// NewBody is the body of r, to be read while w is answered: a client that sends
// nothing for timeout (0: ReadTimeout), within a second, is given up. Put it in place
// of r.Body, so that Refuse finds it.
func NewBody(w http.ResponseWriter, r *http.Request, timeout time.Duration) *Body {
	if timeout <= 0 {
		timeout = ReadTimeout
	}
	b := &Body{r: r.Body, rc: http.NewResponseController(w), timeout: timeout}
	if b.r == nil {
		b.r = http.NoBody
	}
	return b
}

// Read reads. After a deadline has passed its error is one that wraps
// os.ErrDeadlineExceeded. What has once ended the body it says again.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if now := time.Now(); now.Sub(b.set) > time.Second {
		t := now.Add(b.timeout)
		if !b.until.IsZero() && b.until.Before(t) {
			t = b.until
		}
		b.rc.SetReadDeadline(t) // not every writer has one
		b.set = now
	}
	n, err := b.r.Read(p)
	if err != nil {
		b.err = err
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			b.rc.SetReadDeadline(time.Time{})
		}
	}
	return n, err
}

// Close ends the body, with what is left of it unread (http.ErrBodyReadAfterClose from
// then on). It does not wait for more: net/http closes its own when the request ends,
// and may read a little, under the last deadline.
func (b *Body) Close() error {
	if b.err == nil {
		b.err = http.ErrBodyReadAfterClose
	}
	return nil
}

// Until brings the last deadline forward, from the next read on: the whole body has
// to be there by t.
func (b *Body) Until(t time.Time) {
	if b.until.IsZero() || t.Before(b.until) {
		b.until, b.set = t, time.Time{}
	}
}

// Err is what ended the body, io.EOF if it was whole; nil: it has not ended.
func (b *Body) Err() error { return b.err }

// Cause tells a client that fell silent (os.ErrDeadlineExceeded) from one that went
// away: err, when it is the store's ErrRead because of this body.
func (b *Body) Cause(err error) error {
	if errors.Is(err, store.ErrRead) && errors.Is(b.err, os.ErrDeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return err
}
