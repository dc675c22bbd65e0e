package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"

	"cairn/server/auth"
	"cairn/server/httperr"
	"cairn/store"

	"github.com/labstack/echo/v4"
)

// Entrance is the part of the API that people without a session reach: signing in and
// out, and the one-time set-up. Safe for concurrent use.
type Entrance struct {
	Sessions *auth.Sessions
	Setup    *auth.Setup
	Store    interface {
		Home(ctx context.Context, u store.UserID) (store.Scope, error)
		Usage(ctx context.Context, sc store.Scope) (used, quota, available int64, err error)
	}
	// Client says where a request comes from, for the throttle.
	Client func(r *http.Request) netip.Addr
	// SignedIn, if set, notes who a request turned out to be.
	SignedIn func(r *http.Request, name string)
	Log      *slog.Logger
}

// The paths of the Entrance, below the base.
const (
	SessionPath  = "/api/v1/session"
	SessionsPath = "/api/v1/sessions"
	SetupPath    = "/api/v1/setup"
)

// Mount registers it.
func (d *Entrance) Mount(e *echo.Echo) {
	e.GET(SessionPath, d.session)
	e.HEAD(SessionPath, d.session)
	e.POST(SessionPath, d.signIn)
	e.DELETE(SessionPath, d.signOut)
	e.DELETE(SessionsPath, d.signOutEverywhere)
	e.GET(SetupPath, d.pending)
	e.HEAD(SetupPath, d.pending)
	e.POST(SetupPath, d.setUp)
}

type usage struct {
	Used      int64 `json:"used"`
	Quota     int64 `json:"quota"` // 0: none
	Available int64 `json:"available"`
}

type person struct {
	Name  string `json:"name"`
	Admin bool   `json:"admin"`
}

type sessionAnswer struct {
	User  person `json:"user"`
	Token string `json:"token"`
	Usage usage  `json:"usage"`
}

func (d *Entrance) session(c echo.Context) error {
	ses, err := d.Sessions.Check(c.Request())
	if err != nil {
		return SessionProblem(err)
	}
	return d.answer(c, http.StatusOK, ses)
}

func (d *Entrance) answer(c echo.Context, status int, ses auth.Session) error {
	ctx := c.Request().Context()
	if d.SignedIn != nil {
		d.SignedIn(c.Request(), ses.Name)
	}
	a := sessionAnswer{User: person{ses.Name, ses.Admin}, Token: ses.Token}
	sc, err := d.Store.Home(ctx, ses.User)
	if err == nil {
		a.Usage.Used, a.Usage.Quota, a.Usage.Available, err = d.Store.Usage(ctx, sc)
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(status, a)
}

// signIn takes a name and the account's password. A page of another site could not
// read the answer, but would sign the person in as somebody else: it may not ask.
func (d *Entrance) signIn(c echo.Context) error {
	r := c.Request()
	var in struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if err := d.take(c, &in); err != nil {
		return err
	}
	ses, err := d.Sessions.SignIn(r.Context(), d.Client(r), in.Name, in.Password)
	if err != nil {
		return SessionProblem(err)
	}
	d.forget(r)
	d.Sessions.SetCookie(c.Response(), r, ses)
	return d.answer(c, http.StatusOK, ses)
}

// forget ends the session that the browser has had until now: the new one takes its
// cookie's place.
func (d *Entrance) forget(r *http.Request) {
	if old, err := d.Sessions.Current(r); err == nil {
		if err := d.Sessions.End(r.Context(), old); err != nil && d.Log != nil {
			d.Log.Warn("an old session stays until it expires", "error", err)
		}
	}
}

func (d *Entrance) take(c echo.Context, into any) error {
	if auth.CrossSite(c.Request()) {
		return SessionProblem(auth.ErrCrossSite)
	}
	return readJSON(c, into)
}

func (d *Entrance) signOut(c echo.Context) error {
	return d.out(c, func(ctx context.Context, ses auth.Session) error { return d.Sessions.End(ctx, ses) })
}

func (d *Entrance) signOutEverywhere(c echo.Context) error {
	return d.out(c, func(ctx context.Context, ses auth.Session) error { return d.Sessions.EndAll(ctx, ses.User) })
}

func (d *Entrance) out(c echo.Context, end func(context.Context, auth.Session) error) error {
	r := c.Request()
	ses, err := d.Sessions.Check(r)
	if err != nil {
		return SessionProblem(err)
	}
	if d.SignedIn != nil {
		d.SignedIn(r, ses.Name)
	}
	if err := end(r.Context(), ses); err != nil {
		return err
	}
	d.Sessions.ClearCookie(c.Response(), r)
	return c.NoContent(http.StatusNoContent)
}

func (d *Entrance) pending(c echo.Context) error {
	if !d.Setup.Pending(c.Request().Context()) {
		return store.ErrNotExist
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.NoContent(http.StatusNoContent)
}

func (d *Entrance) setUp(c echo.Context) error {
	var in struct {
		Token    string `json:"token"`
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if err := d.take(c, &in); err != nil {
		return err
	}
	r := c.Request()
	u, err := d.Setup.Use(r.Context(), in.Token, in.Name, in.Password)
	switch {
	case errors.Is(err, store.ErrNotExist):
		return httperr.Problem{Status: http.StatusNotFound, Code: "not-found", Title: "This set-up link has been used, or is too old.",
			Hint: "Sign in; or, if there is no account yet, restart the server, which prints a new link."}
	case errors.Is(err, store.ErrName):
		return httperr.BadRequest("invalid-name", "This cannot be the name of an account.", "Use 1 to 64 letters without accents, digits, dots, dashes, underscores and @.")
	case errors.Is(err, auth.ErrWeakPassword):
		return httperr.BadRequest("weak-password", "This password is too easy to guess.", "Use at least 8 characters, and not the name.")
	case errors.Is(err, auth.ErrPassword):
		return httperr.BadRequest("weak-password", "This password cannot be used.", "Use at most 1024 bytes, without control characters.")
	case err != nil:
		return err
	}
	ses, err := d.Sessions.Begin(r.Context(), u)
	if err != nil {
		return err
	}
	d.Sessions.SetCookie(c.Response(), r, ses)
	return d.answer(c, http.StatusCreated, ses)
}

// SessionProblem says in HTTP why a request was not let in.
func SessionProblem(err error) error {
	switch t := (*auth.ThrottledError)(nil); {
	case errors.As(err, &t):
		return httperr.Problem{Status: http.StatusTooManyRequests, Code: "throttled", Title: "Too many wrong passwords.",
			Hint: "Wait a little, then try again with the right one.", RetryAfter: t.Seconds()}
	case errors.Is(err, auth.ErrDenied):
		return httperr.Problem{Status: http.StatusUnauthorized, Code: "wrong-credentials", Title: "Wrong name or password.",
			Hint: "Check both. In the app the password is that of your account, not an app password."}
	case errors.Is(err, auth.ErrNoSession):
		return httperr.Problem{Status: http.StatusUnauthorized, Code: "unauthorized", Title: "You are not signed in.", Hint: "Sign in and try again."}
	case errors.Is(err, auth.ErrToken):
		return httperr.Problem{Status: http.StatusForbidden, Code: "token", Title: "The request does not prove that the app sent it.",
			Hint: "Reload the page and try again."}
	case errors.Is(err, auth.ErrCrossSite):
		return httperr.Problem{Status: http.StatusForbidden, Code: "cross-site", Title: "A page of another site sent this.",
			Hint: "Do it in Cairn's own page."}
	}
	return err
}
