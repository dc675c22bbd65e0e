package transfer

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"cairn/store"
)

// ErrStopped is the end of a body that Stop ended.
var ErrStopped = fmt.Errorf("the body was stopped: %w", io.ErrUnexpectedEOF)

// Body reads a request's body and gives up a client that is silent for too long. Only
// the time that a read waits counts: time spent elsewhere, waiting for memory for
// instance, is not the client's idleness. It therefore sets no deadline before a read,
// which over HTTP/2 would run on after it, but breaks the read when it is due. Not for
// concurrent use, but for Stop and Close.
type Body struct {
	r       io.ReadCloser
	rc      *http.ResponseController
	timeout time.Duration

	awaiter Awaiter // nil: there is none
	left    int64   // bytes that have not been read, of a body that said how many
	pieces  bool    // it did not say: it comes in pieces that say it

	mu    sync.Mutex
	until time.Time // the last moment for the whole; zero: there is none
	began time.Time // of the read under way; zero: none is
	watch *time.Timer
	armed bool  // watch will come; it does not while nothing is read
	over  bool  // the request has ended: its connection is not ours any more
	err   error // what ended the body
}

// NewBody is the body of r, to be read while w is answered: a client that sends
// nothing for timeout (0: ReadTimeout) is given up. Put it in place of r.Body, so that
// Refuse finds it, and call End before the request's handler returns.
func NewBody(w http.ResponseWriter, r *http.Request, timeout time.Duration) *Body {
	if timeout <= 0 {
		timeout = ReadTimeout
	}
	b := &Body{r: r.Body, rc: http.NewResponseController(w), timeout: timeout}
	if b.r == nil {
		b.r = http.NoBody
	}
	b.left, b.pieces = r.ContentLength, r.ProtoMajor == 1 && r.ContentLength < 0
	if r.ProtoMajor == 1 && r.TLS == nil && r.ContentLength != 0 {
		b.awaiter, _ = r.Context().Value(gathererKey{}).(Awaiter)
		if b.awaiter != nil && b.pieces {
			b.awaiter.Ahead(true)
		}
	}
	return b
}

// Awaiter is a connection that can be waited for without a buffer to read into.
type Awaiter interface {
	// Await returns true when a read of the connection would not wait, or false, at once,
	// if that cannot be told: bytes may lie in a buffer above it.
	Await() bool
	// Ahead says whether the connection may read more than it is asked for, as far as it
	// is there. What it has read it keeps for later reads.
	Ahead(on bool)
	// Present is how many bytes it has kept.
	Present() int
}

// pieceBytes is how much a read asks of a body in pieces, unless more is there. net/http
// does not return before a piece has ended or so much has come, and a client may only
// not be slower than this much in timeout.
const pieceBytes = 32 << 10

// Await waits until there is something to read, and reports whether it could: if not,
// the Read itself has to wait. A Read that is prompt returns with what is there; of a
// body in pieces it is not, but waits until the piece that has begun is there or its
// buffer is full. A client that is silent for too long is given up here as there.
func (b *Body) Await() (ready, prompt bool) {
	if b.awaiter == nil || b.left <= 0 && !b.pieces {
		return false, false
	}
	if b.begin() != nil {
		return true, true // and the Read says why
	}
	ready = b.awaiter.Await()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.began = time.Time{}
	return ready, !b.pieces
}

// Read reads. After too long a silence its error is one that wraps
// os.ErrDeadlineExceeded. What has once ended the body it says again.
func (b *Body) Read(p []byte) (int, error) {
	if err := b.begin(); err != nil {
		return 0, err
	}
	if b.pieces && len(p) > pieceBytes {
		most := pieceBytes
		if b.awaiter != nil {
			most = max(most, b.awaiter.Present())
		}
		p = p[:min(len(p), most)]
	}
	n, err := b.r.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left -= int64(n)
	b.began = time.Time{}
	if b.err == nil && err != nil {
		b.err = err
		b.aheadNoMore()
	}
	if b.err != nil && b.err != http.ErrBodyReadAfterClose && err != nil {
		err = b.err // why it was broken, not how
	}
	return n, err
}

func (b *Body) begin() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	b.began = time.Now()
	if wait := b.due(b.began).Sub(b.began); !b.armed {
		b.armed = true
		if b.watch == nil {
			b.watch = time.AfterFunc(wait, b.look)
		} else {
			b.watch.Reset(wait)
		}
	}
	return nil
}

// due is when a read that began at t is given up.
func (b *Body) due(t time.Time) time.Time {
	t = t.Add(b.timeout)
	if !b.until.IsZero() && b.until.Before(t) {
		return b.until
	}
	return t
}

// look breaks the read under way if it is due, and comes again otherwise.
func (b *Body) look() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = false
	if b.over || b.err != nil || b.began.IsZero() {
		return
	}
	if wait := time.Until(b.due(b.began)); wait > 0 {
		b.armed = true
		b.watch.Reset(wait)
		return
	}
	b.stop(os.ErrDeadlineExceeded)
}

// stop ends the body, and breaks a read under way. Behind the end of a body net/http
// itself reads, and would take a deadline for the client's leaving: then it does
// nothing. b.mu is held.
func (b *Body) stop(why error) {
	if b.over || b.err != nil {
		return
	}
	b.err = why
	b.rc.SetReadDeadline(time.Now()) // not every writer has one
}

// Stop ends the body where it is, from another goroutine: a read under way returns, and
// it and later ones say ErrStopped.
func (b *Body) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop(ErrStopped)
}

// End is for when the request has been answered: nothing touches the connection after
// it, whoever calls what.
func (b *Body) End() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	b.aheadNoMore()
	if b.watch != nil {
		b.watch.Stop()
	}
}

func (b *Body) aheadNoMore() {
	if b.awaiter != nil && b.pieces {
		b.awaiter.Ahead(false)
	}
}

// Close ends the body, with what is left of it unread (http.ErrBodyReadAfterClose from
// then on). It does not wait for more: net/http closes its own when the request ends,
// and may read a little.
func (b *Body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = http.ErrBodyReadAfterClose
	}
	return nil
}

// Until brings the last moment forward: the whole body has to be there by t.
func (b *Body) Until(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() || t.Before(b.until) {
		b.until = t
		if b.armed {
			b.watch.Reset(max(0, time.Until(t)))
		}
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
