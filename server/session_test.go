package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"cairn/server/auth"
)

// browser is a client with a cookie jar, and the token of its session.
type browser struct {
	t     *testing.T
	base  string
	jar   http.CookieJar
	token string
	more  map[string]string // headers
}

func newBrowser(t *testing.T, base string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: base, jar: jar, more: map[string]string{}}
}

func (b *browser) do(method, path, body string) (int, string, http.Header) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if b.token != "" {
		req.Header.Set(auth.TokenHeader, b.token)
	}
	for k, v := range b.more {
		req.Header.Set(k, v)
	}
	resp, err := (&http.Client{Jar: b.jar}).Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

func (b *browser) want(status int, method, path, body string) string {
	b.t.Helper()
	got, text, _ := b.do(method, path, body)
	if got != status {
		b.t.Errorf("%s %s: %d, want %d: %s", method, path, got, status, text)
	}
	return text
}

// signIn signs in and returns the cookie that came.
func (b *browser) signIn(name, password string) *http.Cookie {
	b.t.Helper()
	body, _ := json.Marshal(map[string]string{"name": name, "password": password})
	status, text, h := b.do("POST", "/api/v1/session", string(body))
	var s struct{ Token string }
	if err := json.Unmarshal([]byte(text), &s); err != nil || status != 200 || s.Token == "" {
		b.t.Fatalf("signing in: %d %s", status, text)
	}
	b.token = s.Token
	cookie, err := http.ParseSetCookie(h.Get("Set-Cookie"))
	if err != nil {
		b.t.Fatal(err)
	}
	return cookie
}

const mkdir = `{"operations":[{"op":"mkdir","path":"d"}]}`

