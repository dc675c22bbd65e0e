package transfer

import (
	"io"
	"net/http"
	"time"
)

// The rest of a refused body is read until nothing has come for lingerIdle, or for
// lingerTime at most.
const (
	lingerIdle  = time.Second
	lingerTime  = 30 * time.Second
	lingerBytes = 16 << 10
)

// Refuse answers r with write, which must not read the body, and reads a body that is
// on its way until its sender has come to read the answer: who closes a connection
// with bytes unread resets it, and the sender may never see why. A client that waits
// for "100 Continue" sends nothing, and is not told to by this. It takes 30 s and
// 16 KiB at most. turns bounds how many do so at once, by its capacity; who finds no
// turn is only answered. nil: no bound.
func Refuse(w http.ResponseWriter, r *http.Request, turns chan struct{}, write func()) {
	body := unread(r)
	if body != nil && turns != nil {
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
		default:
			body = nil
		}
	}
	if body == nil {
		write()
		return
	}
	rc := http.NewResponseController(w)
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
		rc.EnableFullDuplex() // or net/http reads before it answers
	}
	write()
	rc.Flush()
	buf := make([]byte, lingerBytes)
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

// unread is what is left of the body and may be on its way, nil if nothing is.
func unread(r *http.Request) io.Reader {
	body := r.Body
	if b, ok := body.(*Body); ok {
		if err := b.Err(); err != nil && err != http.ErrBodyReadAfterClose && err != ErrStopped {
			return nil
		}
		body = b.r // its deadlines are not these
	}
	if body == nil || body == http.NoBody || r.ContentLength == 0 {
		return nil
	}
	return body
}
