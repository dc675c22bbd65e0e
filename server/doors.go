package server

import (
	"errors"
	"net/http"

	"cairn/server/auth"
	"cairn/server/dav"
	"cairn/server/httperr"
	"cairn/server/upload"
	"cairn/store"
)

// davDoor is /dav: Basic only, no cookie, so that no web page can use somebody's
// session on it. POST of a folder begins a tus upload into it.
func (s *Server) davDoor(up *upload.Handler) http.Handler {
	o := dav.Options{Announce: up.Announce, Prefix: s.base + "/dav", Log: s.Log, Digests: s.digests, InfiniteDepth: s.PropfindInfinity, FinderQuota: s.FinderQuota}
	if s.BaseURL.Host != "" {
		o.BaseURL = s.BaseURL
	}
	h := dav.New(s.store, o)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, given, err := s.who(r)
		switch {
		case !given && r.Method == http.MethodOptions: // clients ask what we speak before they ask for a password
			h.ServeHTTP(w, r)
			return
		case !given || errors.Is(err, auth.ErrDenied):
			title := "Wrong name or password."
			if !given {
				title = "Name and password, please."
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="Cairn", charset="UTF-8"`)
			s.failed(w, r, httperr.Problem{Status: http.StatusUnauthorized, Code: "unauthorized",
				Title: title, Hint: "Use those of your account, or an app password."})
			return
		case err != nil:
			s.failed(w, r, err)
			return
		}
		entryFrom(r.Context()).user = p.Name
		sc, err := s.scope(r, p)
		if err != nil {
			s.failed(w, r, err)
			return
		}
		if r.Method == http.MethodPost && r.Header.Get("Tus-Resumable") != "" {
			dir, err := h.Path(r)
			if err != nil {
				s.failed(w, r, err)
				return
			}
			up.ServeCreation(w, r.WithContext(upload.WithScope(r.Context(), sc)), dir)
			return
		}
		h.ServeScope(w, r, sc, p.Name)
	})
}

// who asks, by Basic. given: there are such credentials, right or wrong.
func (s *Server) who(r *http.Request) (p auth.Principal, given bool, err error) {
	name, secret, ok := r.BasicAuth()
	if !ok {
		return p, false, auth.ErrDenied
	}
	p, err = s.basic.Check(r.Context(), entryFrom(r.Context()).client.Addr, name, secret)
	return p, true, err
}

// scope is the resolver: what of the store the principal sees at the URL. /dav is
// their own space; there is nothing else yet.
func (s *Server) scope(r *http.Request, p auth.Principal) (store.Scope, error) {
	if !below(r.URL.Path, s.base+"/dav") {
		return store.Scope{}, store.ErrNotExist
	}
	return s.store.Home(r.Context(), p.User)
}

// failed answers for what kept a request from its door.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	if t := (*auth.ThrottledError)(nil); errors.As(err, &t) {
		err = httperr.Problem{Status: http.StatusTooManyRequests, Code: "throttled", Title: "Too many wrong passwords.",
			Hint: "Wait, then try again with the right one.", RetryAfter: t.Seconds()}
	}
	s.refuse(w, r, func() { httperr.Text(w, r, s.Log, err) })
}
