package api

import (
	"net/http"
	"net/url"
	"strconv"

	"cairn/store"
)

// limitOf is how many entries the address asks for.
func limitOf(v url.Values) (limit int, err error) {
	if !v.Has("limit") {
		return defaultEntries, nil
	}
	if limit, err = strconv.Atoi(v.Get("limit")); err != nil || limit < 1 || limit > maxEntries {
		return 0, badQuery("has a limit that is not a number from 1 to 10000")
	}
	return limit, nil
}

// history lists what lies behind: newest first, in an answer of the form
// {"name":[…],"next":n}, where n is the before of what follows, or null. more adds
// members to it. As in files, a page of the store is read, written and forgotten.
type history[T any] struct {
	name string
	// read is a page of the store: at most size of what is older than before (0: all).
	read func(before int64, size int) ([]T, error)
	// show is what is told of one, and its place in time.
	show func(*T) (any, int64, error)
	more func(*stream) error
}

func (h history[T]) answer(q *request, v url.Values) error {
	limit, err := limitOf(v)
	if err != nil {
		return err
	}
	var before int64
	if v.Has("before") {
		if before, err = strconv.ParseInt(v.Get("before"), 10, 64); err != nil || before < 1 {
			return badQuery("has a before that is not the next of another answer")
		}
	}
	if q.r.Method == http.MethodHead {
		if _, err := h.read(before, 1); err != nil {
			return err
		}
		q.w.Header().Set("Content-Type", "application/json")
		q.w.WriteHeader(http.StatusOK)
		return nil
	}
	s := q.stream()
	s.WriteString(`{"` + h.name + `":[`)
	next, err := h.pages(s, before, limit)
	if err != nil {
		return err
	}
	s.WriteString(`],"next":`)
	if err := s.value(next); err != nil {
		return err
	}
	if h.more != nil {
		if err := h.more(s); err != nil {
			return err
		}
	}
	s.WriteString("}")
	return s.end()
}

// pages writes at most limit entries, and returns where there are more, nil if not.
func (h history[T]) pages(s *stream, before int64, limit int) (next *int64, err error) {
	page, comma := firstPage, ""
	for left := limit; ; page = nextPage {
		size := min(page, left+1) // one more tells whether there are more
		rows, err := h.read(before, size)
		if err != nil {
			return nil, err
		}
		full, over := len(rows) == size, len(rows) > left
		shown := make([]any, min(len(rows), left)) // rows may hold large manifests: not while a client is slow
		for i := range shown {
			if shown[i], before, err = h.show(&rows[i]); err != nil {
				return nil, err
			}
		}
		for _, v := range shown {
			s.WriteString(comma)
			if err := s.value(v); err != nil {
				return nil, err
			}
			comma = ","
		}
		left -= len(shown)
		switch {
		case over:
			return &before, nil
		case !full:
			return nil, nil
		}
	}
}

// names finds what accounts are called, each once.
type names struct {
	q     *request
	known map[store.UserID]*string
}

func (q *request) names() names { return names{q, map[store.UserID]*string{}} }

// of is nil for an account that is gone.
func (n names) of(u store.UserID) (*string, error) {
	if name, ok := n.known[u]; ok {
		return name, nil
	}
	acc, err := n.q.a.o.Store.UserByID(n.q.r.Context(), u)
	switch {
	case err == nil:
		n.known[u] = &acc.Name
	case nothingThere(err):
		n.known[u] = nil
	default:
		return nil, err
	}
	return n.known[u], nil
}
