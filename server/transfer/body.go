package transfer

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"cairn/store"
)

// Body reads a request's body and gives the connection a new read deadline before a
// read. Time spent elsewhere, waiting for memory for instance, is not the client's
// idleness. At the end it takes the deadline away: net/http goes on reading to notice
// that a client left, and a deadline would look to it like that. Not for concurrent
// use, but for Stop and Close.
type Body struct {
	r       io.ReadCloser
	rc      *http.ResponseController
	timeout time.Duration
	until   time.Time // the last deadline; zero: there is none for the whole
	set     time.Time // when the deadline was set; zero: it is not
	err     error     // what ended it

	mu sync.Mutex // of err, and of setting a deadline
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
	if err := b.extend(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if err != nil {
		b.end(err)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			b.rc.SetReadDeadline(time.Time{})
		}
	}
	return n, err
}

// end notes what ended the body, if nothing has before.
func (b *Body) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
}

// extend sets the next deadline, at most once a second, unless the body has ended.
func (b *Body) extend() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	if now := time.Now(); now.Sub(b.set) > time.Second {
		t := now.Add(b.timeout)
		if !b.until.IsZero() && b.until.Before(t) {
			t = b.until
		}
		b.rc.SetReadDeadline(t) // not every writer has one
		b.set = now
	}
	return nil
}

// Stop ends the body where it is, from another goroutine: a read under way returns, as
// after a deadline, and later ones say io.ErrUnexpectedEOF.
func (b *Body) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = io.ErrUnexpectedEOF
	}
	b.rc.SetReadDeadline(time.Now())
}

// Close ends the body, with what is left of it unread (http.ErrBodyReadAfterClose from
// then on). It does not wait for more: net/http closes its own when the request ends,
// and may read a little, under the last deadline.
func (b *Body) Close() error {
	b.end(http.ErrBodyReadAfterClose)
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
func (b *Body) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Cause tells a client that fell silent (os.ErrDeadlineExceeded) from one that went
// away: err, when it is the store's ErrRead because of this body.
func (b *Body) Cause(err error) error {
	if errors.Is(err, store.ErrRead) && errors.Is(b.Err(), os.ErrDeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return err
}
