package auth

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses whose forwarded headers are believed. The zero value
// believes nobody.
type Proxies []netip.Prefix

// ParseProxies reads a list of addresses and CIDR ranges ("127.0.0.1",
// "10.0.0.0/8", "::1").
func ParseProxies(list []string) (Proxies, error) {
	var ps Proxies
	for _, s := range list {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil || a.Zone() != "" {
				return nil, fmt.Errorf("trusted proxy %q is neither an address nor a CIDR range", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Addr().Is4In6() {
			if p.Bits() < 96 {
				return nil, fmt.Errorf("trusted proxy %q: write an IPv4 range as a.b.c.d/n", s)
			}
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		ps = append(ps, p.Masked())
	}
	return ps, nil
}

// Trusts reports whether a is one of the proxies.
func (ps Proxies) Trusts(a netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Client is where a request comes from.
type Client struct {
	Addr    netip.Addr // of the client; invalid if the peer has none (a unix socket)
	HTTPS   bool       // the client speaks TLS, to us or to a trusted proxy
	Trusted bool       // the peer is a trusted proxy
}

// Client is the one place that decides where a request comes from. It is the peer of
// the connection, unless that is a trusted proxy: then it is the rightmost entry of
// X-Forwarded-For that is not one (what stands left of it was written by the client
// and means nothing), and the last X-Forwarded-Proto counts. Forwarded and X-Real-IP
// are not read. An entry that is no address ends the search at the proxy that sent it.
func (ps Proxies) Client(r *http.Request) Client {
	c := Client{HTTPS: r.TLS != nil}
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.Addr = ap.Addr().Unmap().WithZone("")
	}
	if !ps.Trusts(c.Addr) {
		return c
	}
	c.Trusted = true
	if protos := entries(r.Header["X-Forwarded-Proto"]); len(protos) > 0 {
		c.HTTPS = strings.EqualFold(protos[len(protos)-1], "https")
	}
	hops := entries(r.Header["X-Forwarded-For"])
	for i := len(hops) - 1; i >= 0; i-- {
		a, ok := parseHop(hops[i])
		if !ok {
			return c
		}
		c.Addr = a
		if !ps.Trusts(a) {
			return c
		}
	}
	return c
}

// entries splits the lines of a list header.
func entries(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	list := strings.Split(strings.Join(lines, ","), ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// parseHop reads an address as proxies write it: bare, bracketed, or with a port.
func parseHop(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return a.Unmap().WithZone(""), err == nil
}
