package server

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"
)

// outerApp is everything that is not a door of its own: the app, its assets, health.
// Echo's middleware is not used: its CORS answers every OPTIONS, its gzip takes
// Content-Length from files, its body limit and time-outs end long transfers, and its
// RealIP and Scheme believe anyone.
func (s *Server) outerApp(app http.Handler) http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = func(r *http.Request) string { return s.Proxies.Client(r).Addr.String() }
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		status := http.StatusInternalServerError
		if he := (*echo.HTTPError)(nil); errors.As(err, &he) {
			status = he.Code
		} else {
			entryFrom(c.Request().Context()).err = err
		}
		http.Error(c.Response(), http.StatusText(status), status)
	}
	get := []string{http.MethodGet, http.MethodHead}
	e.Match(get, "/healthz", s.healthz)
	e.Match(get, "/readyz", s.readyz)
	e.Any("/*", outerAny(app, s))
	for _, verb := range []string{"MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "PROPPATCH", "SEARCH"} {
		e.Add(verb, "/*", outerAny(app, s))
	}
	return appHeaders(e)
}

// outerAny answers the base root in the words of DAV, so that a client that looks
// there first finds dav/, and leaves the rest to the app.
func outerAny(app http.Handler, s *Server) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, root := c.Request(), c.Request().URL.Path == "/"
		switch {
		case r.URL.Path == "/setup" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			if !s.setup.Pending(r.Context()) {
				c.Response().Header().Set("Cache-Control", "no-store")
				return echo.ErrNotFound
			}
			page := r.Clone(r.Context())
			page.URL.Path = "/"
			app.ServeHTTP(c.Response(), page)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			app.ServeHTTP(c.Response(), r)
		case root && r.Method == http.MethodOptions:
			s.rootOptions(c.Response(), r)
		case root && r.Method == "PROPFIND":
			s.rootPropfind(c.Response(), r)
		case root:
			c.Response().Header().Set("Allow", rootAllow)
			return echo.ErrMethodNotAllowed
		default:
			return echo.ErrNotFound
		}
		return nil
	}
}

// appHeaders guard the app's own pages. The doors that serve users' bytes set
// stricter ones themselves.
func appHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// healthz: the process is alive.
func (s *Server) healthz(c echo.Context) error {
	return c.String(http.StatusOK, "ok\n")
}

// readyz: the store takes reads and writes, and the server is not shutting down.
func (s *Server) readyz(c echo.Context) error {
	if s.draining.Load() {
		return c.String(http.StatusServiceUnavailable, "shutting down\n")
	}
	if err := s.store.Ready(); err != nil {
		entryFrom(c.Request().Context()).err = err
		return c.String(http.StatusServiceUnavailable, "not ready\n")
	}
	return c.String(http.StatusOK, "ready\n")
}
