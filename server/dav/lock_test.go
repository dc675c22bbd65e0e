package dav

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

const lockBody = `<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:" xmlns:o="urn:own"><D:lockscope><D:%s/></D:lockscope>` +
	`<D:locktype><D:write/></D:locktype><D:owner><o:who a="1&amp;2">Me &lt;3</o:who><D:href>http://me</D:href></D:owner></D:lockinfo>`

// take locks and returns the token.
func (d *door) take(path, scope string, want int, head ...string) string {
	d.Helper()
	a := d.do(req{method: "LOCK", path: path, head: head, body: fmt.Sprintf(lockBody, scope), want: want})
	tok := a.Header.Get("Lock-Token")
	if want < 300 && !regexp.MustCompile(`^<urn:uuid:[0-9a-f-]{36}>$`).MatchString(tok) {
		d.Errorf("LOCK %s: token %q", path, tok)
	}
	return tok
}

func TestLock(t *testing.T) {
	d := newDoor(t, nil)
	d.all(req{method: "MKCOL", path: "/c", want: 201}, req{method: "PUT", path: "/c/f%20%25", body: "1", want: 201})
	a := d.do(req{method: "LOCK", path: "/c/f%20%25", head: []string{"Timeout", "Infinite, Second-5"}, body: fmt.Sprintf(lockBody, "exclusive"), want: 200})
	tok := a.Header.Get("Lock-Token")
	for _, want := range []string{"<D:depth>infinity</D:depth>", "<D:timeout>Second-3600</D:timeout>", "<D:href>/files/dav/c/f%20%25</D:href>",
		`<who xmlns="urn:own" a="1&amp;2">Me &lt;3</who>`, `<D:href xmlns:D="DAV:">http://me</D:href>`, strings.Trim(tok, "<>")} {
		if !strings.Contains(a.body, want) {
			t.Errorf("LOCK: %q is not in %s", want, a.body)
		}
	}
	f := "/c/f%20%25"
	d.all(
		req{method: "PUT", path: f, body: "2", want: 423, has: "<D:lock-token-submitted><D:href>/files/dav/c/f%20%25</D:href>"},
		req{method: "DELETE", path: f, want: 423},
		// a member's lock: nothing is done, and the answer names it (RFC 4918 §9.6.1)
		req{method: "DELETE", path: "/c", want: 207, has: "<D:href>/files/dav/c/f%20%25</D:href><D:status>HTTP/1.1 423 Locked</D:status><D:error><D:lock-token-submitted>"},
		req{method: "MOVE", path: "/c", head: to(mount + "/d"), want: 207, has: "<D:href>/files/dav/c/f%20%25</D:href><D:status>HTTP/1.1 423 Locked</D:status>"},
		req{method: "MKCOL", path: "/other", want: 201},
		req{method: "COPY", path: "/other", head: to(mount + "/c"), want: 207, has: "<D:href>/files/dav/c/f%20%25</D:href>"},
		req{method: "LOCK", path: "/c", body: fmt.Sprintf(lockBody, "exclusive"), want: 207, has: "<D:response><D:href>/files/dav/c</D:href><D:status>HTTP/1.1 424 Failed Dependency</D:status></D:response>"},
		req{method: "DELETE", path: "/other", want: 204},
		req{method: "MOVE", path: f, head: to(mount + "/d"), want: 423},
		req{method: "COPY", path: f, head: to(mount + "/copy"), want: 201},
		req{method: "PROPPATCH", path: f, body: setProp, want: 423},
		req{method: "LOCK", path: f, body: fmt.Sprintf(lockBody, "shared"), want: 423, has: "no-conflicting-lock"},
		req{method: "GET", path: f, want: 200},
		// with the token, which only its owner may use
		req{method: "PUT", path: f, head: []string{"If", "(" + tok + ")"}, body: "2", want: 204},
		req{method: "PUT", path: f, head: []string{"If", "(" + tok + ")", "User", "bob"}, body: "x", want: 423},
		req{method: "PUT", path: f, head: []string{"If", "<{srv}/files/dav/c/f%20%25> (" + tok + ")"}, body: "3", want: 204},
		req{method: "PUT", path: f, head: []string{"If", "</files/dav/c/f%20%25> (" + tok + ")"}, body: "3", want: 204},
		req{method: "PUT", path: f, head: []string{"If", "(<urn:x>)"}, body: "x", want: 412},
		req{method: "PUT", path: f, head: []string{"If", "(<urn:x>) (Not <DAV:no-lock>)"}, body: "x", want: 423},
		req{method: "PROPPATCH", path: f, head: []string{"If", "(" + tok + ")"}, body: setProp, want: 207, has: "200 OK"},
		// a lock elsewhere is no excuse
		req{method: "PUT", path: "/mine", body: "m", want: 201},
	)
	mine := d.take("/mine", "exclusive", 200, "User", "bob", "Depth", "0")
	d.all(
		req{method: "PUT", path: f, head: []string{"If", "</files/dav/mine> (" + mine + ")", "User", "bob"}, body: "x", want: 423},
		req{method: "UNLOCK", path: f, want: 400},
		req{method: "UNLOCK", path: f, head: []string{"Lock-Token", "nonsense"}, want: 400},
		req{method: "UNLOCK", path: f, head: []string{"Lock-Token", "<urn:x>"}, want: 409, has: "lock-token-matches-request-uri"},
		req{method: "UNLOCK", path: f, head: []string{"Lock-Token", mine}, want: 409},
		req{method: "UNLOCK", path: "/none", head: []string{"Lock-Token", tok}, want: 404},
		req{method: "UNLOCK", path: f, head: []string{"Lock-Token", tok, "User", "bob"}, want: 403},
		// refresh
		req{method: "LOCK", path: f, want: 400},
		req{method: "LOCK", path: f, head: []string{"If", "(" + tok + ")", "Timeout", "Second-77"}, want: 200, has: "Second-77"},
		req{method: "LOCK", path: f, head: []string{"If", "(" + mine + ")"}, want: 412},
		req{method: "UNLOCK", path: f, head: []string{"Lock-Token", tok}, want: 204},
		req{method: "PUT", path: f, body: "4", want: 204},
	)
	d.holds("/c/f%20%25", "4")
}