func TestSessions(t *testing.T) {
	ts, log := start(t, Config{})
	b := newBrowser(t, ts.URL)
	for _, q := range [][2]string{{"GET", "/api/v1/session"}, {"GET", "/api/v1/files"}, {"GET", "/api/v1/space"}, {"POST", "/api/v1/operations"},
		{"DELETE", "/api/v1/sessions"}, {"POST", "/tus/"}, {"HEAD", "/tus/00000000000000000000000000000000"}, {"GET", "/api/v1/nothing"}, {"GET", "/api"}} {
		status, _, h := b.do(q[0], q[1], "")
		if status != 401 || h.Get("WWW-Authenticate") != "" {
			t.Errorf("%s %s for a stranger: %d %v", q[0], q[1], status, h)
		}
	}
	for body, want := range map[string]int{
		`{"name":"alice","password":"wrong"}`: 401, `{"name":"nobody","password":"wrong"}`: 401, `{}`: 401, `[]`: 400, `{`: 400,
		`{"name":"alice","password":"x","more":1}`: 400, `{"name":1}`: 400, strings.Repeat(" ", 2<<20): 413,
	} {
		b.want(want, "POST", "/api/v1/session", body)
	}
	first := b.signIn(user, password)
	if !first.HttpOnly || first.SameSite != http.SameSiteLaxMode || first.Path != "/" || first.Secure || first.Name != "cairn-session" || first.MaxAge < 86400 {
		t.Errorf("cookie: %+v", first)
	}
	token := b.token
	if b.want(200, "GET", "/api/v1/session", ""); !strings.Contains(b.want(200, "GET", "/api/v1/session", ""), token) {
		t.Error("a reload gives another token")
	}
	second := b.signIn(strings.ToUpper(user), password)
	if first.Value == second.Value || b.token == token {
		t.Error("the session is the same after signing in again")
	}
	stale := newBrowser(t, ts.URL)
	stale.more["Cookie"] = "cairn-session=" + first.Value
	stale.want(401, "GET", "/api/v1/session", "")

	b.want(200, "POST", "/api/v1/operations", mkdir)
	b.want(200, "GET", "/api/v1/files", "")
	(&browser{t, b.base, b.jar, "", map[string]string{}}).want(200, "GET", "/api/v1/files", "")
	// A page of before somebody else signed in shows its own token on reads as well.
	(&browser{t, b.base, b.jar, token, map[string]string{}}).want(403, "GET", "/api/v1/files", "")
	for what, change := range map[string]func(c *browser){
		"no token":           func(c *browser) { c.token = "" },
		"another token":      func(c *browser) { c.token = token },
		"the cookie for it":  func(c *browser) { c.token = second.Value },
		"from another site":  func(c *browser) { c.more["Sec-Fetch-Site"] = "cross-site" },
		"from a sister site": func(c *browser) { c.more["Sec-Fetch-Site"] = "same-site" },
	} {
		c := &browser{t, b.base, b.jar, b.token, map[string]string{}}
		change(c)
		for _, q := range [][3]string{{"POST", "/api/v1/operations", mkdir}, {"POST", "/tus/", ""}, {"DELETE", "/api/v1/sessions", ""}, {"DELETE", "/api/v1/session", ""}} {
			if status, text, _ := c.do(q[0], q[1], q[2]); status != 403 {
				t.Errorf("%s: %s %s: %d %s", what, q[0], q[1], status, text)
			}
		}
	}
	// A form cannot send JSON; what it can send is refused before anything is looked at.
	form := &browser{t, b.base, b.jar, b.token, map[string]string{"Content-Type": "text/plain"}}
	form.want(415, "POST", "/api/v1/session", `{"name":"alice","password":"correct horse"}`)
	form.want(415, "POST", "/api/v1/operations", mkdir)
	foreign := newBrowser(t, ts.URL)
	foreign.more["Sec-Fetch-Site"] = "cross-site"
	foreign.want(403, "POST", "/api/v1/session", `{"name":"alice","password":"correct horse"}`)

	// The doors do not take one another's credentials.
	b.want(401, "PROPFIND", "/dav/", "")
	basic := newBrowser(t, ts.URL)
	basic.more["Authorization"] = "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ=="
	basic.want(401, "GET", "/api/v1/session", "")
	basic.want(401, "GET", "/api/v1/files", "")
	basic.want(401, "GET", "/api/v1/space", "")
	basic.want(412, "POST", "/tus/", "") // in, but not tus
	basic.more["Sec-Fetch-Site"] = "cross-site"
	basic.want(403, "POST", "/tus/", "")

	other := newBrowser(t, ts.URL)
	other.signIn(user, password)
	b.want(204, "DELETE", "/api/v1/session", "")
	b.want(401, "GET", "/api/v1/session", "")
	other.want(200, "GET", "/api/v1/session", "")
	b.signIn(user, password)
	b.want(204, "DELETE", "/api/v1/sessions", "")
	b.want(401, "GET", "/api/v1/session", "")
	other.want(401, "GET", "/api/v1/session", "")

	for _, secret := range []string{first.Value, second.Value, token, password} {
		if strings.Contains(log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func TestSessionCookieUnderTLS(t *testing.T) {
	for _, c := range []struct{ base, name, path string }{
		{"https://files.example/", "__Host-cairn-session", "/"},
		{"https://files.example/cairn/", "__Secure-cairn-session", "/cairn/"},
		{"http://files.example/cairn/", "cairn-session", "/cairn/"},
	} {
		ts, _ := start(t, base(t, c.base))
		b := newBrowser(t, ts.URL)
		prefix := strings.TrimSuffix(c.path, "/")
		status, _, h := b.do("POST", prefix+"/api/v1/session", `{"name":"alice","password":"correct horse"}`)
		cookie, err := http.ParseSetCookie(h.Get("Set-Cookie"))
		if err != nil || status != 200 || cookie.Name != c.name || cookie.Path != c.path || cookie.Secure != strings.HasPrefix(c.base, "https") {
			t.Errorf("%s: %d %+v %v", c.base, status, cookie, err)
		}
	}
	proxies, err := auth.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	ts, _ := start(t, Config{Proxies: proxies})
	b := newBrowser(t, ts.URL)
	b.more["X-Forwarded-Proto"] = "https"
	if cookie := b.signIn(user, password); !cookie.Secure || cookie.Name != "__Host-cairn-session" {
		t.Errorf("behind a proxy with TLS: %+v", cookie)
	}
}

// The two doors count guesses together, and a refusal says when to come back.
func TestSignInIsThrottled(t *testing.T) {
	ts, _ := start(t, Config{})
	b := newBrowser(t, ts.URL)
	for i := range 100 {
		status, text, h := b.do("POST", "/api/v1/session", `{"name":"alice","password":"guess `+string(rune('a'+i%26))+string(rune('a'+i/26))+`"}`)
		if status == http.StatusTooManyRequests {
			if h.Get("Retry-After") == "" || !strings.Contains(text, "throttled") {
				t.Errorf("%v %s", h, text)
			}
			req, _ := http.NewRequest("PROPFIND", ts.URL+"/dav/", nil)
			req.SetBasicAuth(user, "another guess")
			if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != http.StatusTooManyRequests {
				t.Errorf("the other door goes on: %v %v", resp, err)
			}
			return
		}
		if status != 401 {
			t.Fatalf("guess %d: %d %s", i, status, text)
		}
	}
	t.Error("100 guesses are answered")
}

// The set-up link is the only way in by the browser, works once, and not for ever.
func TestSetupIsClosedWhereThereIsAnAccount(t *testing.T) {
	ts, _ := start(t, Config{})
	b := newBrowser(t, ts.URL)
	b.want(404, "GET", "/setup", "")
	b.want(404, "GET", "/api/v1/setup", "")
	b.want(404, "POST", "/api/v1/setup", `{"token":"","name":"eve","password":"long enough"}`)
}
