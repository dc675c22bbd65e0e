// Package server knows HTTP: it listens, decides which door a request goes through,
// says who is asking and which part of the store they see, and writes the access log.
//
// The doors that clients speak to in verbs of their own (/dav) get the connection's
// own ResponseWriter, behind nothing but the log's thin wrapper; Echo serves the rest.
package server

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cairn/server/auth"
	"cairn/server/spa"
	"cairn/server/transfer"
	"cairn/server/underway"
	"cairn/server/upload"
	"cairn/store"
	"cairn/web"
)

// Config says how to serve. The zero value serves plain HTTP at the root, believes no
// proxy and logs nothing.
type Config struct {
	BaseURL *url.URL     // from ParseBase; nil is the root
	Proxies auth.Proxies // whose X-Forwarded-… headers count
	// TLSCert and TLSKey are PEM files; both or none.
	TLSCert, TLSKey string
	// ShutdownGrace is how long requests may go on once Serve's context ends; 0 ends
	// them at once.
	ShutdownGrace time.Duration
	// MaxConnections is how many connections may be open; 0 derives it from the
	// process's limit of descriptors.
	MaxConnections int
	Log            *slog.Logger
	// PropfindInfinity lets PROPFIND list a whole tree with so many members at most, FinderQuota
	// tells Finder the quota: dav.Options.
	PropfindInfinity int
	FinderQuota      bool
	// CORSOrigins are the origins whose pages may use the doors for programs, from ParseOrigins;
	// none: no page of another origin may.
	CORSOrigins []string
	// Access takes the lines of requests, if Log is on at their level; nil: Log does.
	// It is the caller's to close once Serve has returned.
	Access *AccessLog
	Clock  func() time.Time // nil: time.Now
	// Replied, if set, is called when a final status is about to be written.
	Replied func(method string, status int)
}

// Server is the HTTP side of one store. Make it with New; safe for concurrent use.
type Server struct {
	Config
	base      string // path of the base URL without its last slash
	https     bool   // clients see https, wherever it ends
	store     *store.Store
	basic     *auth.Basic
	sessions  *auth.Sessions
	setup     *auth.Setup
	digests   *transfer.Digests
	underway  *underway.Uploads
	dav       http.Handler
	tus       http.Handler
	api       http.Handler
	outer     http.Handler
	handler   http.Handler
	cert      *certificate
	draining  atomic.Bool
	closing   chan struct{} // closed when it drains
	running   inflight
	forged    sync.Once     // a header of an untrusted proxy was seen
	lingering chan struct{} // refused bodies that are being read
}

// New builds the server; it does not listen yet. The store stays the caller's, to be
// closed after Serve has returned.
func New(c Config, st *store.Store) (*Server, error) {
	if c.BaseURL == nil {
		c.BaseURL = &url.URL{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return nil, errors.New("a TLS certificate needs its key, and the other way round")
	}
	s := &Server{Config: c, base: strings.TrimSuffix(c.BaseURL.Path, "/"), https: c.BaseURL.Scheme == "https", store: st, lingering: make(chan struct{}, mostLingers), closing: make(chan struct{})}
	if c.TLSCert != "" {
		cert, err := loadCertificate(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, err
		}
		s.cert = cert
	}
	app, err := spa.New(web.FS(), s.base)
	if err != nil {
		return nil, err
	}
	s.basic = auth.NewBasic(st, c.Clock)
	s.sessions = auth.NewSessions(st, s.basic, s.base, c.Clock)
	s.setup = auth.NewSetup(st, c.Clock)
	s.digests = transfer.NewDigests(st)
	s.underway = &underway.Uploads{}
	o := upload.Options{Prefix: s.base + "/tus", Refuse: s.refuse, Underway: s.underway, Log: s.Log}
	if c.BaseURL.Host != "" {
		o.Origin = c.BaseURL.Scheme + "://" + c.BaseURL.Host
	}
	up, err := upload.New(st, o)
	if err != nil {
		return nil, err
	}
	s.dav, s.tus = s.cors(s.davDoor(up)), s.cors(s.tusDoor(up))
	s.api = s.apiDoor()
	s.outer = s.outerApp(app)
	s.handler = s.observe(http.HandlerFunc(s.route))
	return s, nil
}

// OpenSetup makes the one-time link that makes the first account, and returns its path
// below the base with the token as a fragment, which no log and no Referer gets to see.
func (s *Server) OpenSetup() string { return "setup#" + s.setup.Open() }

// Handler is everything the server answers, for a listener of the caller's own.
func (s *Server) Handler() http.Handler { return s.handler }

// route picks the door by prefix, before any router: the DAV door takes every verb,
// with and without the slash, and nothing cleans or redirects its paths.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	switch {
	case p == "/healthz" || p == "/readyz": // for who looks at the process, not at the base
		s.outer.ServeHTTP(w, r)
	case below(p, s.base+"/dav"):
		s.dav.ServeHTTP(w, r)
	case below(p, s.base+"/tus"):
		s.tus.ServeHTTP(w, r)
	case below(p, s.base+"/api"):
		s.api.ServeHTTP(w, r)
	case r.RequestURI == "*" && r.Method == http.MethodOptions: // RFC 9110 §7.1: of all methods only this
		s.rootOptions(w, r)
	case r.RequestURI == "*":
		http.Error(w, "* is for OPTIONS only", http.StatusBadRequest)
	case s.base != "" && p == s.base && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		http.Redirect(w, r, s.base+"/", http.StatusPermanentRedirect)
	case below(p, s.base):
		inner := r.Clone(r.Context())
		inner.URL.Path, inner.URL.RawPath = strings.TrimPrefix(p, s.base), ""
		if inner.URL.Path == "" {
			inner.URL.Path = "/"
		}
		s.outer.ServeHTTP(w, inner)
	default:
		notFound(w)
	}
}

func notFound(w http.ResponseWriter) {
	http.Error(w, "not found", http.StatusNotFound)
}
