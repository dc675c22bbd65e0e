package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"cairn/server/auth"
	"cairn/server/httperr"
)

// entry is what a request's log line says; the doors fill it in.
type entry struct {
	id     string
	client auth.Client
	user   string
	err    error
}

// discardTime is how long the rest of a refused body may take to arrive.
const discardTime = 10 * time.Second

type entryKey struct{}

// entryFrom finds the request's entry. Outside observe it is one that nobody reads.
func entryFrom(ctx context.Context) *entry {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		return e
	}
	return &entry{}
}

// observe stands outermost: it decides who the client is, names the request, turns a
// panic into 500 (or, once bytes have gone, into a broken connection) and writes the
// one log line. The line holds no header, no query and no body.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.running.enter()()
		begin := s.Clock()
		e := &entry{client: s.Proxies.Client(r)}
		if !e.client.Trusted && r.Header["X-Forwarded-For"] != nil {
			s.forged.Do(func() {
				s.Log.Warn("X-Forwarded-For from an address that is not trusted is ignored; if that is your proxy, name it with --trusted-proxies",
					"address", e.client.Addr.String())
			})
		}
		e.id = requestID(r, e.client.Trusted)
		rw := &response{ResponseWriter: w, method: r.Method, replied: s.Replied}
		rw.Header().Set("X-Request-Id", e.id)
		ctx := httperr.WithRequestID(context.WithValue(r.Context(), entryKey{}, e), e.id)
		if e.client.HTTPS || s.https {
			ctx = auth.WithHTTPS(ctx)
		}
		defer func() {
			p := recover()
			abort := s.rescue(rw, e, p)
			if r.Body != nil && r.Body != http.NoBody {
				// net/http reads a little of what a door left unread: not for ever. It
				// sets the deadline anew for the next request.
				http.NewResponseController(w).SetReadDeadline(time.Now().Add(discardTime))
			}
			s.logRequest(ctx, rw, r, e, begin)
			if abort {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(rw, r.WithContext(ctx))
	})
}

// rescue deals with a panic p, if there is one, and says whether the connection must
// be broken so that the client does not take what it got for whole.
func (s *Server) rescue(w *response, e *entry, p any) (abort bool) {
	switch err, _ := p.(error); {
	case p == nil:
		return false
	case errors.Is(err, http.ErrAbortHandler):
		return true
	}
	e.err = fmt.Errorf("panic: %v", p)
	s.Log.Error("panic", "request_id", e.id, "panic", p, "stack", string(debug.Stack()))
	if w.status != 0 {
		return true
	}
	for k := range w.Header() {
		if k != "X-Request-Id" {
			delete(w.Header(), k)
		}
	}
	http.Error(w, "internal error; request "+e.id, http.StatusInternalServerError)
	return false
}

func (s *Server) logRequest(ctx context.Context, w *response, r *http.Request, e *entry, begin time.Time) {
	if !s.Log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	status := w.status
	if status == 0 {
		status = http.StatusOK // net/http writes it after the handler
	}
	now := s.Clock()
	if s.Access != nil {
		s.Access.add(&accessLine{at: now, method: r.Method, path: r.URL.Path, status: status, bytes: w.bytes, took: now.Sub(begin),
			user: e.user, address: e.client.Addr.String(), id: e.id, err: e.err})
		return
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", status),
		slog.Int64("bytes", w.bytes), slog.Float64("ms", float64(now.Sub(begin).Microseconds())/1e3),
		slog.String("user", e.user), slog.String("address", e.client.Addr.String()), slog.String("request_id", e.id),
	}
	if e.err != nil {
		attrs = append(attrs, slog.String("error", e.err.Error()))
	}
	s.Log.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

// requestID names a request: as the trusted proxy did, if that is a plain short word,
// else at random (26 characters).
func requestID(r *http.Request, trusted bool) string {
	if id := r.Header.Get("X-Request-Id"); trusted && id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.')
	}) {
		return id
	}
	return rand.Text()
}
