package api

import (
	"context"
	"encoding/hex"

	"cairn/server/httperr"
	"cairn/store"
)

// operation is one thing to do. Which members count depends on Op.
type operation struct {
	Op        string    `json:"op"`
	Path      *pathText `json:"path"`
	From      *pathText `json:"from"`
	To        *pathText `json:"to"`
	Node      *string   `json:"node"`
	Version   *string   `json:"version"`
	Name      *string   `json:"name"`
	Snapshot  *string   `json:"snapshot"`
	After     *int64    `json:"after"`
	Upto      int64     `json:"upto"`
	Parents   bool      `json:"parents"`
	Overwrite bool      `json:"overwrite"`
	IfMatch   *string   `json:"ifMatch"` // an entity-tag without quotes
}

// result is what became of one operation: what is there now, and where, or the node
// that went to the trash; or why it was refused.
type result struct {
	Entry    *entry   `json:"entry,omitempty"`
	Path     *string  `json:"path,omitempty"`
	Node     string   `json:"node,omitempty"`
	Count    *int     `json:"count,omitempty"` // of what was deleted for good
	Snapshot string   `json:"snapshot,omitempty"`
	Undone   *undone  `json:"undone,omitempty"`
	Problem  *problem `json:"problem,omitempty"`
}

type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// operations does many things in order, each of them done or refused on its own: what
// follows a refused one is still done. Each that is done is durable when its turn
// ends; a client that leaves ends them between two.
func (a *API) operations(q *request) error {
	var in struct {
		Operations items[operation] `json:"operations"`
	}
	if err := q.decode(&in); err != nil {
		return err
	}
	if in.Operations == nil {
		return badJSON("lacks operations", nil)
	}
	results := make([]result, 0, len(in.Operations))
	for i := range in.Operations {
		if err := q.r.Context().Err(); err != nil {
			return err
		}
		r, err := a.operate(q.r.Context(), q.sc, &in.Operations[i])
		if err != nil {
			p := httperr.InJSON(err)
			p.Log(q.r, q.a.o.Log)
			r = result{Problem: &problem{p.Status, p.Code, p.Title, p.Hint}}
		}
		results = append(results, r)
	}
	return q.json(struct {
		Results []result `json:"results"`
	}{results})
}

func (a *API) operate(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	switch o.Op {
	case "mkdir":
		return a.mkdir(ctx, sc, o)
	case "move", "copy":
		return a.transport(ctx, sc, o)
	case "remove":
		return a.remove(ctx, sc, o)
	case "restore":
		return a.restore(ctx, sc, o)
	case "restore-version":
		return a.restoreVersion(ctx, sc, o)
	case "purge":
		return a.purge(ctx, sc, o)
	case "empty-trash":
		return a.emptyTrash(ctx, sc, o)
	case "drop-version":
		return a.dropVersion(ctx, sc, o)
	case "make-snapshot":
		return a.makeSnapshot(ctx, sc, o)
	case "drop-snapshot":
		return a.dropSnapshot(ctx, sc, o)
	case "revert":
		return a.revert(ctx, sc, o)
	case "undo":
		return a.undo(ctx, sc, o)
	case "drop-versions":
		return a.dropVersions(ctx, sc, o)
	}
	return result{}, httperr.BadRequest("bad-operation", "There is no such operation.", "There are mkdir, move, copy, remove, restore, restore-version, purge, empty-trash, drop-version, drop-versions, make-snapshot, drop-snapshot, revert and undo.")
}

// path reads a path that the operation needs.
func (o *operation) path(text *pathText, name string) (store.Path, error) {
	if text == nil {
		return "", httperr.BadRequest("bad-operation", "The operation lacks "+name+".", "Send it.")
	}
	return store.ParsePath(string(*text))
}

func (o *operation) conditions() (c store.Conditions) {
	if o.IfMatch != nil {
		c.IfMatch = []string{*o.IfMatch}
	}
	return c
}

func (a *API) mkdir(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	p, err := o.path(o.Path, "path")
	if err != nil {
		return result{}, err
	}
	act := a.o.Store.Mkdir
	if o.Parents {
		act = a.mkdirAll
	}
	n, err := act(ctx, sc, p, o.conditions())
	if err != nil {
		return result{}, err
	}
	return done(&n, p), nil
}

// transport moves or copies. The condition is about what is moved.
func (a *API) transport(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	from, err := o.path(o.From, "from")
	if err != nil {
		return result{}, err
	}
	to, err := o.path(o.To, "to")
	if err != nil {
		return result{}, err
	}
	act := a.o.Store.Move
	if o.Op == "copy" {
		act = a.o.Store.Copy
	}
	w, err := act(ctx, sc, from, to, store.MoveOptions{Conditions: o.conditions(), Overwrite: o.Overwrite})
	if err != nil {
		return result{}, err
	}
	return a.now(ctx, sc, &w.Node, to), nil
}

// remove puts a node into the trash, and tells its id, which restore takes. It is
// asked inside the transaction: a moment before, another node may have the name.
func (a *API) remove(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	p, err := o.path(o.Path, "path")
	if err != nil {
		return result{}, err
	}
	var id store.NodeID
	c := o.conditions()
	c.Guard = func(v store.View) error {
		n, err := v.Stat(p)
		id = n.ID
		return err
	}
	if err := a.o.Store.Remove(ctx, sc, p, c); err != nil {
		return result{}, err
	}
	return result{Node: id.String()}, nil
}

// restore brings a node back, to where it was or to another place. Where it was is
// not in the answer's path.
func (a *API) restore(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	id, err := o.node()
	if err != nil {
		return result{}, err
	}
	to := store.Root
	if o.To != nil {
		if to, err = o.path(o.To, "to"); err != nil {
			return result{}, err
		}
	}
	n, err := a.o.Store.Restore(ctx, sc, id, to, o.conditions())
	if err != nil {
		return result{}, err
	}
	if to.IsRoot() {
		e := entryOf(&n)
		return result{Entry: &e}, nil
	}
	return a.now(ctx, sc, &n, to), nil
}

// node reads the id of a node in the trash, which the operation needs.
func (o *operation) node() (store.NodeID, error) {
	if o.Node == nil {
		return 0, httperr.BadRequest("bad-operation", "The operation lacks node.", "Send the one that remove answered, or an id of the trash.")
	}
	id, ok := parseNodeID(*o.Node)
	if !ok {
		return 0, store.ErrNotExist
	}
	return id, nil
}

// parseNodeID reads what NodeID.String wrote.
func parseNodeID(s string) (id store.NodeID, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 8 || b[0] > 0x7f {
		return 0, false
	}
	for _, c := range b {
		id = id<<8 | store.NodeID(c)
	}
	return id, true
}

func done(n *store.Node, p store.Path) result {
	e, path := entryAt(n, p), string(p)
	return result{Entry: &e, Path: &path}
}

// now is done with n as it is at p. A folder's sums and ETag are settled after the
// change that returned n.
func (a *API) now(ctx context.Context, sc store.Scope, n *store.Node, p store.Path) result {
	if n.IsFolder() {
		if fresh, err := a.o.Store.Stat(ctx, sc, p); err == nil && fresh.ID == n.ID {
			n = &fresh
		}
	}
	return done(n, p)
}
