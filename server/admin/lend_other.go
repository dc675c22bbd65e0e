//go:build !linux

package admin

import (
	"context"
	"errors"
	"net/http"
)

const lendPath = "/browse/lend"

// Lender lends nothing on this system.
type Lender struct{ Browse }

// NewLender lends nothing.
func NewLender(b Browse) *Lender { return &Lender{b} }

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
