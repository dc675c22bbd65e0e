package dav

import (
	"strings"
	"testing"
)

// Conditions hold for every method (RFC 9110 §13, RFC 4918 §10.4): a request whose
// condition does not hold is refused before it does, or tells, anything.
func TestConditions(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	d.do(req{method: "PUT", path: "/f", body: "f", want: 201})
	tok := d.take("/f", "exclusive", 200)
	tag := func(path string) string {
		a := d.do(req{method: "PROPFIND", path: path, head: depth0, body: propfind("<D:prop><D:getetag/></D:prop>"), want: 207})
		_, rest, _ := strings.Cut(a.body, "<D:getetag>")
		tag, _, _ := strings.Cut(rest, "<")
		return strings.ReplaceAll(tag, "&#34;", `"`)
	}
	bad := func(tag string) [][]string {
		return [][]string{
			{"If-Match", `"old"`}, {"If-Match", "W/" + tag}, {"If-None-Match", tag}, {"If-None-Match", "*"},
			{"If-None-Match", `W/"x", ` + tag}, {"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"},
			{"If-Match", tag, "If", `(["old"])`}, {"If-Match", `"old"`, "If", "([" + tag + "])"},
		}
	}
	for _, r := range []req{
		{method: "PROPFIND", path: "/f", head: depth0},
		{method: "PROPFIND", path: "/c", head: depth1},
		{method: "UNLOCK", path: "/f", head: []string{"Lock-Token", tok}},
		{method: "LOCK", path: "/c", body: strings.ReplaceAll(lockBody, "%s", "shared")},
		{method: "PROPPATCH", path: "/c", body: setProp},
		{method: "DELETE", path: "/c"},
		{method: "MOVE", path: "/c", head: to(mount + "/d")},
		{method: "COPY", path: "/c", head: to(mount + "/d")},
	} {
		for _, head := range bad(tag(r.path)) {
			r := r
			r.head, r.want = append(append([]string(nil), r.head...), head...), 412
			d.do(r)
		}
	}
	for _, head := range bad(tag("/f")) { // a refresh has its If for the token
		if head[0] != "If" && len(head) == 2 {
			d.do(req{method: "LOCK", path: "/f", head: append([]string{"If", "(" + tok + ")"}, head...), want: 412, has: "lock-token-matches-request-uri"})
		}
	}
	c := tag("/c")
	d.all(
		req{method: "LOCK", path: "/f", head: []string{"If", "(" + tok + ` ["old"])`}, want: 412},
		req{method: "LOCK", path: "/f", head: []string{"If", "(Not " + tok + ")"}, want: 412},
		req{method: "LOCK", path: "/f", head: []string{"If", "(" + tok + ` ["old"]) (` + tok + " [" + tag("/f") + "])"}, want: 200},
		req{method: "LOCK", path: "/f", head: []string{"If", "(" + tok + ") (<urn:another>)"}, want: 400},
		// what holds is no hindrance, nor is what cannot be an entity-tag
		req{method: "PROPFIND", path: "/f", head: []string{"Depth", "0", "If-Match", tag("/f"), "If-None-Match", `"old"`}, want: 207},
		req{method: "PROPFIND", path: "/f", head: []string{"Depth", "0", "If-None-Match", "JoplinIgnore-123"}, want: 207},
		req{method: "PROPFIND", path: "/none", head: []string{"Depth", "0", "If-Match", "*"}, want: 412},
		req{method: "PROPFIND", path: "/none", head: []string{"Depth", "0", "If-None-Match", "*"}, want: 404},
		req{method: "GET", path: "/c", head: []string{"If-Match", `"old"`}, want: 412},
		req{method: "GET", path: "/c", head: []string{"If", `(["old"])`}, want: 412},
		req{method: "GET", path: "/c", head: []string{"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"}, want: 412},
		req{method: "GET", path: "/c", head: []string{"If-None-Match", c}, want: 304},
		req{method: "HEAD", path: "/c", head: []string{"If-None-Match", `"old"`, "If-Match", c}, want: 200},
		req{method: "UNLOCK", path: "/f", head: []string{"Lock-Token", tok, "If-Match", tag("/f"), "If", "(" + tok + ")"}, want: 204},
		req{method: "OPTIONS", path: "/f", head: []string{"If-Match", `"old"`, "If", `(["old"])`}, want: 200},
	)
	if now := tag("/c"); now != c {
		t.Errorf("/c has changed: %s, %s", c, now)
	}
}
