package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func basic(name, secret string) http.Header {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(name, secret)
	return r.Header
}

func TestDavDoor(t *testing.T) {
	ts, log := start(t, Config{})
	for _, c := range []struct {
		name   string
		header http.Header
		method string
		status int
	}{
		{"nothing", nil, "GET", 401},
		{"wrong password", basic(user, "no"), "GET", 401},
		{"wrong name", basic("mallory", password), "GET", 401},
		{"no name", basic("", ""), "GET", 401},
		{"Bearer", http.Header{"Authorization": {"Bearer x"}}, "GET", 401},
		{"rubbish", http.Header{"Authorization": {"Basic !!"}}, "GET", 401},
		{"a cookie is no credential", http.Header{"Cookie": {"session=x"}}, "GET", 401},
		{"OPTIONS with wrong password", basic(user, "no"), "OPTIONS", 401},
		{"right", basic(user, password), "OPTIONS", 200},
		{"right, other case", basic(strings.ToUpper(user), password), "OPTIONS", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := request{method: c.method, path: "/dav/gone", header: c.header, status: c.status}.do(t, ts)
			challenge := resp.Header.Get("WWW-Authenticate")
			if want := `Basic realm="Cairn", charset="UTF-8"`; (c.status == 401) != (challenge == want) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
			if strings.Contains(body, password) {
				t.Error("the answer repeats the password")
			}
		})
	}
	if l := log.String(); strings.Contains(l, password) || strings.Contains(l, "Authorization") || !strings.Contains(l, "user="+user) {
		t.Errorf("log: %s", l)
	}
}

// TestThrottle guesses over HTTP until it is told to wait, each time with another
// X-Forwarded-For.
func TestThrottle(t *testing.T) {
	forge := func(i int, h http.Header) http.Header {
		h.Set("X-Forwarded-For", fmt.Sprintf("10.0.0.%d", i))
		h.Set("X-Real-Ip", fmt.Sprintf("10.0.0.%d", i))
		h.Set("Forwarded", fmt.Sprintf("for=10.0.0.%d", i))
		return h
	}
	guess := func(t *testing.T, c Config) (n int, last *http.Response) {
		ts, _ := start(t, c)
		for n = range 50 {
			last, _ = request{method: "GET", path: "/dav/", header: forge(n, basic(user, fmt.Sprint(n)))}.do(t, ts)
			if last.StatusCode != 401 {
				break
			}
		}
		return n, last
	}
	t.Run("forged", func(t *testing.T) {
		n, last := guess(t, Config{})
		if n != 10 || last.StatusCode != 429 {
			t.Errorf("after %d guesses: %d, want 429 after 10", n, last.StatusCode)
		}
		if s, err := strconv.Atoi(last.Header.Get("Retry-After")); err != nil || s < 1 || s > 60 {
			t.Errorf("Retry-After %q", last.Header.Get("Retry-After"))
		}
		if last.Header.Get("WWW-Authenticate") != "" {
			t.Error("429 asks for another password")
		}
	})
	t.Run("behind a trusted proxy", func(t *testing.T) {
		if n, last := guess(t, Config{Proxies: loopback}); last.StatusCode != 401 {
			t.Errorf("after %d guesses, each from another address: %d", n, last.StatusCode)
		}
	})
}

func TestRequestID(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		sent   string
		kept   bool
	}{
		{"none", Config{}, "", false},
		{"from a stranger", Config{}, "abc", false},
		{"from a trusted proxy", Config{Proxies: loopback}, "abc-1.2_Z", true},
		{"rubbish from a trusted proxy", Config{Proxies: loopback}, "a b", false},
		{"too long", Config{Proxies: loopback}, strings.Repeat("a", 65), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ts, log := start(t, c.config)
			h := http.Header{}
			if c.sent != "" {
				h.Set("X-Request-Id", c.sent)
			}
			resp, _ := request{method: "GET", path: "/healthz", header: h, status: 200}.do(t, ts)
			got := resp.Header.Get("X-Request-Id")
			if got == "" || (got == c.sent) != c.kept {
				t.Errorf("got %q for %q", got, c.sent)
			}
			if !strings.Contains(log.String(), "request_id="+got) {
				t.Errorf("not in the log: %s", log)
			}
		})
	}
}
