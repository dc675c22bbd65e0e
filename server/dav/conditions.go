package dav

import (
	"net/http"
	"strings"
	"time"

	"cairn/store"
)

// preconds are the conditions a request names, in HTTP's headers (RFC 9110 §13) and
// in WebDAV's (RFC 4918 §10.4).
type preconds struct {
	match, noneMatch []string // opaque tags; nil: no such header
	unmodified       time.Time
	ifs              ifHeader
}

func (q *request) conditions() (c preconds, err error) {
	h := q.r.Header
	if v := h.Values("If-Match"); len(v) > 0 {
		// No node's tag is empty: a list in which nothing can match stays a condition.
		c.match = append(parseTags(strings.Join(v, ","), true), "")
	}
	c.noneMatch = parseTags(strings.Join(h.Values("If-None-Match"), ","), false)
	if c.match == nil {
		c.unmodified, _ = http.ParseTime(h.Get("If-Unmodified-Since"))
	}
	c.ifs, err = q.h.parseIf(strings.Join(h.Values("If"), " "))
	return c, err
}

// parseTags reads a list of entity-tags into their opaque parts; "*" stays "*".
// Whatever is not an entity-tag matches nothing and is left out: Joplin sends
// "If-None-Match: JoplinIgnore-123" with every request and expects no harm. A weak
// tag never matches a strong comparison (RFC 9110 §8.8.3.2).
func parseTags(s string, strong bool) (tags []string) {
	for s != "" {
		s = strings.TrimLeft(s, " \t,")
		if strings.HasPrefix(s, "*") {
			return append(tags, "*")
		}
		tag, weak, rest, ok := cutTag(s)
		if !ok {
			_, s, _ = strings.Cut(s, ",")
			continue
		}
		if s = rest; !weak || !strong {
			tags = append(tags, tag)
		}
	}
	return tags
}

// cutTag takes one entity-tag from the front of s (RFC 9110 §8.8.3).
func cutTag(s string) (tag string, weak bool, rest string, ok bool) {
	t := strings.TrimPrefix(s, "W/")
	weak = t != s
	if !strings.HasPrefix(t, `"`) {
		return "", false, s, false
	}
	tag, rest, ok = strings.Cut(t[1:], `"`)
	return tag, weak, rest, ok
}

// forStore turns the conditions into what the store checks when it commits a change
// of the request's own resource.
func (q *request) forStore() store.Conditions {
	return store.Conditions{
		IfMatch: q.cond.match, IfNoneMatch: q.cond.noneMatch, IfUnmodifiedSince: q.cond.unmodified,
		Tokens: q.cond.ifs.tokens, Guard: q.h.guard(q.cond.ifs, q.p),
	}
}

// current evaluates If-Match, or without it If-Unmodified-Since, against a node that
// exists (RFC 9110 §13.2.2).
func (c *preconds) current(n *store.Node) bool {
	if c.match != nil {
		return hasTag(c.match, n.ETag())
	}
	return c.unmodified.IsZero() || !n.ModTime.Truncate(time.Second).After(c.unmodified)
}

// known evaluates If-None-Match: whether the client has this version. A read then
// answers 304, a write 412.
func (c *preconds) known(n *store.Node) bool { return hasTag(c.noneMatch, n.ETag()) }

func hasTag(tags []string, tag string) bool {
	for _, t := range tags {
		if t == "*" || t == tag {
			return true
		}
	}
	return false
}
