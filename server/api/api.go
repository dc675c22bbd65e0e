// Package api is the browser app's door: JSON over the store, and the bytes of files.
// It speaks to people who are signed in (API) and to those who are about to be
// (Entrance). Errors are problem+json; see server/DESIGN.md, The API.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"cairn/server/auth"
	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/server/underway"
	"cairn/store"

	"github.com/labstack/echo/v4"
)

// Store is what this door needs of a store. *store.Store has it; its methods are
// documented at store.API.
type Store interface {
	Stat(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error)
	List(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error)
	Open(ctx context.Context, sc store.Scope, p store.Path) (store.Content, error)

	Mkdir(ctx context.Context, sc store.Scope, p store.Path, c store.Conditions) (store.Node, error)
	Move(ctx context.Context, sc store.Scope, from, to store.Path, o store.MoveOptions) (store.Written, error)
	Copy(ctx context.Context, sc store.Scope, from, to store.Path, o store.MoveOptions) (store.Written, error)
	Remove(ctx context.Context, sc store.Scope, p store.Path, c store.Conditions) error

	Trash(ctx context.Context, sc store.Scope, before int64, limit int) ([]store.InTrash, error)
	Restore(ctx context.Context, sc store.Scope, id store.NodeID, to store.Path, c store.Conditions) (store.Node, error)
	Versions(ctx context.Context, sc store.Scope, p store.Path, before int64, limit int) (store.Node, []store.Version, error)
	OpenVersion(ctx context.Context, sc store.Scope, p store.Path, id store.VersionID) (store.Content, error)
	RestoreVersion(ctx context.Context, sc store.Scope, p store.Path, id store.VersionID, c store.Conditions) (store.Node, error)
	TrashSize(ctx context.Context, sc store.Scope) (store.TrashSize, error)
	Purge(ctx context.Context, sc store.Scope, id store.NodeID) error
	EmptyTrash(ctx context.Context, sc store.Scope, upto int64) (int, error)
	DropVersion(ctx context.Context, sc store.Scope, p store.Path, id store.VersionID, c store.Conditions) error
	MakeSnapshot(ctx context.Context, sc store.Scope, name string) (store.Snapshot, error)
	Snapshots(ctx context.Context, sc store.Scope) ([]store.Snapshot, error)
	DropSnapshot(ctx context.Context, sc store.Scope, id store.SnapshotID) error
	StatAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path) (store.Node, error)
	ListAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path, after string, limit int) ([]store.Node, error)
	OpenAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path) (store.Content, error)
	Revert(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path, c store.Conditions) (store.Undone, error)
	Undo(ctx context.Context, sc store.Scope, from, to int64, c store.Conditions) (store.Undone, error)
	SpaceUse(ctx context.Context, sc store.Scope) (store.SpaceUse, error)
	StoreUse(ctx context.Context) (store.StoreUse, error)
	VersionsSize(ctx context.Context, sc store.Scope, age time.Duration) (store.Past, error)
	DropVersions(ctx context.Context, sc store.Scope, upto int64) (int, error)
	UserByID(ctx context.Context, u store.UserID) (store.User, error)

	SyncPoint(ctx context.Context, sc store.Scope) (store.SyncPoint, error)
	AwaitChange(ctx context.Context, sc store.Scope, since store.SyncPoint) (store.SyncPoint, error)
	ChangedSince(ctx context.Context, sc store.Scope, p store.Path, since store.SyncPoint, deep bool, limit int) ([]store.Changed, store.SyncPoint, bool, error)
	PutMany(ctx context.Context, sc store.Scope, next func() (store.PutFile, error)) ([]store.PutResult, error)
	Resumable(ctx context.Context, sc store.Scope, files []store.Resume) ([]*store.Upload, error)
	GetUpload(ctx context.Context, sc store.Scope, id store.UploadID) (store.Upload, error)
	ReadUpload(ctx context.Context, sc store.Scope, id store.UploadID, w io.Writer, off, n int64) error
	Uploads(ctx context.Context, sc store.Scope, limit int) ([]store.Upload, error)
	FinishUpload(ctx context.Context, sc store.Scope, id store.UploadID, to store.Path, size int64, c store.Conditions) (store.Written, error)
}

