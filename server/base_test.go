package server

import "testing"

func TestParseBase(t *testing.T) {
	for _, c := range []struct{ in, host, path string }{
		{"", "", ""},
		{"/", "", ""},
		{"/files/", "", "/files"},
		{"https://host", "host", ""},
		{"https://host/", "host", ""},
		{"https://host:8443/a/b/", "host:8443", "/a/b"},
		{"http://[::1]:8080/files", "[::1]:8080", "/files"},
	} {
		u, err := ParseBase(c.in)
		if err != nil || u.Host != c.host || u.Path != c.path {
			t.Errorf("%q: got %v, %v, want %q %q", c.in, u, err, c.host, c.path)
		}
	}
	for _, bad := range []string{"host/files", "ftp://host/", "https:///x", "//host/x", "https://host/a//b", "https://host/../x",
		"https://host/x?y", "https://host/x#y", "https://u:p@host/", "/a%2Fb", "mailto:x", "/a b", "/%00"} {
		if u, err := ParseBase(bad); err == nil {
			t.Errorf("%q: got %v, want an error", bad, u)
		}
	}
}

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		p, prefix string
		want      bool
	}{
		{"/dav", "/dav", true}, {"/dav/", "/dav", true}, {"/dav/x", "/dav", true}, {"/davfoo", "/dav", false},
		{"/da", "/dav", false}, {"/x", "", true}, {"", "", true}, {"*", "", false},
	} {
		if got := below(c.p, c.prefix); got != c.want {
			t.Errorf("below(%q, %q) = %v", c.p, c.prefix, got)
		}
	}
}
