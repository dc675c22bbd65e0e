package dav

import (
	"strings"

	"cairn/server/transfer"
	"cairn/store"
)

// preconds are the conditions a request names, in HTTP's headers (RFC 9110 §13) and
// in WebDAV's (RFC 4918 §10.4).
type preconds struct {
	transfer.Conditions
	ifs ifHeader
}

func (q *request) conditions() (c preconds, err error) {
	c.Conditions = transfer.ReadConditions(q.r.Header)
	c.ifs, err = q.h.parseIf(strings.Join(q.r.Header.Values("If"), " "))
	return c, err
}

// forStore turns the conditions into what the store checks when it commits a change
// of the request's own resource.
func (q *request) forStore() store.Conditions {
	return store.Conditions{
		IfMatch: q.cond.Match, IfNoneMatch: q.cond.NoneMatch, IfUnmodifiedSince: q.cond.Unmodified,
		Tokens: q.cond.ifs.tokens, Guard: q.h.guard(q.cond.ifs, q.p),
	}
}
