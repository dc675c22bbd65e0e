package server

import (
	"fmt"
	"net/url"
	"strings"
)

// ParseBase reads --base-url: an absolute http or https URL, or only a path; empty
// is the root. The path loses its last slash ("" is the root) and must be plain:
// no query, no fragment, no dot segments, no empty segments.
func ParseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("base URL %q: %w", s, err)
	}
	absolute := (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	if !absolute && (u.Scheme != "" || u.Host != "" || u.Opaque != "" || (s != "" && !strings.HasPrefix(s, "/"))) {
		return nil, fmt.Errorf("base URL %q: write it as https://host/path/", s)
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil || u.RawPath != "" {
		return nil, fmt.Errorf("base URL %q: only scheme, host and a plain path", s)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	if u.Path != "" {
		for _, seg := range strings.Split(u.Path[1:], "/") {
			if seg == "" || seg == "." || seg == ".." || strings.ContainsFunc(seg, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
				return nil, fmt.Errorf("base URL %q: only a plain path", s)
			}
		}
	}
	return u, nil
}

// below reports whether p is prefix itself or lies below it: "/dav" and "/dav/x", not
// "/davfoo".
func below(p, prefix string) bool {
	rest, ok := strings.CutPrefix(p, prefix)
	return ok && (rest == "" || rest[0] == '/')
}