// Options say what the door stands on and how patient it is. Store and Scope are
// needed; zero values of the others get the defaults named.
type Options struct {
	Store Store
	// Scope is the tree that somebody sees here. Its error is answered.
	Scope func(ctx context.Context, p auth.Principal) (store.Scope, error)
	Log   *slog.Logger // nil: slog.Default()
	// Digests tell what files come to, to who asks for it; nil: nobody is told.
	Digests *transfer.Digests
	// Underway knows which uploads bytes arrive for; nil: nobody is told how far they are.
	Underway *underway.Uploads
	// Closing ends what would go on without an end, once it is closed; nil: nothing does.
	Closing <-chan struct{}
	// ReadTimeout is how long a body of JSON may take as a whole, WriteTimeout how
	// long a client may take nothing of an answer. Defaults as in transfer.
	ReadTimeout, WriteTimeout time.Duration
}

// API is the door. It is safe for concurrent use.
type API struct {
	o        Options
	arriving transfer.Arriving
}

// New makes the door.
func New(o Options) *API {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.ReadTimeout <= 0 {
		o.ReadTimeout = transfer.ReadTimeout
	}
	return &API{o: o}
}

// root is where the API lies, below the base path.
const root = "/api/v1"

// Mount registers the routes, whose paths come without the base. The requests that
// reach them carry the auth.Principal who asks (else 401), and have proved whatever a
// method that changes something asks of a session. It also answers for what nobody
// registers below /api/v1: 405 where e knows the address, else 404.
func (a *API) Mount(e *echo.Echo) {
	read := []string{http.MethodGet, http.MethodHead}
	e.Match(read, root+"/files", a.handle(a.files))
	e.Match(read, root+"/content", a.handle(a.content))
	e.Match(read, root+"/versions", a.handle(a.versions))
	e.Match(read, root+"/versions/size", a.handle(a.versionsSize))
	e.Match(read, root+"/trash", a.handle(a.trash))
	e.Match(read, root+"/trash/size", a.handle(a.trashSize))
	e.Match(read, root+"/snapshots", a.handle(a.snapshots))
	e.Match(read, root+"/uploads", a.handle(a.uploads))
	e.Match(read, root+"/uploads/:id/digests", a.handle(a.digests))
	e.Match(read, root+"/space", a.handle(a.space))
	e.GET(root+"/events", a.handle(a.events))
	e.POST(root+"/lookup", a.handle(a.lookup))
	e.POST(root+"/plan", a.handle(a.plan))
	e.POST(root+"/batch", a.handle(a.batch))
	e.POST(root+"/operations", a.handle(a.operations))
	e.POST(root+"/uploads/:id/finish", a.handle(a.finish))
	e.RouteNotFound(root, a.answer(a.elsewhere))
	e.RouteNotFound(root+"/*", a.answer(a.elsewhere))
}

// elsewhere answers for a method or an address that is not there.
func (a *API) elsewhere(q *request) error {
	var allow []string
	for _, route := range q.c.Echo().Routes() {
		if route.Method != echo.RouteNotFound && fits(route.Path, q.r.URL.Path) {
			allow = append(allow, route.Method)
		}
	}
	if allow == nil {
		return httperr.Problem{Status: http.StatusNotFound, Code: "not-found",
			Title: "There is nothing at this address.", Hint: "Check the address; it may belong to another version of the server."}
	}
	slices.Sort(allow)
	return httperr.Problem{Status: http.StatusMethodNotAllowed, Code: "method", Allow: strings.Join(allow, ", "),
		Title: "This address does not take the method.", Hint: "The Allow header lists those it does."}
}

// fits reports whether a route is for the path: segment by segment, where :name is
// any. A route for whatever lies below another fits nothing.
func fits(route, path string) bool {
	want, got := strings.Split(route, "/"), strings.Split(path, "/")
	return len(want) == len(got) && !strings.Contains(route, "*") && slices.EqualFunc(want, got, func(w, g string) bool {
		return w == g || strings.HasPrefix(w, ":") && g != ""
	})
}
