// Package dav is the WebDAV door (RFC 4918): one file a method, over the store.
//
// Of golang.org/x/net/webdav the words are used in which a PROPPATCH and its outcome are
// put. Every method is our own, because a client or a test showed what x/net's handler
// does wrong; the comment of each says what that is. The same goes for the If header and
// for locks, which the store enforces inside the transaction that commits a change.
package dav

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"
)

// Store is what this door needs of a store. *store.Store has it; its methods are
// documented at store.API.
type Store interface {
	reader
	writer
	locker
}

type reader interface {
	Usage(ctx context.Context, sc store.Scope) (used, quota, available int64, err error)
	Stat(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error)
	List(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error)
	Open(ctx context.Context, sc store.Scope, p store.Path) (store.Content, error)
	Props(ctx context.Context, sc store.Scope, p store.Path) ([]store.Prop, error)
	SyncPoint(ctx context.Context, sc store.Scope) (store.SyncPoint, error)
	ChangedSince(ctx context.Context, sc store.Scope, p store.Path, since store.SyncPoint, deep bool, limit int) ([]store.Changed, store.SyncPoint, bool, error)
	ListProps(ctx context.Context, sc store.Scope, p store.Path, after, last string) (map[store.NodeID][]store.Prop, error)
}

type writer interface {
	Put(ctx context.Context, sc store.Scope, p store.Path, r io.Reader, o store.PutOptions) (store.Written, error)
	Mkdir(ctx context.Context, sc store.Scope, p store.Path, c store.Conditions) (store.Node, error)
	Move(ctx context.Context, sc store.Scope, from, to store.Path, o store.MoveOptions) (store.Written, error)
	Copy(ctx context.Context, sc store.Scope, from, to store.Path, o store.MoveOptions) (store.Written, error)
	Remove(ctx context.Context, sc store.Scope, p store.Path, c store.Conditions) error
	Patch(ctx context.Context, sc store.Scope, p store.Path, patch store.Patch, c store.Conditions) (store.Node, error)
}

type locker interface {
	Lock(ctx context.Context, sc store.Scope, p store.Path, spec store.LockSpec) (store.Lock, bool, error)
	Refresh(ctx context.Context, sc store.Scope, p store.Path, token string, timeout time.Duration) (store.Lock, error)
	Unlock(ctx context.Context, sc store.Scope, p store.Path, token string) error
	Locks(ctx context.Context, sc store.Scope, p store.Path) ([]store.Lock, []store.Path, error)
	ListLocks(ctx context.Context, sc store.Scope, p store.Path) (store.MemberLocks, error)
}

// Options say where the door is mounted and how patient it is. Zero values get the
// defaults named.
type Options struct {
	// Prefix is the URL path of the mount, base path included, unescaped and without
	// a slash at its end: "/dav", "/files/dav". Hrefs are built from it.
	Prefix string
	// BaseURL is the address people use, nil if it is not configured. Its host alone
	// decides whether a Destination is another server's; without it none is.
	BaseURL *url.URL
	Log     *slog.Logger // nil: slog.Default()
	// Digests tell what files come to, to who asks for it; nil: nobody is told.
	Digests *transfer.Digests
	// Announce, if set, adds to the answer of OPTIONS what POST of a collection is for; whoever
	// has the door answers that method.
	Announce func(http.Header)
	// MaxXML bounds an XML body in bytes. Default 1 MiB.
	MaxXML int64
	// InfiniteDepth lets PROPFIND list a whole tree, with so many members at most; an
	// answer that has reached it says so (507). 0: Depth infinity is refused.
	InfiniteDepth int
	// FinderQuota tells the macOS client the quota too, which hangs on it from macOS
	// 15.4 on.
	FinderQuota bool
	// ReadTimeout ends a request whose body brings nothing for so long, WriteTimeout
	// one whose answer is not taken (counted anew for each 1 MiB at most). Defaults
	// 60 s and 2 min. No limit holds for a whole request.
	ReadTimeout, WriteTimeout time.Duration
	// LockTimeout is granted when a client asks for none (default 10 min), and
	// MaxLockTimeout at most (default 1 h), also when it asks for Infinite.
	LockTimeout, MaxLockTimeout time.Duration
}

// Handler is the door. It is safe for concurrent use.
type Handler struct {
	store  Store
	o      Options
	prefix []string // unescaped names of the mount

	large    chan struct{} // turns to parse a large body
	arriving transfer.Arriving
	buffers  sync.Pool // *bufio.Writer of multistatus
	zippers  zippers
}

