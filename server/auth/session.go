package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"cairn/store"
)

// ErrNoSession: no cookie, or one of a session that is not, or no longer, alive.
var ErrNoSession = errors.New("not signed in")

// ErrToken: a cookie alone may not change anything.
var ErrToken = errors.New("the session's header token is missing or wrong")

// ErrCrossSite: another site's page made the browser send this.
var ErrCrossSite = errors.New("sent by a page of another site")

// TokenHeader carries a session's token on every request that changes something. No
// other site's page can set it, and none can read the token.
const TokenHeader = "X-Cairn-Token"

// How long a session lives after it was last used to change something, and how often
// that is written down.
const (
	SessionLifetime = 30 * 24 * time.Hour
	sessionRenewal  = 24 * time.Hour
)

// SessionStore is what Sessions asks of the store.
type SessionStore interface {
	AddSession(ctx context.Context, s store.Session) error
	SessionUser(ctx context.Context, hash [32]byte) (store.Session, store.User, error)
	RenewSession(ctx context.Context, hash [32]byte, expires time.Time) error
	DropSession(ctx context.Context, hash [32]byte) error
	DropSessions(ctx context.Context, u store.UserID) error
}

// Session is a signed-in browser.
type Session struct {
	Principal
	// Token goes to the app's own page only; see TokenHeader.
	Token   string
	Expires time.Time
	secret  string
}

// Sessions are the browsers that are signed in. The cookie holds 256 random bits, of
// which the store has the SHA-256; the token is derived from them. Safe for concurrent
// use. What ended a session does so at once.
type Sessions struct {
	store SessionStore
	basic *Basic
	now   func() time.Time
	path  string // of the cookie
}

// NewSessions makes the sessions of a server whose base path is base ("" is the root).
// basic checks names and passwords, and throttles both doors as one; now tells the
// time (nil: time.Now).
func NewSessions(st SessionStore, basic *Basic, base string, now func() time.Time) *Sessions {
	if now == nil {
		now = time.Now
	}
	return &Sessions{st, basic, now, (&url.URL{Path: base + "/"}).EscapedPath()}
}

// SignIn begins a session with a name and the account's password (app passwords are
// for other doors). Errors: ErrDenied, *ThrottledError, ctx.Err(), or the store's.
func (s *Sessions) SignIn(ctx context.Context, a netip.Addr, name, password string) (Session, error) {
	u, err := s.basic.Password(ctx, a, name, password)
	if err != nil {
		return Session{}, err
	}
	ses, err := s.Begin(ctx, u)
	if errors.Is(err, store.ErrNotExist) { // the password was changed meanwhile
		err = ErrDenied
	}
	return ses, err
}

// Begin begins a session for an account that has proved itself in another way.
func (s *Sessions) Begin(ctx context.Context, u store.User) (Session, error) {
	var secret [32]byte
	rand.Read(secret[:])
	text := base64.RawURLEncoding.EncodeToString(secret[:])
	now := s.now()
	ses := Session{Principal: principal(u), Token: headerToken(text), Expires: now.Add(SessionLifetime), secret: text}
	return ses, s.store.AddSession(ctx, store.Session{Hash: sha256.Sum256([]byte(text)), User: u.ID,
		Token: sha256.Sum256([]byte(ses.Token)), Epoch: u.Epoch, Created: now.UTC(), Expires: ses.Expires.UTC()})
}

// headerToken is what the app shows beside the cookie: it tells nothing of it.
func headerToken(secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("cairn header token"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Check finds the session of a request. ErrNoSession; on methods other than GET and
// HEAD also ErrToken and ErrCrossSite. A read that shows a token must show the right
// one: a page whose browser has signed in as somebody else meanwhile is told so, rather
// than shown that person's files under its own name.
func (s *Sessions) Check(r *http.Request) (Session, error) {
	ses, err := s.Current(r)
	shown := r.Header.Get(TokenHeader)
	if err != nil || shown == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return ses, err
	}
	if CrossSite(r) {
		return Session{}, ErrCrossSite
	}
	if !hmac.Equal([]byte(shown), []byte(ses.Token)) {
		return Session{}, ErrToken
	}
	return ses, nil
}

// maxCookies bounds how many cookies of the session's name are looked at: a sister host
// may have set one that comes first.
const maxCookies = 4

// Current finds the session whose cookie a request brings, whatever it wants: for what
// harms nobody, such as ending it. ErrNoSession.
func (s *Sessions) Current(r *http.Request) (ses Session, err error) {
	err = ErrNoSession
	for i, c := range r.CookiesNamed(s.cookieName(r.Context())) {
		if i == maxCookies || !errors.Is(err, ErrNoSession) {
			break
		}
		if len(c.Value) <= 64 {
			ses, err = s.current(r.Context(), c.Value)
		}
		if err == nil {
			break
		}
	}
	return ses, err
}

func (s *Sessions) current(ctx context.Context, secret string) (Session, error) {
	kept, u, err := s.store.SessionUser(ctx, sha256.Sum256([]byte(secret)))
	if errors.Is(err, store.ErrNotExist) {
		err = ErrNoSession
	}
	if err != nil {
		return Session{}, err
	}
	return Session{Principal: principal(u), Token: headerToken(secret), Expires: kept.Expires, secret: secret}, nil
}

// CrossSite reports whether a browser says that a page of another site sent the
// request. Browsers that say nothing are kept out by the token.
func CrossSite(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return true
}

// Renew gives a session in use its whole time again, at most once a day, and says
// whether it did: then the cookie is to be set again.
func (s *Sessions) Renew(ctx context.Context, ses *Session) (bool, error) {
	expires := s.now().Add(SessionLifetime)
	if expires.Sub(ses.Expires) < sessionRenewal {
		return false, nil
	}
	ses.Expires = expires
	return true, s.store.RenewSession(ctx, sha256.Sum256([]byte(ses.secret)), expires)
}

// End signs the browser out.
func (s *Sessions) End(ctx context.Context, ses Session) error {
	return s.store.DropSession(ctx, sha256.Sum256([]byte(ses.secret)))
}

// EndAll signs all browsers of the account out.
func (s *Sessions) EndAll(ctx context.Context, u store.UserID) error {
	return s.store.DropSessions(ctx, u)
}

type httpsKey struct{}

// WithHTTPS notes that the client speaks TLS, to us or to a trusted proxy.
func WithHTTPS(ctx context.Context) context.Context {
	return context.WithValue(ctx, httpsKey{}, true)
}

// cookieName: under TLS the name itself keeps a cookie out that did not come over TLS
// (RFC 6265bis §4.1.3), and at the root one that came from a sibling host.
func (s *Sessions) cookieName(ctx context.Context) string {
	switch {
	case ctx.Value(httpsKey{}) == nil:
		return "cairn-session"
	case s.path == "/":
		return "__Host-cairn-session"
	}
	return "__Secure-cairn-session"
}

// SetCookie hands the session to the browser.
func (s *Sessions) SetCookie(w http.ResponseWriter, r *http.Request, ses Session) {
	s.cookie(w, r, ses.secret, ses.Expires, 0)
}

// ClearCookie takes it away.
func (s *Sessions) ClearCookie(w http.ResponseWriter, r *http.Request) {
	s.cookie(w, r, "", time.Time{}, -1)
}

func (s *Sessions) cookie(w http.ResponseWriter, r *http.Request, value string, expires time.Time, age int) {
	if !expires.IsZero() {
		age = int(expires.Sub(s.now()) / time.Second)
	}
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(r.Context()), Value: value, Path: s.path, MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.Context().Value(httpsKey{}) != nil})
}
