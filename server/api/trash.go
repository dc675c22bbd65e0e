package api

import (
	"context"

	"cairn/server/httperr"
	"cairn/store"
)

// trashed is an entry of the trash: what lies there, by its last name, and what is known
// of its removal.
type trashed struct {
	entry
	Deleted int64   `json:"deleted"` // milliseconds since 1970
	By      *string `json:"by"`      // who did it; null: an account that is gone
	// From is the path of the folder that it was in. With gone that is in the trash too.
	From string `json:"from"`
	Gone bool   `json:"gone"`
}

// trash pages what can be restored. An entry's id is what restore takes as node.
func (a *API) trash(q *request) error {
	v, err := q.query("before", "limit")
	if err != nil {
		return err
	}
	who := q.names()
	return history[store.InTrash]{
		name: "entries",
		read: func(before int64, size int) ([]store.InTrash, error) {
			return a.o.Store.Trash(q.r.Context(), q.sc, before, size)
		},
		show: func(x *store.InTrash) (any, int64, error) {
			by, err := who.of(x.By)
			e := entryOf(&x.Now)
			e.Name = x.Name
			return trashed{e, x.Deleted.UnixMilli(), by, string(x.Folder), x.FolderGone}, x.Seq, err
		},
	}.answer(q, v)
}

// trashSize tells how much empty-trash would delete. With its upto that leaves alone what
// goes to the trash from now on.
func (a *API) trashSize(q *request) error {
	if _, err := q.query(); err != nil {
		return err
	}
	size, err := a.o.Store.TrashSize(q.r.Context(), q.sc)
	if err != nil {
		return err
	}
	return q.json(struct {
		Entries int   `json:"entries"`
		Bytes   int64 `json:"bytes"`
		Upto    int64 `json:"upto"` // the number of a change
	}{size.Entries, size.Bytes, size.Upto})
}

// purge deletes what lies in the trash for good.
func (a *API) purge(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	id, err := o.node()
	if err != nil {
		return result{}, err
	}
	if err := a.o.Store.Purge(ctx, sc, id); err != nil {
		return result{}, err
	}
	one := 1
	return result{Count: &one}, nil
}

// emptyTrash deletes all that lies there for good, or went there up to a change. It has to
// be told which, so that nothing goes that nobody has seen.
func (a *API) emptyTrash(ctx context.Context, sc store.Scope, o *operation) (result, error) {
	if o.Upto < 1 {
		return result{}, httperr.BadRequest("bad-operation", "The operation lacks upto.", "Send the one that trash/size answered.")
	}
	n, err := a.o.Store.EmptyTrash(ctx, sc, o.Upto)
	if err != nil {
		return result{}, err
	}
	return result{Count: &n}, nil
}
