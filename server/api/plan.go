package api

import (
	"time"

	"cairn/store"
)

// plan says of files that are about to be uploaded what is at their paths, so that what is
// there is not sent again, and what was begun goes on, from whatever device.
func (a *API) plan(q *request) error {
	var in struct {
		Files items[struct {
			Path  pathText `json:"path"`
			Size  int64    `json:"size"`
			MTime int64    `json:"mtime"` // milliseconds since 1970
		}] `json:"files"`
	}
	if err := q.decode(&in); err != nil {
		return err
	}
	if in.Files == nil {
		return badJSON("lacks files", nil)
	}
	// planned is one of: new; same; conflict. An upload to go on with comes with a new one, and
	// with a file that is to be replaced.
	type planned struct {
		State  string  `json:"state"`
		Entry  *entry  `json:"entry,omitempty"`
		Upload *upload `json:"upload,omitempty"`
	}
	out := make([]planned, len(in.Files))
	var begun []store.Resume
	var at []int
	ctx := q.r.Context()
	for i, f := range in.Files {
		out[i].State = "new"
		p, err := store.ParsePath(string(f.Path))
		if err != nil {
			continue
		}
		n, err := a.o.Store.Stat(ctx, q.sc, p)
		switch {
		case err == nil:
			e := entryAt(&n, p)
			out[i].State, out[i].Entry = "conflict", &e
			if !e.Folder && e.Size == f.Size && e.MTime == f.MTime {
				out[i].State = "same"
			}
			if e.Folder || out[i].State == "same" {
				continue
			}
		case !nothingThere(err):
			return err
		}
		begun, at = append(begun, store.Resume{Path: p, Size: f.Size, ModTime: time.UnixMilli(f.MTime)}), append(at, i)
	}
	if len(begun) > 0 {
		found, err := a.o.Store.Resumable(ctx, q.sc, begun)
		if err != nil {
			return err
		}
		for k, u := range found {
			if u != nil {
				shown := shownUpload(u)
				out[at[k]].Upload = &shown
			}
		}
	}
	return q.json(struct {
		Files []planned `json:"files"`
	}{out})
}
