package api

import (
	"net/http"

	"cairn/server/transfer"
	"cairn/store"
)

// The entries of one answer, and those that one call of the store brings: few at
// first, so that the first byte leaves early.
const (
	defaultEntries = 1000
	maxEntries     = 10_000
	firstPage      = 50
	nextPage       = 250
)

// folderOf is the folder whose entries an answer lists.
type folderOf struct {
	Path string `json:"path"`
	ID   string `json:"id"`
	ETag string `json:"etag"`
}

// files lists a folder, in the order of the store's keys: at most limit entries after
// the name of after. Its ETag is the folder's, taken before the entries are read: it
// never names a newer state than they show. A page of the store is read, written and
// forgotten, so that a slow client holds no more than one. With snapshot=ID it is the folder
// as it was then, of which sums are not known: bytes and files of folders are 0.
func (a *API) files(q *request) error {
	v, err := q.query("path", "snapshot", "after", "limit")
	if err != nil {
		return err
	}
	p, err := store.ParsePath(v.Get("path"))
	if err != nil {
		return err
	}
	after := v.Get("after")
	if after != "" && !store.ValidName(after) {
		return store.ErrName
	}
	limit, err := limitOf(v)
	if err != nil {
		return err
	}
	tree, err := a.lister(v)
	if err != nil {
		return err
	}
	n, err := tree.stat(q.r.Context(), q.sc, p)
	if err != nil {
		return err
	}
	if !n.IsFolder() {
		return store.ErrNotFolder
	}
	q.w.Header().Set("Cache-Control", "private, no-cache")
	q.w.Header().Set("ETag", `"`+n.ETag()+`"`)
	if c := transfer.ReadConditions(q.r.Header); after == "" && c.Known(&n) {
		q.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if q.r.Method == http.MethodHead {
		q.w.Header().Set("Content-Type", "application/json")
		q.w.WriteHeader(http.StatusOK)
		return nil
	}
	s := q.stream()
	s.WriteString(`{"folder":`)
	if err := s.value(folderOf{string(p), n.ID.String(), n.ETag()}); err != nil {
		return err
	}
	s.WriteString(`,"entries":[`)
	next, err := entries(s, tree, p, after, limit)
	if err != nil {
		return err
	}
	s.WriteString(`],"next":`)
	if err := s.value(next); err != nil {
		return err
	}
	s.WriteString("}")
	return s.end()
}

// entries writes at most limit entries, and returns the name after which there are
// more, nil if there are not.
func entries(s *stream, tree lister, p store.Path, after string, limit int) (next *string, err error) {
	page, comma := firstPage, ""
	for left := limit; ; page = nextPage {
		size := min(page, left+1) // one more tells whether there are more
		nodes, err := tree.list(s.q.r.Context(), s.q.sc, p, after, size)
		if err != nil {
			return nil, err
		}
		full, over := len(nodes) == size, len(nodes) > left
		entries := make([]entry, min(len(nodes), left)) // nodes may hold large manifests: not while a client is slow
		for i := range entries {
			entries[i] = entryOf(&nodes[i])
			after = nodes[i].Name
		}
		for i := range entries {
			s.WriteString(comma)
			if err := s.value(&entries[i]); err != nil {
				return nil, err
			}
			comma = ","
		}
		left -= len(entries)
		switch {
		case over:
			return &after, nil
		case !full:
			return nil, nil
		}
	}
}
