//go:build !linux

package admin

import (
	"context"
	"errors"
	"net/http"
)

const lendPath = "/browse/lend"

// Lender lends nothing on this system.
type Lender struct{}

// NewLender lends nothing.
func NewLender(Browse) *Lender { return &Lender{} }

// Close does nothing.
func (*Lender) Close() {}

// ServeHTTP implements http.Handler.
func (*Lender) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusNotImplemented, failure{Message: "this system lends no files"})
}

type borrower struct{ dir string }

func (*borrower) read(context.Context, part, []byte, int64) error {
	return errors.New("this system lends no files")
}

func (*borrower) close() {}
