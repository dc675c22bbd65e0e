// Package upload is the door for resumable uploads: tus 1.0, spoken by tusd over the
// store. Bytes go into packs as they arrive; a broken connection keeps what arrived;
// the file is committed in the transaction that brings its last byte.
//
// tusd keeps the protocol's rules. Around it, this package asks whose an upload is
// before anything can touch it (tusd would let a stranger's HEAD end a PATCH), checks
// what tusd passes over (metadata that is not base64), gives each read its deadline,
// and puts errors into the one form that all doors speak.
package upload

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"

	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
)

// Store is what uploads ask of the store.
type Store interface {
	CreateUpload(ctx context.Context, sc store.Scope, spec store.UploadSpec) (store.Upload, error)
	GetUpload(ctx context.Context, sc store.Scope, id store.UploadID) (store.Upload, error)
	AppendUpload(ctx context.Context, sc store.Scope, id store.UploadID, part int, offset int64, r io.Reader) (int64, error)
	DeclareSize(ctx context.Context, sc store.Scope, id store.UploadID, size int64) (store.Upload, error)
	FinishUpload(ctx context.Context, sc store.Scope, id store.UploadID, to store.Path, size int64, c store.Conditions) (store.Written, error)
	DropUpload(ctx context.Context, sc store.Scope, id store.UploadID) error
}

// Options say how uploads are served.
type Options struct {
	// Prefix is the URL path of the door, without a slash at its end: "/files/tus".
	Prefix string
	// ReadTimeout is how long a body may bring nothing; 0: a minute.
	ReadTimeout time.Duration
	// Refuse answers with write while a body may be on its way, so that its sender
	// comes to read the answer. nil: just write.
	Refuse func(w http.ResponseWriter, r *http.Request, write func())
	Log    *slog.Logger // nil: none
}

// Handler serves tus. Each request needs WithScope in its context, but for OPTIONS.
// Safe for concurrent use.
type Handler struct {
	o     Options
	store Store
	tus   http.Handler
}

// New makes the door over a store.
func New(st Store, o Options) (*Handler, error) {
	if o.ReadTimeout == 0 {
		o.ReadTimeout = time.Minute
	}
	if o.Refuse == nil {
		o.Refuse = func(_ http.ResponseWriter, _ *http.Request, write func()) { write() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{o: o, store: st}
	data := dataStore{st}
	composer := handler.NewStoreComposer()
	composer.UseCore(data)
	composer.UseTerminater(data)
	composer.UseLengthDeferrer(data)
	composer.UseLocker(locker{memorylocker.New()})
	tus, err := handler.NewHandler(handler.Config{
		StoreComposer:   composer,
		BasePath:        o.Prefix + "/",
		DisableDownload: true,
		Cors:            &handler.CorsConfig{Disable: true},
		NetworkTimeout:  o.ReadTimeout,
		// tusd keeps two goroutines a request for this long after its end.
		GracefulRequestCompletionTimeout: 3 * time.Second,
		AcquireLockTimeout:               10 * time.Second,
		Logger:                           bridge(o.Log),
	})
	if err != nil {
		return nil, err
	}
	h.tus = tus
	return h, nil
}

type scopeKey struct{}

// WithScope says which tree a request's uploads go to; its user owns them.
func WithScope(ctx context.Context, sc store.Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, sc)
}

// request is what is known of a request beside what tusd knows.
type request struct {
	store.Scope
	header  http.Header
	meta    metadata
	body    *transfer.Body
	err     error // of the store, in its own words
	created store.UploadID
	w       http.Header
}

type requestKey struct{}

func from(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// ServeHTTP serves /tus, /tus/ and /tus/ID, by their whole paths.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sc, ok := r.Context().Value(scopeKey{}).(store.Scope)
	if !ok && r.Method != http.MethodOptions {
		httperr.JSON(w, r, h.o.Log, store.ErrNotExist)
		return
	}
	q := &request{Scope: sc, header: r.Header, w: w.Header()}
	if err := h.allow(q, r); err != nil {
		h.refuse(w, r, err)
		return
	}
	rc := http.NewResponseController(w)
	// tusd moves the deadlines of the connection, and would leave them to the next
	// request on it.
	defer rc.SetWriteDeadline(time.Time{})
	if r.Body != nil && r.Body != http.NoBody {
		q.body = transfer.NewBody(w, r, h.o.ReadTimeout)
		r.Body = q.body
	}
	inner := r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
	address := *r.URL
	address.Path, address.RawPath = strings.TrimPrefix(r.URL.Path, h.o.Prefix), ""
	inner.URL = &address
	a := &answer{ResponseWriter: w, q: q, prefix: h.o.Prefix}
	h.tus.ServeHTTP(a, inner)
	if a.status >= 400 {
		h.refuse(w, r, a.problem())
	}
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	h.o.Refuse(w, r, func() { httperr.JSON(w, r, h.o.Log, err) })
}

// allow checks what tusd would not, or too late: the address, the metadata, and whose
// upload it is. tusd locks an upload before it looks who asks.
func (h *Handler) allow(q *request, r *http.Request) error {
	id, ok := strings.CutPrefix(r.URL.EscapedPath(), h.o.Prefix)
	if id = strings.TrimPrefix(id, "/"); !ok || strings.Contains(id, "/") {
		return store.ErrNotExist
	}
	if r.Method == http.MethodOptions {
		return nil
	}
	if id == "" {
		if r.Method != http.MethodPost {
			return httperr.Problem{Status: http.StatusMethodNotAllowed, Code: "method", Allow: "OPTIONS, POST",
				Title: "Uploads are created here by POST.", Hint: "Speak tus 1.0."}
		}
		var err error
		q.meta, err = parseMetadata(r.Header.Values("Upload-Metadata"))
		return err
	}
	switch r.Method {
	case http.MethodHead, http.MethodPatch, http.MethodDelete, http.MethodPost: // POST: X-HTTP-Method-Override
	default:
		return httperr.Problem{Status: http.StatusMethodNotAllowed, Code: "method", Allow: "OPTIONS, HEAD, PATCH, DELETE",
			Title: "An upload cannot be read.", Hint: "Get the file where it was uploaded to, once it is complete."}
	}
	uid, ok := parseID(id)
	if !ok {
		return store.ErrNotExist
	}
	_, err := h.store.GetUpload(r.Context(), q.Scope, uid)
	return err
}
