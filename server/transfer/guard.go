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
	h["Content-Security-Policy"] = policy(ctype)
	h["Content-Disposition"] = []string{disposition(ctype, name, attachment)}
}

// policy is the Content-Security-Policy of a file.
func policy(ctype string) []string {
	if ctype == "application/pdf" {
		return noSandbox
	}
	return sandbox
}

// disposition is the Content-Disposition of a file.
func disposition(ctype, name string, attachment bool) string {
	if inline(ctype) && !attachment {
		return "inline; " + filename(name)
	}
	return "attachment; " + filename(name)
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
	plain := true
	for i := range len(name) {
		plain = plain && !special(rune(name[i]))
	}
	if plain {
		return `filename="` + name + `"`
	}
	ascii := strings.Map(func(r rune) rune {
		if special(r) {
			return '_'
		}
		return r
	}, name)
	return `filename="` + ascii + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

func special(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' || r == '%' }
