package upload

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// body reads a request's body and gives the connection a new deadline before a read:
// tusd does so only after one, and time spent waiting for memory would count as the
// client's silence. Stop may be called from another goroutine.
type body struct {
	r       io.ReadCloser
	rc      *http.ResponseController
	timeout time.Duration

	mu      sync.Mutex
	stopped bool
	last    time.Time // when the deadline was set
}

func (b *body) Read(p []byte) (int, error) {
	if !b.extend() {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.r.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		// net/http goes on reading to notice that a client left: a deadline would look
		// to it like that.
		b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (b *body) extend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return false
	}
	if now := time.Now(); now.Sub(b.last) > time.Second {
		b.rc.SetReadDeadline(now.Add(b.timeout))
		b.last = now
	}
	return true
}

// Stop ends the body where it is: another request wants the upload.
func (b *body) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	b.rc.SetReadDeadline(time.Now())
}

func (b *body) Close() error { return b.r.Close() }
