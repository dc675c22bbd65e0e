package admin

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"cairn/store"
)

// Browse is what reading through the socket needs of the store: mount.Local.
type Browse interface {
	// Homes is the space of each account by the account's name.
	Homes(ctx context.Context) (map[string]store.Scope, error)
	Stat(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error)
	List(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error)
	Versions(ctx context.Context, sc store.Scope, p store.Path, before int64, limit int) (store.Node, []store.Version, error)
	Trash(ctx context.Context, sc store.Scope, before int64, limit int) ([]store.InTrash, error)
	Snapshots(ctx context.Context, sc store.Scope) ([]store.Snapshot, error)
	StatAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path) (store.Node, error)
	ListAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path, after string, limit int) ([]store.Node, error)
	Send(ctx context.Context, sc store.Scope, id store.VersionID, off, n int64, begin func(n int64) io.Writer) (sent int64, err error)
	ReadFiles(ctx context.Context, scs []store.Scope, ids []store.VersionID, sizes []int64, each func(i int, p []byte)) error
}

// maxBrowsePage bounds the entries of one answer.
const maxBrowsePage = 1000

// place is the space of an account, by the number of its root.
type place struct {
	Space store.SpaceID `json:"space"`
	Root  store.NodeID  `json:"root"`
}

// node is what is told of a store.Node.
type node struct {
	ID      store.NodeID `json:"id"`
	Name    string       `json:"name"`
	Folder  bool         `json:"folder,omitempty"`
	Version string       `json:"version,omitempty"`
	Size    int64        `json:"size,omitempty"`
	MTime   time.Time    `json:"mtime"`
}

func nodeOf(n *store.Node) node {
	out := node{ID: n.ID, Name: n.Name, Folder: n.IsFolder(), Size: n.Size, MTime: n.ModTime}
	if !out.Folder {
		out.Version = n.Version.String()
	}
	return out
}

func nodesOf(ns []store.Node) []node {
	out := make([]node, len(ns))
	for i := range ns {
		out[i] = nodeOf(&ns[i])
	}
	return out
}

// older is what is told of a store.Version.
type older struct {
	ID      string    `json:"id"`
	Size    int64     `json:"size"`
	MTime   time.Time `json:"mtime"`
	Created time.Time `json:"created"`
	Until   int64     `json:"until"`
}

type versionPage struct {
	Node  node    `json:"node"`
	Older []older `json:"older"`
}

// removed is what is told of a store.InTrash.
type removed struct {
	Node    store.NodeID `json:"node"`
	Name    string       `json:"name"`
	Deleted time.Time    `json:"deleted"`
	Seq     int64        `json:"seq"`
	Now     node         `json:"now"`
}

// moment is what is told of a store.Snapshot.
type moment struct {
	ID      store.SnapshotID `json:"id"`
	Name    string           `json:"name"`
	Created time.Time        `json:"created"`
}

