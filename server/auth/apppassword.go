package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// secretBytes is the length of an app password before it is written for people, and
// secretText after, without its hyphens.
const (
	secretBytes = 16
	secretText  = (8*secretBytes + 4) / 5
)

// crockford is base32 without i, l, o and u, so that a secret survives being read
// aloud or copied by hand.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewAppPassword makes a secret of 128 random bits, written in groups as
// "xxxxx-xxxxx-xxxxx-xxxxx-xxxxxx", and the hash that the store keeps. The secret
// cannot be had again.
func NewAppPassword() (secret string, hash [32]byte) {
	var b [secretBytes]byte
	rand.Read(b[:])
	s := crockford.EncodeToString(b[:])
	var groups []string
	for len(s) > 6 {
		groups = append(groups, s[:5])
		s = s[5:]
	}
	return strings.Join(append(groups, s), "-"), sha256.Sum256(b[:])
}

// AppPasswordHash is the hash of a secret as somebody typed it: case, hyphens and
// spaces do not matter, o is 0, i and l are 1. Not ok: it cannot be an app password.
func AppPasswordHash(secret string) (hash [32]byte, ok bool) {
	if len(secret) > 64 {
		return hash, false
	}
	var plain, again [secretText]byte
	n := 0
	for i := range len(secret) {
		c := secret[i]
		switch {
		case c == '-' || c == ' ':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		switch c {
		case 'o':
			c = '0'
		case 'i', 'l':
			c = '1'
		}
		if n == len(plain) {
			return hash, false
		}
		plain[n] = c
		n++
	}
	var b [secretBytes]byte
	if n != len(plain) {
		return hash, false
	}
	if _, err := crockford.Decode(b[:], plain[:]); err != nil {
		return hash, false
	}
	if crockford.Encode(again[:], b[:]); again != plain { // one text for one secret
		return hash, false
	}
	return sha256.Sum256(b[:]), true
}

// NewPassword makes a password for an account whose owner did not choose one: it
// has the form of an app password, with a prefix so that it is never taken for one.
func NewPassword() string {
	secret, _ := NewAppPassword()
	return "pw-" + secret
}
