package dav

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// A body that is not what a client says of it is refused, and what was there stays.
func TestPutDigest(t *testing.T) {
	d := newDoor(t, nil)
	for _, body := range []string{"hello", "", strings.Repeat("0123456789", 300_000)} {
		d.do(req{method: "PUT", path: "/f", body: "old", want: 201})
		s256, s1, m := sha256.Sum256([]byte(body)), sha1.Sum([]byte(body)), md5.Sum([]byte(body))
		b64 := base64.StdEncoding.EncodeToString
		bad := sha256.Sum256([]byte(body + "."))
		for _, c := range []struct {
			name, value string
			want        int
		}{
			{"Content-Digest", "sha-256=:" + b64(s256[:]) + ":", 204},
			{"Content-Digest", "sha-256=:" + b64(bad[:]) + ":", 400},
			{"Repr-Digest", "unknown=:AAAA:, sha-256=:" + b64(bad[:]) + ":", 400},
			{"Repr-Digest", "unknown=:AAAA:", 204},
			{"Repr-Digest", "sha-256=" + b64(s256[:]), 400}, // without colons
			{"Repr-Digest", "sha-256=:AAAA:", 400},          // too short
			{"Digest", "SHA-256=" + b64(s256[:]) + ",MD5=" + b64(m[:]), 204},
			{"Digest", "SHA=" + b64(s256[:20]), 400},
			{"Content-MD5", b64(m[:]), 204},
			{"Content-MD5", b64(bad[:16]), 400},
			{"OC-Checksum", "SHA1:" + hex.EncodeToString(s1[:]), 204},
			{"OC-Checksum", "MD5:" + hex.EncodeToString(bad[:16]), 400},
			{"OC-Checksum", "SHA1:" + hex.EncodeToString(s1[:]) + " MD5:" + hex.EncodeToString(bad[:16]), 400},
			{"OC-Checksum", "SHA3-256:00", 204},
		} {
			want := body
			if c.want == 400 {
				want = "old"
			}
			d.do(req{method: "PUT", path: "/f", body: "old", want: 204})
			d.do(req{method: "PUT", path: "/f", body: body, head: []string{c.name, c.value}, want: c.want})
			d.holds("/f", want)
		}
		d.do(req{method: "DELETE", path: "/f", want: 204})
	}
	bad := sha256.Sum256(nil)
	d.do(req{method: "PUT", path: "/new", body: "x", head: []string{"Content-Digest", "sha-256=:" + base64.StdEncoding.EncodeToString(bad[:]) + ":"}, want: 400})
	d.do(req{method: "GET", path: "/new", want: 404})
}
