package server

import (
	"net/http"
	"time"
)

const (
	lingerIdle  = time.Second
	lingerTime  = 30 * time.Second
	mostLingers = 64 // at once: who comes from strangers has 16 KiB each, and no more than that
)

// refuse answers with write, and reads a body that is on its way until its sender has
// come to read the answer: who closes a connection with bytes unread resets it, and
// the sender may never see why. dav does the same for what it refuses.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, write func()) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		write()
		return
	}
	select {
	case s.lingering <- struct{}{}:
		defer func() { <-s.lingering }()
	default:
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
	buf := make([]byte, 16<<10)
	for end := time.Now().Add(lingerTime); ; {
		now := time.Now()
		if !now.Before(end) || rc.SetReadDeadline(now.Add(lingerIdle)) != nil {
			return
		}
		if _, err := r.Body.Read(buf); err != nil {
			return
		}
	}
}
