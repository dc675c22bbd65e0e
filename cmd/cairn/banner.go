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
	data    string
	account bool // there is one
}

func (b banner) print(w io.Writer) {
	fmt.Fprintf(w, "Cairn %s\n", version)
	fmt.Fprintf(w, "  app    %s/\n", b.address)
	fmt.Fprintf(w, "  mount  %s/dav/\n", b.address)
	fmt.Fprintf(w, "  data   %s\n", b.data)
	if !b.account {
		fmt.Fprintf(w, "\nThere is no account yet. Add one, in another terminal:\n\n  cairn user add NAME --admin --data %s\n\n", shellQuote(b.data))
		fmt.Fprintf(w, "then mount %s/dav/ with its name and password.\n", b.address)
	}
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
