package api

import "cairn/store"

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