const setProp = `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="urn:x">v</x></D:prop></D:set></D:propertyupdate>`

func TestLockKinds(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	d.all(
		req{method: "LOCK", path: "/c", body: fmt.Sprintf(lockBody, "both"), want: 422},
		req{method: "LOCK", path: "/c", body: "<lockinfo/>", want: 400},
		req{method: "LOCK", path: "/c", head: []string{"Depth", "1"}, body: fmt.Sprintf(lockBody, "shared"), want: 400},
		req{method: "LOCK", path: "/no/new", body: fmt.Sprintf(lockBody, "shared"), want: 409},
	)
	// an unmapped URL becomes an empty file
	tok := d.take("/new", "exclusive", 201, "If-None-Match", "*")
	d.holds("/new", "")
	d.take("/new", "exclusive", 412, "If-None-Match", "*")
	d.all(
		req{method: "PUT", path: "/new", body: "x", want: 423},
		req{method: "PUT", path: "/new", head: []string{"If", "(" + tok + ")"}, body: "x", want: 204},
		req{method: "DELETE", path: "/new", head: []string{"If", "(" + tok + ")"}, want: 204},
		req{method: "PUT", path: "/new", body: "y", want: 201}, // its lock is gone with it
	)
	// depth 0 on a collection protects its members' names, infinity also what is in them
	d.do(req{method: "PUT", path: "/c/f", body: "f", want: 201})
	zero := d.take("/c", "exclusive", 200, "Depth", "0")
	d.all(
		req{method: "PUT", path: "/c/g", body: "x", want: 423},
		req{method: "DELETE", path: "/c/f", want: 423},
		req{method: "PUT", path: "/c/f", body: "f2", want: 204},
		req{method: "PUT", path: "/c/g", head: []string{"If", "</files/dav/c/> (" + zero + ")"}, body: "x", want: 201},
		req{method: "UNLOCK", path: "/c/f", head: []string{"Lock-Token", zero}, want: 409},
		req{method: "UNLOCK", path: "/c/", head: []string{"Lock-Token", zero}, want: 204},
	)
	deep := d.take("/c", "exclusive", 200)
	d.all(
		req{method: "PUT", path: "/c/f", body: "x", want: 423, has: "lock-token-submitted"},
		req{method: "PUT", path: "/c/f", head: []string{"If", "(" + deep + ")"}, body: "f3", want: 204},
		req{method: "LOCK", path: "/c/f", head: []string{"If", "(" + deep + ")"}, want: 200, has: "<D:href>/files/dav/c/</D:href>"},
		req{method: "UNLOCK", path: "/c/f", head: []string{"Lock-Token", deep}, want: 204},
	)
	// shared: two hold it, either may write with a token
	one, two := d.take("/c/f", "shared", 200), d.take("/c/f", "shared", 200, "User", "bob")
	d.take("/c/f", "exclusive", 423)
	d.all(
		req{method: "PUT", path: "/c/f", body: "x", want: 423, has: "holds the lock until"},
		req{method: "PUT", path: "/c/f", head: []string{"If", "(" + one + ")"}, body: "s", want: 204},
		req{method: "PUT", path: "/c/f", head: []string{"If", "(" + two + ")", "User", "bob"}, body: "t", want: 204},
		req{method: "PROPFIND", path: "/c/f", head: []string{"Depth", "0"}, want: 207, has: strings.Trim(one, "<>")},
	)
}

