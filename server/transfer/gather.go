package transfer

import "context"

// Gatherer is a connection that can hold back what is written to it. net/http writes
// through 4 KiB of its own: an answer that does not fit leaves in two system calls, each
// of which wakes the client, and the kernel's part of a small GET is most of its cost.
type Gatherer interface {
	// Gather holds back what is written from now on, as long as it is not much.
	Gather()
	// Release writes what was held back. Its error is that of the connection.
	Release() error
}

type gathererKey struct{}

// WithGatherer tells the requests of a connection of it. HTTP/1 without TLS alone uses
// it: nobody else writes to such a connection while an answer is written.
func WithGatherer(ctx context.Context, g Gatherer) context.Context {
	return context.WithValue(ctx, gathererKey{}, g)
}

// fitsNetHTTP is a body that leaves with its header in one system call as it is.
const fitsNetHTTP = 3 << 10

// sendWhole answers with a body that is in memory. Its length has been told.
func (a *Answer) sendWhole(status int, body []byte) error {
	g, ok := a.r.Context().Value(gathererKey{}).(Gatherer)
	if ok = ok && a.r.ProtoMajor == 1 && a.r.TLS == nil && len(body) > fitsNetHTTP; ok {
		a.extend()
		g.Gather()
	}
	a.WriteHeader(status)
	_, err := a.Write(body)
	if !ok {
		return err
	}
	if err == nil {
		err = a.rc.Flush()
	}
	if e := g.Release(); err == nil {
		err = e
	}
	return err
}
