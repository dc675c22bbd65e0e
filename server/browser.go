package server

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"cairn/server/api"
	"cairn/server/auth"
	"cairn/server/httperr"
	"cairn/server/upload"
	"cairn/store"

	"github.com/labstack/echo/v4"
)

// tusDoor is /tus: a session, or Basic for programs; never a challenge, which would
// open the browser's own dialog.
func (s *Server) tusDoor(h *upload.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions { // what we speak is no secret
			h.ServeHTTP(w, r)
			return
		}
		p, err := s.personOrProgram(w, r)
		if err != nil {
			s.problem(w, r, err)
			return
		}
		sc, err := s.store.Home(r.Context(), p.User)
		if err != nil {
			s.problem(w, r, err)
			return
		}
		h.ServeHTTP(w, r.WithContext(upload.WithScope(r.Context(), sc)))
	})
}

// personOrProgram asks who is asking, by Basic where that is sent, else by session.
func (s *Server) personOrProgram(w http.ResponseWriter, r *http.Request) (p auth.Principal, err error) {
	if r.Header.Get("Authorization") == "" {
		return s.person(w, r)
	}
	if auth.CrossSite(r) { // a browser remembers Basic credentials, and sends them for any page
		return p, auth.ErrCrossSite
	}
	if p, _, err = s.who(r); err == nil {
		entryFrom(r.Context()).user = p.Name
	}
	return p, err
}

// person asks who is asking, by session, which it keeps alive.
func (s *Server) person(w http.ResponseWriter, r *http.Request) (auth.Principal, error) {
	ses, err := s.sessions.Check(r)
	if err != nil {
		return auth.Principal{}, err
	}
	entryFrom(r.Context()).user = ses.Name
	if r.Method != http.MethodGet && r.Method != http.MethodHead { // reads do not write
		if renewed, err := s.sessions.Renew(r.Context(), &ses); err != nil {
			s.Log.Warn("a session is not renewed", "error", err)
		} else if renewed {
			s.sessions.SetCookie(w, r, ses)
		}
	}
	return ses.Principal, nil
}

// problem answers in JSON for what kept a request from its door.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error) {
	s.refuse(w, r, func() { httperr.JSON(w, r, s.Log, api.SessionProblem(err)) })
}

// apiDoor is /api/v1: JSON for the app, by session.
func (s *Server) apiDoor() http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = func(r *http.Request) string { return s.Proxies.Client(r).Addr.String() }
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			entryFrom(c.Request().Context()).err = err
			return
		}
		s.problem(c.Response().Writer, c.Request(), echoProblem(err, c))
	}
	entrance := &api.Entrance{
		Sessions: s.sessions, Setup: s.setup, Store: s.store, Log: s.Log,
		Client:   func(r *http.Request) netip.Addr { return entryFrom(r.Context()).client.Addr },
		SignedIn: func(r *http.Request, name string) { entryFrom(r.Context()).user = name },
	}
	entrance.Mount(e)
	api.New(api.Options{
		Store: s.store, Log: s.Log, Digests: s.digests, Closing: s.closing, Underway: s.underway,
		Scope: func(ctx context.Context, p auth.Principal) (store.Scope, error) { return s.store.Home(ctx, p.User) },
	}).Mount(e)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		inner := r.Clone(r.Context())
		inner.URL.Path, inner.URL.RawPath = strings.TrimPrefix(r.URL.Path, s.base), ""
		switch inner.URL.Path {
		case api.SessionPath, api.SessionsPath, api.SetupPath:
		default:
			p, err := s.person(w, r)
			if err != nil {
				s.problem(w, r, err)
				return
			}
			inner = inner.WithContext(auth.WithPrincipal(inner.Context(), p))
		}
		e.ServeHTTP(w, inner)
	})
}

// echoProblem puts the router's own refusals into our words.
func echoProblem(err error, c echo.Context) error {
	he := (*echo.HTTPError)(nil)
	if !errors.As(err, &he) {
		return err
	}
	switch he.Code {
	case http.StatusNotFound:
		return store.ErrNotExist
	case http.StatusMethodNotAllowed:
		allow, _ := c.Get(echo.ContextKeyHeaderAllow).(string)
		return httperr.Problem{Status: he.Code, Code: "method", Title: "This address does not take that method.", Hint: "See the Allow header.", Allow: allow}
	}
	return httperr.Problem{Status: he.Code, Code: "bad-request", Title: http.StatusText(he.Code), Cause: err}
}
