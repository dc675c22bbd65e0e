package dav

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cairn/server/httperr"
	"cairn/store"
)

// lock takes a write lock, or with an empty body refreshes the one that the If header
// names (RFC 4918 §9.10). 201 where it made an empty file of an unmapped URL, else
// 200. We decide how long it lasts and say so.
//
// x/net/webdav has no shared locks (501), lets a client lock for ever and then prints
// "Second-0", prints lockroot unescaped and without its mount (golang/net#167), loses
// the namespaces of owner, makes guessable tokens that are no URIs, forgets them at a
// restart, and answers 500 to a missing parent and to a refresh during a long PUT.
func (q *request) lock() error {
	body, release, err := q.readXML()
	defer release()
	if err != nil {
		return err
	}
	timeout := q.h.lockTimeout(q.r.Header.Values("Timeout"))
	if body == nil {
		return q.refresh(timeout)
	}
	spec, err := parseLockInfo(body)
	if err != nil {
		return err
	}
	depth, err := q.depth()
	if err != nil || depth == 1 {
		return errDepth
	}
	spec.Infinite, spec.Timeout, spec.Conditions = depth != 0, timeout, q.forStore()
	lk, created, err := q.h.store.Lock(q.r.Context(), q.sc, q.p, spec)
	if err != nil {
		return err
	}
	q.w.Header().Set("Lock-Token", "<"+lk.Token+">")
	collection := false
	if !created {
		if n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p); err == nil {
			collection = n.IsFolder()
		}
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return q.lockAnswer(status, q.h.activeLock(&lk, q.p, collection))
}

// refresh restarts a lock's timeout (§9.10.2). The If header has to hold, too, and may
// name the token in several of its lists.
func (q *request) refresh(timeout time.Duration) error {
	if len(slices.Compact(slices.Clone(q.cond.ifs.tokens))) != 1 {
		return httperr.BadRequest("refresh", "A lock is refreshed by naming its token, and it alone, in an If header.",
			"Send the If header, or a lockinfo body to take a new lock.")
	}
	if err := q.checkAll(); err != nil {
		return noSuchLock(err)
	}
	lk, err := q.h.store.Refresh(q.r.Context(), q.sc, q.p, q.cond.ifs.tokens[0], timeout)
	if err != nil {
		return noSuchLock(err)
	}
	root, collection := q.p, false
	if locks, roots, err := q.h.store.Locks(q.r.Context(), q.sc, q.p); err == nil {
		for i := range locks {
			if locks[i].Token == lk.Token {
				root, collection = roots[i], roots[i] != q.p
			}
		}
	}
	if n, err := q.h.store.Stat(q.r.Context(), q.sc, root); err == nil {
		collection = n.IsFolder()
	}
	return q.lockAnswer(http.StatusOK, q.h.activeLock(&lk, root, collection))
}

// noSuchLock names what a refresh could not find.
func noSuchLock(err error) error {
	p := httperr.Of(err)
	if p.Status == http.StatusPreconditionFailed {
		p.Condition = "<D:lock-token-matches-request-uri/>"
	}
	return p
}

func (q *request) lockAnswer(status int, active string) error {
	body := `<?xml version="1.0" encoding="utf-8"?>` + "\n" +
		`<D:prop xmlns:D="DAV:"><D:lockdiscovery>` + active + `</D:lockdiscovery></D:prop>` + "\n"
	h := q.w.Header()
	h.Set("Content-Type", "application/xml; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	q.status(status)
	_, err := q.w.Write([]byte(body))
	return err
}

// activeLock is a lock as lockdiscovery tells it (§14.1). It stands alone: every
// prefix it uses it declares. Timeout is what is left, in seconds, at least 1.
func (h *Handler) activeLock(l *store.Lock, root store.Path, collection bool) string {
	scope, depth := "exclusive", "0"
	if l.Shared {
		scope = "shared"
	}
	if l.Infinite {
		depth = "infinity"
	}
	owner := ""
	if l.Owner != "" {
		owner = "<D:owner>" + l.Owner + "</D:owner>"
	}
	left := max(1, int64(time.Until(l.Expires)+time.Second-1)/int64(time.Second))
	return fmt.Sprintf(`<D:activelock xmlns:D="DAV:"><D:locktype><D:write/></D:locktype><D:lockscope><D:%s/></D:lockscope>`+
		`<D:depth>%s</D:depth>%s<D:timeout>Second-%d</D:timeout><D:locktoken><D:href>%s</D:href></D:locktoken>`+
		`<D:lockroot><D:href>%s</D:href></D:lockroot></D:activelock>`,
		scope, depth, owner, left, escapeXML(l.Token), escapeXML(h.href(root, collection)))
}

// lockTimeout grants what the client asks for (§10.7), within our bounds: the first
// value we understand, else the default.
func (h *Handler) lockTimeout(values []string) time.Duration {
	for v := range strings.SplitSeq(strings.Join(values, ","), ",") {
		v = strings.ToLower(strings.TrimSpace(v))
		if v == "infinite" {
			return h.o.MaxLockTimeout
		}
		s, ok := strings.CutPrefix(v, "second-")
		if !ok {
			continue
		}
		if n, err := strconv.ParseUint(s, 10, 32); err == nil && n > 0 {
			return min(time.Duration(n)*time.Second, h.o.MaxLockTimeout)
		} else if isRange(err) {
			return h.o.MaxLockTimeout
		}
	}
	return h.o.LockTimeout
}
