package dav

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"cairn/server/httperr"
	"cairn/store"
)

var (
	errNoScope = errors.New("dav: request without a scope")
	// errElsewhere: the address is not below the mount.
	errElsewhere = httperr.Problem{Status: 404, Code: "not-found", Title: "There is nothing at this address.",
		Hint: "Check the address of the server: it ends with the folder that is mounted."}
)

// Path is the resource that a request's address names: an error is a client's.
func (h *Handler) Path(r *http.Request) (store.Path, error) {
	p, _, err := h.parsePath(r.URL.EscapedPath())
	return p, err
}

// parsePath reads an escaped URL path, of a request, a Destination or a tag of an If
// header alike, and reports whether it ended with a slash. It must lie below the
// mount (else errElsewhere).
//
// It takes names apart before it unescapes them, so that "%2F" cannot pass for a
// separator (400), and refuses "." and ".." however they are written (400) rather
// than resolve them: no two readers can then disagree about which resource is meant.
// Runs of slashes count as one, as with Apache and nginx (which a proxy may do to
// them anyway, and clients join addresses carelessly); no name is empty, so nothing
// else could be meant.
func (h *Handler) parsePath(escaped string) (p store.Path, slash bool, err error) {
	if !strings.HasPrefix(escaped, "/") {
		return "", false, httperr.BadRequest("path", "The address is not a path.", "It begins with a slash.")
	}
	var names []string
	for part := range strings.SplitSeq(escaped, "/") {
		if part == "" {
			continue
		}
		name, err := url.PathUnescape(part)
		if err != nil {
			return "", false, httperr.BadRequest("path", "The address is not properly escaped.", "A % is followed by two hexadecimal digits.")
		}
		if strings.Contains(name, "/") {
			return "", false, httperr.BadRequest("path", "The address holds an escaped slash.", "A name cannot hold a slash.")
		}
		if !store.ValidName(name) {
			return "", false, badName(name)
		}
		names = append(names, name)
	}
	if len(names) < len(h.prefix) {
		return "", false, errElsewhere
	}
	for i, name := range h.prefix {
		if names[i] != name {
			return "", false, errElsewhere
		}
	}
	p, err = store.ParsePath(strings.Join(names[len(h.prefix):], "/"))
	return p, strings.HasSuffix(escaped, "/"), err
}

// badName says what is wrong with a name that the store would refuse.
func badName(name string) error {
	p := httperr.Of(store.ErrName)
	switch {
	case name == "." || name == "..":
		p.Hint = "Send the address without . and .. in it."
	case len(name) > store.MaxNameBytes:
		p.Hint = "A name has at most 255 bytes of UTF-8."
	case !utf8.ValidString(name):
		p.Hint = "Send names as UTF-8."
	}
	return p
}

// urlPath is the unescaped URL path of the resource at p.
func (h *Handler) urlPath(p store.Path, collection bool) string {
	s := h.o.Prefix
	if !p.IsRoot() {
		s += "/" + string(p)
	}
	if collection || s == "" {
		s += "/"
	}
	return s
}

// href is the escaped URL path of the resource at p (RFC 4918 §8.3).
func (h *Handler) href(p store.Path, collection bool) string {
	return (&url.URL{Path: h.urlPath(p, collection)}).EscapedPath()
}
