package api

import (
	"net/http"
	"net/url"
	"slices"

	"cairn/server/auth"
	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"

	"github.com/labstack/echo/v4"
)

// request is one request on its way through the door.
type request struct {
	a    *API
	c    echo.Context
	w    *transfer.Answer
	r    *http.Request
	body *transfer.Body // r's
	who  auth.Principal
	sc   store.Scope // who's

	held int64 // bytes of the body that count as arriving
}

// handle makes a route of h for who is signed in.
func (a *API) handle(h func(*request) error) echo.HandlerFunc {
	return a.answer(func(q *request) (err error) {
		p, ok := auth.PrincipalFrom(q.r.Context())
		if !ok {
			return SessionProblem(auth.ErrNoSession)
		}
		q.who = p
		if q.sc, err = a.o.Scope(q.r.Context(), p); err != nil {
			return err
		}
		return h(q)
	})
}

// answer makes a route of h, which answers or returns an error that is answered. It
// takes the writer from below Echo's, which hides ReadFrom from files.
func (a *API) answer(h func(*request) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		w, r := c.Response().Writer, *c.Request()
		body := transfer.NewBody(w, &r, a.o.ReadTimeout)
		r.Body = body
		defer body.End()
		q := &request{a: a, c: c, w: transfer.NewAnswer(w, &r, a.o.WriteTimeout), r: &r, body: body}
		defer q.w.Done()
		defer q.forget()
		q.w.Header().Set("Cache-Control", "no-store")
		q.w.Header().Set("X-Content-Type-Options", "nosniff")
		q.w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if err := h(q); err != nil {
			q.fail(err)
		}
		return nil
	}
}

// fail answers with err, or breaks off an answer that has begun.
func (q *request) fail(err error) {
	q.forget()
	if q.w.Started() {
		q.w.Abort(q.a.o.Log, err)
	}
	transfer.Refuse(q.w, q.r, nil, func() { httperr.JSON(q.w, q.r, q.a.o.Log, err) })
}

// query reads the parameters of the address: each at most once, and no others.
func (q *request) query(known ...string) (url.Values, error) {
	v, err := url.ParseQuery(q.r.URL.RawQuery)
	if err != nil {
		return nil, badQuery("cannot be read")
	}
	for name, values := range v {
		if !slices.Contains(known, name) {
			return nil, badQuery("holds a parameter that means nothing here")
		}
		if len(values) > 1 {
			return nil, badQuery("holds a parameter twice")
		}
	}
	return v, nil
}

func badQuery(what string) error {
	return httperr.BadRequest("bad-query", "The address's query "+what+".", "Write it as name=value&name=value, properly escaped.")
}
