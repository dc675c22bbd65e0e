package auth

import (
	"crypto/tls"
	"net/http"
	"testing"
)

func TestClient(t *testing.T) {
	for _, c := range []struct {
		name    string
		proxies []string
		peer    string
		header  http.Header
		tls     bool
		addr    string
		https   bool
		trusted bool
	}{
		{name: "direct", peer: "192.0.2.7:4000", addr: "192.0.2.7"},
		{name: "direct over TLS", peer: "192.0.2.7:4000", tls: true, addr: "192.0.2.7", https: true},
		{name: "forged without proxies", peer: "192.0.2.7:4000",
			header: http.Header{"X-Forwarded-For": {"10.9.9.9"}, "X-Real-Ip": {"10.9.9.9"}, "Forwarded": {"for=10.9.9.9"}, "X-Forwarded-Proto": {"https"}},
			addr:   "192.0.2.7"},
		{name: "forged from an untrusted peer", proxies: []string{"127.0.0.1"}, peer: "192.0.2.7:4000",
			header: http.Header{"X-Forwarded-For": {"10.9.9.9"}, "X-Forwarded-Proto": {"https"}}, addr: "192.0.2.7"},
		{name: "proxy", proxies: []string{"127.0.0.1"}, peer: "127.0.0.1:4000",
			header: http.Header{"X-Forwarded-For": {"192.0.2.7"}, "X-Forwarded-Proto": {"https"}}, addr: "192.0.2.7", https: true, trusted: true},
		{name: "proxy appends to what the client forged", proxies: []string{"127.0.0.0/8"}, peer: "127.0.0.1:4000",
			header: http.Header{"X-Forwarded-For": {"10.9.9.9, 192.0.2.7"}}, addr: "192.0.2.7", trusted: true},
		{name: "two lines", proxies: []string{"127.0.0.1"}, peer: "127.0.0.1:4000",
			header: http.Header{"X-Forwarded-For": {"10.9.9.9", "192.0.2.7"}}, addr: "192.0.2.7", trusted: true},
		{name: "chain of proxies", proxies: []string{"127.0.0.1", "10.0.0.0/8"}, peer: "127.0.0.1:4000",
			header: http.Header{"X-Forwarded-For": {"1.1.1.1, 192.0.2.7, 10.0.0.3"}}, addr: "192.0.2.7", trusted: true},
		{name: "only proxies", proxies: []string{"127.0.0.1", "10.0.0.0/8"}, peer: "127.0.0.1:4000",
			header: http.Header{"X-Forwarded-For": {"10.0.0.4, 10.0.0.3"}}, addr: "10.0.0.4", trusted: true},
		{name: "no header", proxies: []string{"127.0.0.1"}, peer: "127.0.0.1:4000", addr: "127.0.0.1", trusted: true},
		{name: "rubbish stops the search", proxies: []string{"127.0.0.1", "10.0.0.0/8"}, peer: "127.0.0.1:4000",
			header: http.Header{"X-Forwarded-For": {"192.0.2.7, unknown, 10.0.0.3"}}, addr: "10.0.0.3", trusted: true},
		{name: "with ports", proxies: []string{"127.0.0.1"}, peer: "127.0.0.1:4000",
			header: http.Header{"X-Forwarded-For": {"[2001:db8::7]:99"}}, addr: "2001:db8::7", trusted: true},
		{name: "mapped peer", proxies: []string{"127.0.0.1"}, peer: "[::ffff:127.0.0.1]:4000",
			header: http.Header{"X-Forwarded-For": {"[2001:db8::7]"}}, addr: "2001:db8::7", trusted: true},
		{name: "unix socket", peer: "@", addr: "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ps, err := ParseProxies(c.proxies)
			if err != nil {
				t.Fatal(err)
			}
			r := &http.Request{RemoteAddr: c.peer, Header: c.header}
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			got := ps.Client(r)
			if got.Addr.String() != c.addr || got.HTTPS != c.https || got.Trusted != c.trusted {
				t.Errorf("got %+v, want %s, https %v, trusted %v", got, c.addr, c.https, c.trusted)
			}
		})
	}
}

func TestParseProxies(t *testing.T) {
	for _, bad := range []string{"localhost", "10.0.0.0/33", "fe80::1%eth0", "*", "::ffff:0.0.0.0/8"} {
		if ps, err := ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q: got %v, want an error", bad, ps)
		}
	}
	if ps, err := ParseProxies([]string{" 10.1.2.3/8 ", "", "::1"}); err != nil || len(ps) != 2 || ps[0].String() != "10.0.0.0/8" {
		t.Errorf("got %v, %v", ps, err)
	}
}
