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
	"strconv"
	"strings"
	"time"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/server/underway"
	"cairn/store"

	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
)

// Store is what uploads ask of the store.
type Store interface {
	CreateUpload(ctx context.Context, sc store.Scope, spec store.UploadSpec) (store.Upload, error)
	CreateWith(ctx context.Context, sc store.Scope, spec store.UploadSpec, r io.Reader) (int64, error)
	GetUpload(ctx context.Context, sc store.Scope, id store.UploadID) (store.Upload, error)
	AppendUpload(ctx context.Context, sc store.Scope, id store.UploadID, part int, offset int64, r io.Reader) (int64, error)
	AppendChecked(ctx context.Context, sc store.Scope, id store.UploadID, part int, offset int64, r io.Reader, sum store.Digest) (int64, error)
	JoinUploads(ctx context.Context, sc store.Scope, spec store.UploadSpec, parts []store.UploadID) (store.Upload, error)
	DeclareSize(ctx context.Context, sc store.Scope, id store.UploadID, size int64) (store.Upload, error)
	FinishUpload(ctx context.Context, sc store.Scope, id store.UploadID, to store.Path, size int64, c store.Conditions) (store.Written, error)
	DropUpload(ctx context.Context, sc store.Scope, id store.UploadID) error
}

// Options say how uploads are served.
type Options struct {
	// Prefix is the URL path of the door, without a slash at its end: "/files/tus".
	Prefix string
	// Origin, such as https://files.example, makes the Location of ServeCreation a whole
	// address; empty: it is a path.
	Origin string
	// ReadTimeout is how long a body may bring nothing; 0: a minute.
	ReadTimeout time.Duration
	// Refuse answers with write while a body may be on its way, so that its sender
	// comes to read the answer. nil: just write.
	Refuse func(w http.ResponseWriter, r *http.Request, write func())
	// Underway is told which uploads bytes arrive for; nil: nobody is.
	Underway *underway.Uploads
	Log      *slog.Logger // nil: none
}

// Handler serves tus. Each request needs WithScope in its context, but for OPTIONS.
// Safe for concurrent use.
type Handler struct {
	o     Options
	store Store
	tus   http.Handler

	extensions string
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
	data := dataStore{st, o.Underway}
	composer := handler.NewStoreComposer()
	composer.UseCore(data)
	composer.UseTerminater(data)
	composer.UseLengthDeferrer(data)
	composer.UseConcater(data)
	composer.UseLocker(locker{memorylocker.New()})
	tus, err := handler.NewHandler(handler.Config{
		StoreComposer:   composer,
		BasePath:        o.Prefix + "/",
		DisableDownload: true,
		Cors:            &handler.CorsConfig{Disable: true},
		NetworkTimeout:  o.ReadTimeout,
		// tusd keeps a goroutine, and the request with it, for this long after its end.
		// What must outlive the request says so itself (WriteChunk).
		GracefulRequestCompletionTimeout: 1,
		AcquireLockTimeout:               10 * time.Second,
		Logger:                           bridge(o.Log),
	})
	if err != nil {
		return nil, err
	}
	h.tus, h.extensions = tus, tus.SupportedExtensions()+",checksum,expiration"
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
	raw     string        // the header that meta was read from
	dir     store.Path    // of the collection that an upload is created in; the root: meta says
	sum     *store.Digest // of this request's bytes, nil: none was announced
	expires time.Time     // of the upload, zero: not known, or finished
	body    *transfer.Body
	err     error // of the store, in its own words
	created store.UploadID
	comes   int64             // bytes that come with a creation, if it says how many; else 0
	whole   *store.UploadSpec // of an upload that is created when its bytes have arrived
	w       http.Header
}

type requestKey struct{}

func from(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// ServeCreation creates an upload by POST of a collection (rclone, ownCloud): its file goes
// below that.
func (h *Handler) ServeCreation(w http.ResponseWriter, r *http.Request, dir store.Path) {
	inner := r.WithContext(r.Context())
	address := *r.URL
	address.Path, address.RawPath = h.o.Prefix+"/", ""
	inner.URL = &address
	h.serve(w, inner, creation{dir, h.o.Origin})
}

// creation is where the file of a new upload goes, if metadata does not say it, and what
// stands before the path of a Location.
type creation struct {
	dir    store.Path
	origin string
}

// ServeHTTP serves /tus, /tus/ and /tus/ID, by their whole paths.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(w, r, creation{}) }

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, in creation) {
	sc, ok := r.Context().Value(scopeKey{}).(store.Scope)
	if !ok && r.Method != http.MethodOptions {
		httperr.JSON(w, r, h.o.Log, store.ErrNotExist)
		return
	}
	q := &request{Scope: sc, header: r.Header, w: w.Header(), dir: in.dir}
	if r.Method == http.MethodOptions {
		h.options(w)
		return
	}
	again, err := h.allow(q, r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		q.body = transfer.NewBody(w, r, h.o.ReadTimeout)
		defer q.body.End()
		r.Body = q.body
	}
	if again != nil {
		h.finishedAgain(w, r, again)
		return
	}
	inner := r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
	address := *r.URL
	address.Path, address.RawPath = strings.TrimPrefix(r.URL.Path, h.o.Prefix), ""
	inner.URL = &address
	a := &answer{ResponseWriter: w, q: q, prefix: h.o.Prefix, origin: in.origin}
	h.tus.ServeHTTP(a, inner)
	if a.status >= 400 {
		h.refuse(w, r, a.problem())
	}
}

