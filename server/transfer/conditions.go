package transfer

import (
	"net/http"
	"strings"
	"time"

	"cairn/store"
)

// Conditions are those a request names in HTTP's headers (RFC 9110 §13). The zero
// value asks for nothing.
type Conditions struct {
	// Match and NoneMatch are opaque tags, unquoted; "*" is any. nil: no such header.
	// A header in which nothing can match is a list of what no node has.
	Match, NoneMatch []string
	// Unmodified is If-Unmodified-Since, zero without one that counts.
	Unmodified time.Time
}

// ReadConditions reads If-Match, If-None-Match and If-Unmodified-Since.
func ReadConditions(h http.Header) (c Conditions) {
	if v := h["If-Match"]; len(v) > 0 {
		// No node's tag is empty: a list in which nothing can match stays a condition.
		c.Match = append(parseTags(strings.Join(v, ","), true), "")
	}
	if v := h["If-None-Match"]; v != nil {
		c.NoneMatch = parseTags(strings.Join(v, ","), false)
	}
	if v := h.Get("If-Unmodified-Since"); c.Match == nil && v != "" {
		c.Unmodified, _ = http.ParseTime(v)
	}
	return c
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
		tag, weak, rest, ok := CutTag(s)
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

// CutTag takes one entity-tag from the front of s (RFC 9110 §8.8.3).
func CutTag(s string) (tag string, weak bool, rest string, ok bool) {
	t := strings.TrimPrefix(s, "W/")
	weak = t != s
	if !strings.HasPrefix(t, `"`) {
		return "", false, s, false
	}
	tag, rest, ok = strings.Cut(t[1:], `"`)
	return tag, weak, rest, ok
}

// Current evaluates If-Match, or without it If-Unmodified-Since, against a node that
// exists (RFC 9110 §13.2.2).
func (c *Conditions) Current(n *store.Node) bool {
	if c.Match != nil {
		return hasTag(c.Match, n.ETag())
	}
	return c.Unmodified.IsZero() || !n.ModTime.Truncate(time.Second).After(c.Unmodified)
}

// Known evaluates If-None-Match: whether the client has this version. A read then
// answers 304, a write 412.
func (c *Conditions) Known(n *store.Node) bool {
	return len(c.NoneMatch) > 0 && hasTag(c.NoneMatch, n.ETag())
}

func hasTag(tags []string, tag string) bool {
	for _, t := range tags {
		if t == "*" || t == tag {
			return true
		}
	}
	return false
}

// ownDate reports whether the server gave n its time when it was written. A client may give
// two contents the same one, which then says nothing of which it is.
func ownDate(n *store.Node) bool {
	return n.ModTime.UnixMilli() == n.Version.Time().UnixMilli()
}

// modified evaluates If-Modified-Since (RFC 9110 §13.1.3): a date that a client has set
// counts as another.
func modified(r *http.Request, n *store.Node) bool {
	v := r.Header.Get("If-Modified-Since")
	if v == "" || !ownDate(n) {
		return true
	}
	since, err := http.ParseTime(v)
	return err != nil || n.ModTime.Truncate(time.Second).After(since)
}

// ifRange evaluates If-Range (RFC 9110 §13.1.5): a strong tag, or the very date that
// the server sent, if it is its own. (That two contents have the same second is the client's
// to see: it must not use a date of the second in which it asked, §8.8.2.2.)
func ifRange(r *http.Request, n *store.Node) bool {
	v := strings.TrimSpace(r.Header.Get("If-Range"))
	if v == "" {
		return true
	}
	if tag, weak, _, ok := CutTag(v); ok {
		return !weak && tag == n.ETag()
	}
	t, err := http.ParseTime(v)
	return err == nil && ownDate(n) && n.ModTime.Truncate(time.Second).Equal(t)
}

// SetValidators sets ETag and Last-Modified of a node.
func SetValidators(h http.Header, n *store.Node) {
	h["Etag"] = []string{`"` + n.ETag() + `"`} // in canonical form, as Set would have it
	h["Last-Modified"] = []string{Told(n.ModTime).Format(http.TimeFormat)}
}