// browse answers what Browser asks. Nothing of it changes anything.
func browse(mux *http.ServeMux, b Browse) {
	on := func(what string, f func(r *http.Request, sc store.Scope, q url.Values) (any, error)) {
		mux.HandleFunc("GET /browse/"+what, func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			out, err := f(r, scopeOf(q), q)
			if err != nil {
				answer(w, http.StatusConflict, failureOf(err))
				return
			}
			answer(w, http.StatusOK, out)
		})
	}
	on("homes", func(r *http.Request, _ store.Scope, _ url.Values) (any, error) {
		homes, err := b.Homes(r.Context())
		out := make(map[string]place, len(homes))
		for name, sc := range homes {
			out[name] = place{sc.Space, sc.Root}
		}
		return out, err
	})
	on("stat", func(r *http.Request, sc store.Scope, q url.Values) (any, error) {
		p, err := store.ParsePath(q.Get("path"))
		if err != nil {
			return nil, err
		}
		n, err := b.Stat(r.Context(), sc, p)
		return nodeOf(&n), err
	})
	on("list", func(r *http.Request, sc store.Scope, q url.Values) (any, error) {
		p, err := store.ParsePath(q.Get("path"))
		if err != nil {
			return nil, err
		}
		ns, err := b.List(r.Context(), sc, p, q.Get("after"), int(number(q, "limit", maxBrowsePage)))
		return nodesOf(ns), err
	})
	on("versions", func(r *http.Request, sc store.Scope, q url.Values) (any, error) {
		p, err := store.ParsePath(q.Get("path"))
		if err != nil {
			return nil, err
		}
		n, vs, err := b.Versions(r.Context(), sc, p, number(q, "before", 1<<62), int(number(q, "limit", maxBrowsePage)))
		out := versionPage{Node: nodeOf(&n), Older: make([]older, len(vs))}
		for i, v := range vs {
			out.Older[i] = older{v.ID.String(), v.Size, v.ModTime, v.Created, v.Until}
		}
		return out, err
	})
	on("trash", func(r *http.Request, sc store.Scope, q url.Values) (any, error) {
		rs, err := b.Trash(r.Context(), sc, number(q, "before", 1<<62), int(number(q, "limit", maxBrowsePage)))
		out := make([]removed, len(rs))
		for i := range rs {
			out[i] = removed{rs[i].Node, rs[i].Name, rs[i].Deleted, rs[i].Seq, nodeOf(&rs[i].Now)}
		}
		return out, err
	})
	on("snapshots", func(r *http.Request, sc store.Scope, _ url.Values) (any, error) {
		all, err := b.Snapshots(r.Context(), sc)
		out := make([]moment, len(all))
		for i, sn := range all {
			out[i] = moment{sn.ID, sn.Name, sn.Created}
		}
		return out, err
	})
	on("stat-at", func(r *http.Request, sc store.Scope, q url.Values) (any, error) {
		p, err := store.ParsePath(q.Get("path"))
		if err != nil {
			return nil, err
		}
		n, err := b.StatAt(r.Context(), sc, snapshotOf(q), p)
		return nodeOf(&n), err
	})
	on("list-at", func(r *http.Request, sc store.Scope, q url.Values) (any, error) {
		p, err := store.ParsePath(q.Get("path"))
		if err != nil {
			return nil, err
		}
		ns, err := b.ListAt(r.Context(), sc, snapshotOf(q), p, q.Get("after"), int(number(q, "limit", maxBrowsePage)))
		return nodesOf(ns), err
	})
	mux.HandleFunc("POST /browse/files", func(w http.ResponseWriter, r *http.Request) { sendFiles(w, r, b) })
	mux.HandleFunc("GET /browse/content", func(w http.ResponseWriter, r *http.Request) {
		if err := sendContent(w, r, b); err != nil {
			answer(w, http.StatusConflict, failureOf(err))
		}
	})
}

// scopeOf reads whose tree a call is about. Whoever reaches the socket may see all.
func scopeOf(q url.Values) store.Scope {
	return store.Scope{Space: store.SpaceID(number(q, "space", 1<<62)), Root: store.NodeID(number(q, "root", 1<<62)), Rights: store.MayRead}
}

func snapshotOf(q url.Values) store.SnapshotID { return store.SnapshotID(number(q, "snapshot", 1<<62)) }

// number is a number from 0 to most; 0 if it is missing or is none.
func number(q url.Values, name string, most int64) int64 {
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return min(n, most)
}

// sendContent sends n bytes from at on of a version of the file that is the scope's root,
// or those that it has. A failure after the first byte breaks the connection.
func sendContent(w http.ResponseWriter, r *http.Request, b Browse) error {
	q := r.URL.Query()
	id, ok := store.ParseVersionID(q.Get("version"))
	if !ok {
		return store.ErrNotExist
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	sent, err := b.Send(r.Context(), scopeOf(q), id, number(q, "at", 1<<62), number(q, "n", 1<<62), func(n int64) io.Writer {
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		return w
	})
	if sent > 0 && err != nil {
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		w.Header().Del("Content-Length")
	}
	return err
}