// lookCounter counts how often a listing asks for locks.
type lookCounter struct {
	Store
	one, all int
}

func (c *lookCounter) Locks(ctx context.Context, sc store.Scope, p store.Path) ([]store.Lock, []store.Path, error) {
	c.one++
	return c.Store.Locks(ctx, sc, p)
}

func (c *lookCounter) ListLocks(ctx context.Context, sc store.Scope, p store.Path) (store.MemberLocks, error) {
	c.all++
	return c.Store.ListLocks(ctx, sc, p)
}

// The locks of members are looked up a page at a time, whatever their number.
func TestLockDiscoveryOfMembers(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	const members = 300
	for i := range members {
		d.do(req{method: "PUT", path: fmt.Sprintf("/c/f%03d", i), body: "x", want: 201})
	}
	var own []string
	for _, i := range []int{0, 7, 299} {
		own = append(own, d.take(fmt.Sprintf("/c/f%03d", i), "shared", 200))
	}
	flat := d.take("/c", "shared", 200, "Depth", "0")
	deep := d.take("/", "shared", 200, "Depth", "infinity")
	st := &lookCounter{Store: d.st}
	h := New(st, Options{Prefix: mount})
	d.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(WithScope(r.Context(), d.alice, "alice")))
	})
	a := d.do(req{method: "PROPFIND", path: "/c", head: depth1, body: propfind("<D:prop><D:lockdiscovery/></D:prop>"), want: 207})
	count := func(token string) int { return strings.Count(a.body, strings.Trim(token, "<>")) }
	if count(deep) != members+1 || count(flat) != 1 {
		t.Errorf("the lock above is told %d times, that of the folder %d times", count(deep), count(flat))
	}
	for i, token := range own {
		if count(token) != 1 {
			t.Errorf("lock %d is told %d times", i, count(token))
		}
	}
	if !strings.Contains(a.body, "<D:lockroot><D:href>/files/dav/c/f007</D:href></D:lockroot>") || !strings.Contains(a.body, "<D:lockroot><D:href>/files/dav/</D:href></D:lockroot>") {
		t.Error("a lock has another root")
	}
	if st.one > 1 || st.all > 5 {
		t.Errorf("locks were asked for %d and %d times", st.one, st.all)
	}
}

func TestLockTimeout(t *testing.T) {
	h := New(nil, Options{})
	for in, want := range map[string]time.Duration{
		"": 10 * time.Minute, "Second-5": 5 * time.Second, "Infinite": time.Hour, "infinite, Second-5": time.Hour,
		"Second-4100000000": time.Hour, "Second-99999999999999999999": time.Hour, "x, Second-7": 7 * time.Second,
		"Second-0": 10 * time.Minute, "Second--1": 10 * time.Minute, "Second-": 10 * time.Minute, "nonsense": 10 * time.Minute,
	} {
		if got := h.lockTimeout([]string{in}); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}
