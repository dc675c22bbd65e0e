package dav

import (
	"net/http"
	"strings"

	"cairn/server/httperr"
	"cairn/store"
)

// unlock ends a lock (RFC 4918 §9.11): 204. The token must be of a lock that covers
// the resource (409 lock-token-matches-request-uri) and belong to the caller (403).
//
// x/net/webdav goes by the token alone: whoever guesses one may unlock anything.
func (q *request) unlock() error {
	token := strings.TrimSpace(q.r.Header.Get("Lock-Token"))
	if len(token) < 3 || token[0] != '<' || token[len(token)-1] != '>' {
		return httperr.BadRequest("lock-token", "The Lock-Token header is missing or no <token>.", "Send the token that LOCK answered with.")
	}
	token = token[1 : len(token)-1]
	if err := q.checkAll(); err != nil {
		return err
	}
	err := q.h.store.Unlock(q.r.Context(), q.sc, q.p, token)
	if err == nil {
		return q.status(http.StatusNoContent)
	}
	if !notFound(err) {
		return err
	}
	locks, _, lerr := q.h.store.Locks(q.r.Context(), q.sc, q.p)
	if lerr != nil {
		return lerr // nothing there at all
	}
	for i := range locks {
		if locks[i].Token == token {
			return httperr.Problem{Status: http.StatusForbidden, Code: "foreign-lock", Title: "This lock belongs to somebody else.",
				Hint: "Ask them to release it, or wait until it runs out.", Cause: store.ErrPermission}
		}
	}
	return httperr.Problem{Status: http.StatusConflict, Code: "lock-token", Condition: "<D:lock-token-matches-request-uri/>",
		Title: "No such lock covers this resource.", Hint: "It may have run out, or been released already."}
}