// New makes the door over st.
func New(st Store, o Options) *Handler {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.ReadTimeout, transfer.ReadTimeout)
	def(&o.WriteTimeout, transfer.WriteTimeout)
	def(&o.LockTimeout, 10*time.Minute)
	def(&o.MaxLockTimeout, time.Hour)
	if o.MaxXML <= 0 {
		o.MaxXML = 1 << 20
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	h := &Handler{store: st, o: o, large: make(chan struct{}, maxLargeBodies), zippers: newZippers()}
	for name := range strings.SplitSeq(o.Prefix, "/") {
		if name != "" {
			h.prefix = append(h.prefix, name)
		}
	}
	h.o.Prefix = ""
	for _, name := range h.prefix {
		h.o.Prefix += "/" + name
	}
	return h
}

type scopeKey struct{}

type scoped struct {
	store.Scope
	name string
}

// WithScope says on whose behalf, and where, the requests of this context act.
// userName is for people to read.
func WithScope(ctx context.Context, sc store.Scope, userName string) context.Context {
	return context.WithValue(ctx, scopeKey{}, scoped{sc, userName})
}

// methods are ours, in the order of the Allow header.
const allow = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, REPORT, LOCK, UNLOCK"

// ServeHTTP answers a request that is already authenticated: its context carries the
// Scope (WithScope). OPTIONS needs none. The request's URL is the full one, with the
// mount in front; the mount itself works with and without a slash at its end.
//
// x/net/webdav answers 400 to a method it does not know, matches its prefix inside a
// name (/davfoo) and never cleans a path; none of it is reached with a path that has
// not been through parsePath.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, ok := r.Context().Value(scopeKey{}).(scoped)
	h.answer(w, r, s, ok)
}

// ServeScope is ServeHTTP on behalf of whom WithScope would name.
func (h *Handler) ServeScope(w http.ResponseWriter, r *http.Request, sc store.Scope, userName string) {
	h.answer(w, r, scoped{sc, userName}, true)
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, s scoped, known bool) {
	inner := *r
	body := transfer.NewBody(w, r, h.o.ReadTimeout)
	inner.Body = body
	defer body.End()
	q := &request{h: h, w: transfer.NewAnswer(w, r, h.o.WriteTimeout), r: &inner, body: body, sc: s.Scope, user: s.name, known: known}
	defer q.w.Done()
	if err := q.serve(); err != nil {
		q.fail(err)
	}
}

func (q *request) serve() error {
	method, err := q.method()
	if err != nil {
		return err
	}
	if strings.Contains(q.r.RequestURI, "#") {
		return httperr.BadRequest("fragment", "The address holds a #.", "Write it as %23 if it is part of a name.")
	}
	if q.p, q.slash, err = q.h.parsePath(q.r.URL.EscapedPath()); err != nil {
		return err
	}
	if q.r.Method == http.MethodOptions {
		return method()
	}
	if !q.known {
		return httperr.Problem{Status: 500, Code: "internal", Title: "Something went wrong on the server.", Cause: errNoScope}
	}
	if q.cond, err = q.conditions(); err != nil {
		return err
	}
	return method()
}

// method finds what answers the request's method.
func (q *request) method() (func() error, error) {
	switch q.r.Method {
	case "OPTIONS":
		return q.options, nil
	case "GET", "HEAD":
		return q.get, nil
	case "PUT":
		return q.put, nil
	case "DELETE":
		return q.delete, nil
	case "MKCOL":
		return q.mkcol, nil
	case "COPY", "MOVE":
		return q.copyMove, nil
	case "PROPFIND":
		return q.propfind, nil
	case "PROPPATCH":
		return q.proppatch, nil
	case "REPORT":
		return q.report, nil
	case "LOCK":
		return q.lock, nil
	case "UNLOCK":
		return q.unlock, nil
	case "POST", "PATCH", "TRACE", "CONNECT", "SEARCH":
		return nil, httperr.Problem{Status: 405, Code: "method", Allow: allow,
			Title: "This address does not take the method.", Hint: "The Allow header lists those it does."}
	}
	return nil, httperr.Problem{Status: 501, Code: "method", Allow: allow,
		Title: "The server does not know this method.", Hint: "The Allow header lists those it does."}
}
