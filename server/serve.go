package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"cairn/server/transfer"
)

// settle is how long handlers get to notice that their connection was closed.
const settle = 10 * time.Second

// Serve answers on ln, which it closes, until ctx ends. Then it accepts nothing more
// and gives the requests in flight ShutdownGrace to finish; after that it closes their
// connections (an upload keeps what has arrived), waits until the handlers have
// returned, and returns nil. The store can be closed then. Call it once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer s.digests.Close()
	most := s.MaxConnections
	if most <= 0 {
		most = maxConnections(descriptors())
	}
	headers := &headerBudget{most: maxHeadersBytes}
	ln = newLimited(ln, most, s.Proxies, headers)
	hs := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         headers.state,
		ConnContext: func(ctx context.Context, nc net.Conn) context.Context {
			if c, ok := nc.(*conn); ok { // not of TLS
				return transfer.WithGatherer(ctx, c)
			}
			return ctx
		},
		// No ReadTimeout, no WriteTimeout: a file takes as long as it takes.
		ErrorLog:                     slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		DisableGeneralOptionsHandler: true,
		// Windows fill with bytes before anybody reads: they count as memory.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          100,
			MaxReceiveBufferPerConnection: 1 << 20,
			MaxReceiveBufferPerStream:     256 << 10,
		},
	}
	ended := make(chan error, 1)
	go func() {
		if s.cert == nil {
			ended <- hs.Serve(ln)
			return
		}
		hs.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.cert.get}
		ended <- hs.ServeTLS(ln, "", "")
	}()
	select {
	case err := <-ended:
		hs.Close()
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	if s.closing != nil {
		close(s.closing)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ShutdownGrace)
	defer cancel()
	if err := hs.Shutdown(grace); err != nil {
		s.Log.Warn("closing connections that did not finish in time", "grace", s.ShutdownGrace)
		hs.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if !s.running.wait(settle) {
		return errors.New("requests did not end")
	}
	return nil
}

// inflight counts running handlers. http.Server.Close does not wait for them.
type inflight struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // set while somebody waits
}

func (i *inflight) enter() (leave func()) {
	i.mu.Lock()
	i.n++
	i.mu.Unlock()
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.n--; i.n == 0 && i.idle != nil {
			close(i.idle)
			i.idle = nil
		}
	}
}

func (i *inflight) wait(d time.Duration) bool {
	i.mu.Lock()
	if i.n == 0 {
		i.mu.Unlock()
		return true
	}
	ch := make(chan struct{})
	i.idle = ch
	i.mu.Unlock()
	select {
	case <-ch:
		return true
	case <-time.After(d):
		return false
	}
}
