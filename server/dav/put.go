package dav

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"
)

// put stores the body as the new content of a file (RFC 9110 §9.3.4): 201 for a new
// file, else 204, with its ETag and Last-Modified. Until the body is there to its
// last byte the old content is what everybody sees. The store checks conditions,
// locks and quota before its first read, so that a client that waits for
// "100 Continue" is refused without sending, and again when it commits.
//
// x/net/webdav truncates first, ignores If-Match, If-None-Match and Content-Range
// (a resumed upload replaces the file by its tail), always says 201, turns a full
// disk into 405, and cannot tell the file system that the body broke off.
func (q *request) put() error {
	h := q.r.Header
	switch {
	case len(h.Values("Content-Range")) > 0:
		return httperr.BadRequest("content-range", "A part of a file cannot be stored alone.", "Send the whole file, or use a resumable upload.")
	case h.Get("Content-Encoding") != "" && !strings.EqualFold(h.Get("Content-Encoding"), "identity"):
		return httperr.Problem{Status: http.StatusUnsupportedMediaType, Code: "content-encoding",
			Title: "The body is encoded.", Hint: "Send the file as it is, without Content-Encoding."}
	case q.slash || q.p.IsRoot():
		return httperr.Of(store.ErrIsFolder)
	}
	modTime, hasTime := transfer.ParseSeconds(h.Get("X-OC-Mtime"))
	body, err := transfer.CheckDigest(h, q.body)
	if err != nil {
		return err
	}
	n, err := q.h.store.Put(q.r.Context(), q.sc, q.p, body, store.PutOptions{
		Conditions: q.forStore(), Size: q.size(), ModTime: modTime,
	})
	if errors.Is(err, store.ErrDigest) {
		return store.ErrDigest
	}
	if err != nil {
		return q.body.Cause(err)
	}
	transfer.SetValidators(q.w.Header(), &n.Node)
	if hasTime {
		q.w.Header().Set("X-OC-Mtime", "accepted")
	}
	return q.status(existed(n.Created))
}

// size is the declared length of the body, -1 if it is not known. The macOS client
// sends files in chunks, with their length in a header of its own.
func (q *request) size() int64 {
	if q.r.ContentLength >= 0 {
		return q.r.ContentLength
	}
	if n, err := strconv.ParseInt(q.r.Header.Get("X-Expected-Entity-Length"), 10, 64); err == nil && n >= 0 {
		return n
	}
	return -1
}
