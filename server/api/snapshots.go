package api

import (
	"context"
	"errors"
	"net/url"

	"cairn/server/httperr"
	"cairn/store"
)

// snapshot is a kept moment of the caller's space.
type snapshot struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Created int64   `json:"created"` // milliseconds since 1970
	By      *string `json:"by"`      // who made it; null: an account that is gone
	Change  int64   `json:"change"`  // the number of the newest change that it shows
	Entry   *entry  `json:"entry,omitempty"`
}

// snapshots lists them all, newest first: there are not many. With path= only those that show
// something there, with what that was.
func (a *API) snapshots(q *request) error {
	v, err := q.query("path")
	if err != nil {
		return err
	}
	p, err := store.ParsePath(v.Get("path"))
	if err != nil {
		return err
	}
	all, err := a.o.Store.Snapshots(q.r.Context(), q.sc)
	if err != nil {
		return err
	}
	who := q.names()
	out := make([]snapshot, 0, len(all))
	for _, sn := range all {
		var was *entry
		if v.Has("path") {
			n, err := a.o.Store.StatAt(q.r.Context(), q.sc, sn.ID, p)
			if errors.Is(err, store.ErrNotExist) { // or it was dropped meanwhile
				continue
			} else if err != nil {
				return err
			}
			e := entryAt(&n, p)
			was = &e
		}
		by, err := who.of(sn.Author)
		if err != nil {
			return err
		}
		out = append(out, snapshot{snapshotID(sn.ID), sn.Name, sn.Created.UnixMilli(), by, sn.Seq, was})
	}
	return q.json(struct {
		Snapshots []snapshot `json:"snapshots"`
	}{out})
}

func snapshotID(id store.SnapshotID) string { return store.NodeID(id).String() }

// readSnapshot reads the id of a snapshot that an address names; ok is false if it names none.
func readSnapshot(v url.Values) (id store.SnapshotID, ok bool, err error) {
	if !v.Has("snapshot") {
		return 0, false, nil
	}
	n, ok := parseNodeID(v.Get("snapshot"))
	if !ok {
		return 0, true, store.ErrNotExist
	}
	return store.SnapshotID(n), true, nil
}

// lister looks at a tree as it is, or in a snapshot.
type lister struct {
	stat func(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error)
	list func(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error)
}

func (a *API) lister(v url.Values) (lister, error) {
	id, ok, err := readSnapshot(v)
	if err != nil || !ok {
		return lister{a.o.Store.Stat, a.o.Store.List}, err
	}
	return lister{
		func(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error) {
			return a.o.Store.StatAt(ctx, sc, id, p)
		},
		func(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error) {
			return a.o.Store.ListAt(ctx, sc, id, p, after, limit)
		},
	}, nil
}

// makeSnapshot keeps the space as it is.
func (a *API) makeSnapshot(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	if o.Name == nil {
		return result{}, httperr.BadRequest("bad-operation", "The operation lacks name.", "Send what the snapshot is to be called.")
	}
	sn, err := a.o.Store.MakeSnapshot(ctx, sc, *o.Name)
	if err != nil {
		return result{}, err
	}
	return result{Snapshot: snapshotID(sn.ID)}, nil
}

// snapshot reads the id of a snapshot, which the operation needs.
func (o *operation) snapshot() (store.SnapshotID, error) {
	if o.Snapshot == nil {
		return 0, httperr.BadRequest("bad-operation", "The operation lacks snapshot.", "Send an id that snapshots answered.")
	}
	id, ok := parseNodeID(*o.Snapshot)
	if !ok {
		return 0, store.ErrNotExist
	}
	return store.SnapshotID(id), nil
}

func (a *API) dropSnapshot(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	id, err := o.snapshot()
	if err != nil {
		return result{}, err
	}
	return result{}, a.o.Store.DropSnapshot(ctx, sc, id)
}

// undone is what a revert or an undo did.
type undone struct {
	Placed  int    `json:"placed"`  // are where they were again
	Trashed int    `json:"trashed"` // were not there; are in the trash now
	Written int    `json:"written"` // files hold again what they held
	LeftOut int    `json:"leftOut"` // are left as they are
	Left    []left `json:"left"`    // the first hundred of them
	After   int64  `json:"after"`   // undo takes it back by these two; both are 0 if nothing changed
	Upto    int64  `json:"upto"`
}

type left struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

func undoneOf(did store.Undone) *undone {
	out := &undone{did.Placed, did.Trashed, did.Written, did.LeftOut, []left{}, did.From, did.To}
	for _, l := range did.Left {
		out.Left = append(out.Left, left{l.Name, l.Why.Error()})
	}
	return out
}

// revert makes what is at a path what it was in a snapshot. A refusal may come after a part:
// then it can be asked for again.
func (a *API) revert(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	id, err := o.snapshot()
	if err != nil {
		return result{}, err
	}
	p, err := o.path(o.Path, "path")
	if err != nil {
		return result{}, err
	}
	did, err := a.o.Store.Revert(ctx, sc, id, p, o.conditions())
	if err != nil {
		return result{}, err
	}
	return result{Undone: undoneOf(did)}, nil
}

// undo takes changes back.
func (a *API) undo(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	if o.After == nil || *o.After < 0 {
		return result{}, httperr.BadRequest("bad-operation", "The operation lacks after.", "Send the number of the last change that is to stay.")
	}
	if o.Upto < 0 || o.Upto == 0 && *o.After == 0 { // what a revert that had nothing to do answers: not all that ever was
		return result{}, httperr.BadRequest("bad-operation", "The operation names no changes.", "Send the number of the last change to take back as upto.")
	}
	did, err := a.o.Store.Undo(ctx, sc, *o.After, o.Upto, o.conditions())
	if err != nil {
		return result{}, err
	}
	return result{Undone: undoneOf(did)}, nil
}
