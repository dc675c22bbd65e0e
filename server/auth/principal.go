// Package auth says who is asking: it turns credentials and an address into a
// Principal, or into a refusal that tells a stranger nothing.
//
// Nothing here sleeps. A guess costs the guesser a token of two buckets (their
// address; their address with the account), never the account alone, so that nobody
// can lock somebody else out.
package auth

import (
	"context"

	"cairn/store"
)

// Principal is an account that has proved itself.
type Principal struct {
	User  store.UserID
	Name  string // as the account is written, not as the client typed it
	Admin bool
}

type principalKey struct{}

// WithPrincipal hands p to the handlers below.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom finds what WithPrincipal stored.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}
