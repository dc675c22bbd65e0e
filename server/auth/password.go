package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// The cost of one password: OWASP's argon2id with 19 MiB.
const (
	argonKiB     = 19 * 1024
	argonTime    = 2
	argonLanes   = 1
	argonSalt    = 16
	argonKey     = 32
	maxArgonKiB  = 64 * 1024 // of a stored hash that we still verify
	maxArgonTime = 16
)

// MaxPasswordBytes bounds a password; a longer one is refused when it is set, and
// wrong when it is tried.
const MaxPasswordBytes = 1024

// ErrPassword is a password that cannot be set.
var ErrPassword = errors.New("a password has 1 to 1024 bytes of UTF-8 without control characters")

// Hash makes the argon2id hash of a password in PHC form, with a fresh salt. It
// takes about 25 ms and 19 MiB. The password is normalised to NFC first, as
// RFC 8265 has it, so that a Mac's keyboard and a phone's agree.
func Hash(password string) (string, error) {
	if password == "" || len(password) > MaxPasswordBytes || !utf8.ValidString(password) ||
		strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", ErrPassword
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key := argon2.IDKey([]byte(norm.NFC.String(password)), salt, argonTime, argonKiB, argonLanes, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonKiB, argonTime, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// Verify reports whether password is what Hash made hash of. A hash that cannot be
// read, or that asks for more than 64 MiB or 16 passes, fits no password.
func Verify(hash, password string) bool {
	h, ok := parsePHC(hash)
	if !ok || len(password) > MaxPasswordBytes {
		return false
	}
	key := argon2.IDKey([]byte(norm.NFC.String(password)), h.salt, h.time, h.kib, h.lanes, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

type phc struct {
	kib, time uint32
	lanes     uint8
	salt, key []byte
}

func parsePHC(s string) (phc, bool) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, false
	}
	var h phc
	if n, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &h.kib, &h.time, &h.lanes); n != 3 || err != nil {
		return phc{}, false
	}
	if h.kib > maxArgonKiB || h.time < 1 || h.time > maxArgonTime || h.lanes < 1 {
		return phc{}, false
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(f[4]); err != nil {
		return phc{}, false
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(f[5]); err != nil || len(h.key) < 16 || len(h.key) > 64 {
		return phc{}, false
	}
	return h, true
}
