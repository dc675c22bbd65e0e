package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
)

// banner is what serve says to the person who started it.
type banner struct {
	address *url.URL // of the app, without its last slash
	listen  string
	data    string
	setup   string // path of the set-up link below the address; empty: there is an account
	clear   bool   // passwords can be read on their way
}

func (b banner) print(w io.Writer) {
	fmt.Fprintf(w, "Cairn %s\n", version)
	fmt.Fprintf(w, "  app    %s/\n", b.address)
	fmt.Fprintf(w, "  mount  %s/dav/\n", b.address)
	fmt.Fprintf(w, "  data   %s\n", b.data)
	fmt.Fprintf(w, "  listen %s\n", b.listen)
	if b.clear {
		fmt.Fprintf(w, "\nWarning: others on the network can read passwords on their way here. Use HTTPS:\n--tls-cert and --tls-key, or a proxy and --base-url https://…\n")
	}
	if b.setup != "" {
		fmt.Fprintf(w, "\nThere is no account yet. Make the first one, the administrator's, in a browser:\n\n  %s/%s\n\n", b.address, b.setup)
		fmt.Fprintf(w, "The link works once, for 24 hours; a restart prints a new one. Or, in another terminal:\n\n  cairn user add NAME --admin --data %s\n\n", shellQuote(b.data))
	}
}

// inTheClear: clients on other machines reach the server without TLS.
func inTheClear(base *url.URL, ln net.Addr, tls bool) bool {
	a, ok := ln.(*net.TCPAddr)
	return ok && !a.IP.IsLoopback() && !tls && base.Scheme != "https"
}

// address is where clients find the server: the base URL, or where it listens with
// the base's path.
func address(base *url.URL, ln net.Addr, tls bool) *url.URL {
	if base.Host != "" {
		return base
	}
	u := &url.URL{Scheme: "http", Host: ln.String(), Path: base.Path}
	if tls {
		u.Scheme = "https"
	}
	if a, ok := ln.(*net.TCPAddr); ok && a.IP.IsUnspecified() { // reachable here, and by this machine's other names
		u.Host = net.JoinHostPort("127.0.0.1", fmt.Sprint(a.Port))
	}
	return u
}