// options says what is spoken here, to strangers too: it costs nothing.
func (h *Handler) options(w http.ResponseWriter) {
	head := w.Header()
	h.Announce(head)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// Announce adds what is spoken here to the answer of an OPTIONS.
func (h *Handler) Announce(head http.Header) {
	head.Set("Tus-Resumable", "1.0.0")
	head.Set("Tus-Version", "1.0.0")
	head.Set("Tus-Extension", h.extensions)
	head.Set("Tus-Checksum-Algorithm", checksums)
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	h.o.Refuse(w, r, func() { httperr.JSON(w, r, h.o.Log, err) })
}

// allow checks what tusd would not, or too late: the address, the metadata, the checksum,
// how long the body is, and whose upload it is. tusd locks an upload before it looks who
// asks. again is the upload whose last bytes are sent once more.
func (h *Handler) allow(q *request, r *http.Request) (again *store.Upload, err error) {
	if q.sum, err = parseBodyChecksum(r.Header); err != nil {
		return nil, err
	}
	id, ok := strings.CutPrefix(r.URL.Path, h.o.Prefix)
	if id = strings.TrimPrefix(id, "/"); !ok {
		return nil, store.ErrNotExist
	}
	if id == "" {
		return nil, q.allowCreation(r)
	}
	switch over := r.Header.Get("X-HTTP-Method-Override"); {
	case r.Method == http.MethodHead, r.Method == http.MethodPatch, r.Method == http.MethodDelete:
	case r.Method == http.MethodPost && (over == http.MethodPatch || over == http.MethodDelete):
		r.Method = over
	default:
		return nil, httperr.Problem{Status: http.StatusMethodNotAllowed, Code: "method", Allow: "OPTIONS, HEAD, PATCH, DELETE",
			Title: "An upload cannot be read.", Hint: "Get the file where it was uploaded to, once it is complete."}
	}
	uid, ok := parseID(id)
	if !ok {
		return nil, store.ErrNotExist
	}
	u, err := h.store.GetUpload(r.Context(), q.Scope, uid)
	if err != nil || r.Method != http.MethodPatch {
		return nil, err
	}
	if store.JoinedFrom(&u) != nil {
		return nil, problems["ERR_MODIFY_FINAL"]
	}
	if lastAgain(r, &u) {
		return &u, nil
	}
	return nil, allowLength(r, u)
}

// lastAgain reports whether a request brings the last bytes of an upload once more, whose
// first answer was lost: it says where they begin, and how many they are.
func lastAgain(r *http.Request, u *store.Upload) bool {
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	return err == nil && offset >= 0 && u.Finished && !u.Partial() &&
		r.ContentLength > 0 && offset+r.ContentLength == u.Size &&
		r.Header.Get("Tus-Resumable") == "1.0.0" && r.Header.Get("Content-Type") == "application/offset+octet-stream"
}

// finishedAgain answers as the first time. The bytes are read, so that their sender comes
// to read the answer, and are not looked at.
func (h *Handler) finishedAgain(w http.ResponseWriter, r *http.Request, u *store.Upload) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		h.refuse(w, r, problems["ERR_UNEXPECTED_EOF"])
		return
	}
	head := w.Header()
	head.Set("Tus-Resumable", "1.0.0")
	head.Set("Upload-Offset", strconv.FormatInt(u.Size, 10))
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	tell(head, u)
	w.WriteHeader(http.StatusNoContent)
}

func (q *request) allowCreation(r *http.Request) (err error) {
	if r.Method != http.MethodPost {
		return httperr.Problem{Status: http.StatusMethodNotAllowed, Code: "method", Allow: "OPTIONS, POST",
			Title: "Uploads are created here by POST.", Hint: "Speak tus 1.0."}
	}
	q.raw = strings.Join(r.Header.Values("Upload-Metadata"), ",")
	if r.Header.Get("Content-Type") == "application/offset+octet-stream" {
		q.comes = max(0, r.ContentLength)
	}
	q.meta, err = parseMetadata(q.raw)
	return err
}

// allowLength refuses what is longer than the upload before anything of it is taken:
// tusd's sum overflows. It also takes a size away that is declared once more, by a
// client whose first try broke off, which tusd would refuse.
func allowLength(r *http.Request, u store.Upload) error {
	size := u.Size
	if declared, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64); err == nil {
		if declared == size {
			r.Header.Del("Upload-Length")
		} else if size < 0 {
			size = declared
		}
	}
	at := u.Offset()
	if offset := r.Header.Get("Upload-Offset"); offset != strconv.FormatInt(at, 10) || size < 0 {
		return nil // tusd says what is wrong, or there is no end yet
	}
	if r.ContentLength > size-at {
		return problems["ERR_UPLOAD_SIZE_EXCEEDED"]
	}
	return nil
}
