package transfer

import (
	"net/http"
	"net/url"
	"strings"
)

// guard sets the headers that keep users' bytes from acting in the name of this
// origin: no sniffing, no script, nothing loaded, and saved rather than shown unless
// the type is harmless. A PDF viewer does not start in a sandbox.
func guard(h http.Header, ctype, name string, attachment bool) {
	h["Content-Type"] = []string{ctype}
	h["X-Content-Type-Options"] = nosniff
	h["Cross-Origin-Resource-Policy"] = sameOrigin // no page of another origin embeds it
	csp := sandbox
	if ctype == "application/pdf" {
		csp = noSandbox
	}
	h["Content-Security-Policy"] = csp
	disposition := "attachment; "
	if inline(ctype) && !attachment {
		disposition = "inline; "
	}
	h["Content-Disposition"] = []string{disposition + filename(name)}
}

// Values of headers that are the same for every file, under names in canonical form:
// they are shared, and nobody changes a header's slice in place.
var (
	nosniff        = []string{"nosniff"}
	sameOrigin     = []string{"same-origin"}
	sandbox        = []string{"sandbox; default-src 'none'"}
	noSandbox      = []string{"default-src 'none'"}
	privateNoCache = []string{"private, no-cache"}
	acceptBytes    = []string{"bytes"}
)

// filename is the parameter of Content-Disposition (RFC 6266 §4.3), in ASCII for old
// clients and, where that loses something, as RFC 8187 writes it.
func filename(name string) string {
	var ascii strings.Builder
	ascii.Grow(len(name))
	exact := true
	for _, r := range name {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' || r == '%' {
			r, exact = '_', false
		}
		ascii.WriteRune(r)
	}
	s := `filename="` + ascii.String() + `"`
	if !exact {
		s += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return s
}
