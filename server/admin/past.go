package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"cairn/store"
)

// Snapshot is a kept moment of an account's files.
type Snapshot struct {
	ID      store.SnapshotID `json:"id"`
	Name    string           `json:"name"`
	Created time.Time        `json:"created"`
	Change  int64            `json:"change"` // the newest change that it shows
}

// Undone is what Revert or Undo did, as store.Undone tells it.
type Undone struct {
	Placed  int    `json:"placed"`
	Trashed int    `json:"trashed"`
	Written int    `json:"written"`
	LeftOut int    `json:"leftOut"` // how many are left as they are
	Left    []Left `json:"left"`    // the first hundred of them
	// From and To bound the changes that it made: see store.Undone.
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Left is what was left as it is.
type Left struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Past is what is done with snapshots and changes of an account, by its name. Errors:
// store.ErrNotExist, also for the account, and those of store.API. Safe for concurrent use;
// what returned without an error is on stable storage. Revert and Undo work in short
// transactions: after an error, or when ctx ends, a part may be done, and the same call goes on.
type Past interface {
	// Snapshots lists those of an account, newest first.
	Snapshots(ctx context.Context, account string) ([]Snapshot, error)
	MakeSnapshot(ctx context.Context, account, name string) (Snapshot, error)
	DropSnapshot(ctx context.Context, account string, id store.SnapshotID) error
	Revert(ctx context.Context, account string, id store.SnapshotID, p store.Path) (Undone, error)
	// Undo takes the changes back whose numbers are above after and at most upto (0: the newest).
	Undo(ctx context.Context, account string, after, upto int64) (Undone, error)
}

func (l Local) home(ctx context.Context, account string) (store.Scope, error) {
	u, err := l.Store.UserByName(ctx, account)
	if err != nil {
		return store.Scope{}, err
	}
	return l.Store.Home(ctx, u.ID)
}

// Snapshots implements Past.
func (l Local) Snapshots(ctx context.Context, account string) ([]Snapshot, error) {
	sc, err := l.home(ctx, account)
	if err != nil {
		return nil, err
	}
	stored, err := l.Store.Snapshots(ctx, sc)
	list := make([]Snapshot, len(stored))
	for i, sn := range stored {
		list[i] = snapshot(sn)
	}
	return list, err
}

func snapshot(sn store.Snapshot) Snapshot { return Snapshot{sn.ID, sn.Name, sn.Created, sn.Seq} }

// MakeSnapshot implements Past.
func (l Local) MakeSnapshot(ctx context.Context, account, name string) (Snapshot, error) {
	sc, err := l.home(ctx, account)
	if err != nil {
		return Snapshot{}, err
	}
	sn, err := l.Store.MakeSnapshot(ctx, sc, name)
	return snapshot(sn), err
}

// DropSnapshot implements Past.
func (l Local) DropSnapshot(ctx context.Context, account string, id store.SnapshotID) error {
	sc, err := l.home(ctx, account)
	if err != nil {
		return err
	}
	return l.Store.DropSnapshot(ctx, sc, id)
}

// Revert implements Past.
func (l Local) Revert(ctx context.Context, account string, id store.SnapshotID, p store.Path) (Undone, error) {
	sc, err := l.home(ctx, account)
	if err != nil {
		return Undone{}, err
	}
	did, err := l.Store.Revert(ctx, sc, id, p, store.Conditions{})
	return undone(did), err
}

// Undo implements Past.
func (l Local) Undo(ctx context.Context, account string, after, upto int64) (Undone, error) {
	sc, err := l.home(ctx, account)
	if err != nil {
		return Undone{}, err
	}
	did, err := l.Store.Undo(ctx, sc, after, upto, store.Conditions{})
	return undone(did), err
}

func undone(did store.Undone) Undone {
	out := Undone{Placed: did.Placed, Trashed: did.Trashed, Written: did.Written, LeftOut: did.LeftOut, From: did.From, To: did.To}
	for _, x := range did.Left {
		out.Left = append(out.Left, Left{x.Name, x.Why.Error()})
	}
	return out
}

// past adds what Client asks of Past to a handler. What a call is about stands in the query.
func past(on func(pattern string, f func(r *http.Request, in request) (any, error)), p Past) {
	add := func(pattern string, f func(ctx context.Context, account string, q url.Values) (any, error)) {
		on(pattern, func(r *http.Request, _ request) (any, error) {
			q := r.URL.Query()
			return f(r.Context(), q.Get("name"), q)
		})
	}
	add("GET /snapshots", func(ctx context.Context, account string, _ url.Values) (any, error) {
		return p.Snapshots(ctx, account)
	})
	add("POST /snapshots", func(ctx context.Context, account string, q url.Values) (any, error) {
		return p.MakeSnapshot(ctx, account, q.Get("called"))
	})
	add("DELETE /snapshots", func(ctx context.Context, account string, q url.Values) (any, error) {
		return nil, p.DropSnapshot(ctx, account, snapshotOf(q))
	})
	add("POST /revert", func(ctx context.Context, account string, q url.Values) (any, error) {
		path, err := store.ParsePath(q.Get("path"))
		if err != nil {
			return nil, err
		}
		return p.Revert(ctx, account, snapshotOf(q), path)
	})
	add("POST /undo", func(ctx context.Context, account string, q url.Values) (any, error) {
		return p.Undo(ctx, account, number(q, "after", 1<<62), number(q, "upto", 1<<62))
	})
}

// Snapshots implements Past.
func (c *Client) Snapshots(ctx context.Context, account string) (list []Snapshot, err error) {
	err = c.do(ctx, http.MethodGet, "/snapshots"+about(account), nil, &list)
	return list, err
}

// MakeSnapshot implements Past.
func (c *Client) MakeSnapshot(ctx context.Context, account, name string) (sn Snapshot, err error) {
	err = c.do(ctx, http.MethodPost, "/snapshots"+about(account)+"&"+url.Values{"called": {name}}.Encode(), nil, &sn)
	return sn, err
}

// DropSnapshot implements Past.
func (c *Client) DropSnapshot(ctx context.Context, account string, id store.SnapshotID) error {
	return c.do(ctx, http.MethodDelete, "/snapshots"+about(account)+fmt.Sprintf("&snapshot=%d", id), nil, nil)
}

// Revert implements Past. ctx ends it in the server, too.
func (c *Client) Revert(ctx context.Context, account string, id store.SnapshotID, p store.Path) (did Undone, err error) {
	err = c.do(ctx, http.MethodPost, "/revert"+about(account)+fmt.Sprintf("&snapshot=%d&", id)+url.Values{"path": {string(p)}}.Encode(), nil, &did)
	return did, err
}

// Undo implements Past, as Revert.
func (c *Client) Undo(ctx context.Context, account string, after, upto int64) (did Undone, err error) {
	err = c.do(ctx, http.MethodPost, "/undo"+about(account)+fmt.Sprintf("&after=%d&upto=%d", after, upto), nil, &did)
	return did, err
}
