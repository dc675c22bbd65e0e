package store

import (
	"strings"
	"unicode/utf8"
)

// MaxNameBytes bounds one name, MaxPathDepth the names of one path.
const (
	MaxNameBytes = 255
	MaxPathDepth = 256
)

// Path is a place below the root of a scope: valid names joined by "/", without a
// slash at either end; "" is the root itself. Make one with ParsePath.
type Path string

// Root is the root of a scope.
const Root Path = ""

// ParsePath reads a slash-separated path. One leading and one trailing slash are
// taken off. Every name must be 1–255 bytes of valid UTF-8 without "/", NUL, C0
// controls or DEL, and not "." or ".."; else ErrName. More than 256 names:
// ErrPathTooLong. It never rewrites what it is given.
func ParsePath(s string) (Path, error) {
	s = strings.TrimPrefix(s, "/")
	s = strings.TrimSuffix(s, "/")
	if s == "" {
		return Root, nil
	}
	n := 0
	for name := range strings.SplitSeq(s, "/") {
		if !ValidName(name) {
			return "", &OpError{"path", s, ErrName}
		}
		if n++; n > MaxPathDepth {
			return "", &OpError{"path", "", ErrPathTooLong}
		}
	}
	return Path(s), nil
}

// ValidName reports whether s can be the name of a node.
func ValidName(s string) bool {
	if s == "" || len(s) > MaxNameBytes || s == "." || s == ".." || !utf8.ValidString(s) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == 0x7f || c == '/' {
			return false
		}
	}
	return true
}

// IsRoot reports whether p is the root of its scope.
func (p Path) IsRoot() bool { return p == Root }

// Dir is the path of the parent; the root's parent is the root.
func (p Path) Dir() Path {
	if i := strings.LastIndexByte(string(p), '/'); i >= 0 {
		return p[:i]
	}
	return Root
}

// Base is the last name, "" for the root.
func (p Path) Base() string { return string(p[strings.LastIndexByte(string(p), '/')+1:]) }

// Join is the path of name below p. The name must be valid.
func (p Path) Join(name string) Path {
	if p == Root {
		return Path(name)
	}
	return p + "/" + Path(name)
}

// Names lists the names from the root down; none for the root.
func (p Path) Names() []string {
	if p == Root {
		return nil
	}
	return strings.Split(string(p), "/")
}

// Contains reports whether q is p or below it.
func (p Path) Contains(q Path) bool {
	return p == Root || p == q || strings.HasPrefix(string(q), string(p)+"/")
}
