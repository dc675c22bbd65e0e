package dav

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash/adler32"
	"strings"
	"testing"
	"time"
)

// Who asks what a file comes to is told: at once of a small one, of others once they were
// read behind.
func TestWantDigest(t *testing.T) {
	d := newDoor(t, nil)
	small, large := "hello", strings.Repeat("0123456789", 300_000)
	for _, body := range []string{small, "", large} {
		d.do(req{method: "PUT", path: "/f", body: body, want: 201})
		s256, s512, s1, m := sha256.Sum256([]byte(body)), sha512.Sum512([]byte(body)), sha1.Sum([]byte(body)), md5.Sum([]byte(body))
		b64 := base64.StdEncoding.EncodeToString
		repr, legacy := "sha-256=:"+b64(s256[:])+":", "SHA-256="+b64(s256[:])
		for _, c := range []struct{ header, value, answer, want string }{
			{"Want-Repr-Digest", "sha-256=10", "Repr-Digest", repr},
			{"Want-Repr-Digest", "sha-512=3, sha-256=10, unixsum=10", "Repr-Digest", repr},
			{"Want-Repr-Digest", "sha-512=5, sha-256=5", "Repr-Digest", repr},
			{"Want-Repr-Digest", "sha-512=9, sha-256=1", "Repr-Digest", "sha-512=:" + b64(s512[:]) + ":"},
			{"Want-Repr-Digest", "sha-256=0, md5=1", "Repr-Digest", "md5=:" + b64(m[:]) + ":"},
			{"Want-Digest", "SHA-256", "Digest", legacy},
			{"Want-Digest", "MD5;q=0.3, SHA;q=1", "Digest", "SHA=" + b64(s1[:])},
			{"Want-Digest", "adler32", "Digest", fmt.Sprintf("adler32=%08x", adler32.Checksum([]byte(body)))},
		} {
			ask := req{method: "HEAD", path: "/f", head: []string{c.header, c.value}, want: 200}
			got := d.do(ask).Header.Get(c.answer)
			for end := time.Now().Add(30 * time.Second); body == large && got == "" && time.Now().Before(end); {
				got = d.do(ask).Header.Get(c.answer)
			}
			if got != c.want {
				t.Errorf("%d bytes, %s: %s: %q, want %q", len(body), c.header, c.value, got, c.want)
			}
			if a := d.do(req{method: "GET", path: "/f", head: ask.head, want: 200}); a.Header.Get(c.answer) != c.want || a.body != body {
				t.Errorf("GET, %s: %s: %v", c.header, c.value, a.Header)
			}
		}
		if body != "" { // a range has that of the whole
			a := d.do(req{method: "GET", path: "/f", head: []string{"Range", "bytes=1-2", "Want-Repr-Digest", "sha-256=1"}, want: 206})
			if a.Header.Get("Repr-Digest") != repr {
				t.Errorf("a range: %v", a.Header)
			}
		}
		for _, value := range []string{"", "unixsum=1", "sha-256=0", "sha-256=11", "sha-256=x", "=", ";;,"} {
			a := d.do(req{method: "GET", path: "/f", head: []string{"Want-Repr-Digest", value}, want: 200})
			if a.Header.Get("Repr-Digest")+a.Header.Get("Digest") != "" {
				t.Errorf("%q: %v", value, a.Header)
			}
		}
		if a := d.do(req{method: "GET", path: "/f", want: 200}); a.Header.Get("Repr-Digest")+a.Header.Get("Digest") != "" {
			t.Errorf("not asked for: %v", a.Header)
		}
		d.do(req{method: "DELETE", path: "/f", want: 204})
	}
	// Another content is another version: the old digest is not told of it.
	d.do(req{method: "PUT", path: "/f", body: "one", want: 201})
	one := d.do(req{method: "HEAD", path: "/f", head: []string{"Want-Repr-Digest", "sha-256=1"}, want: 200}).Header.Get("Repr-Digest")
	d.do(req{method: "PUT", path: "/f", body: "two", want: 204})
	if two := d.do(req{method: "HEAD", path: "/f", head: []string{"Want-Repr-Digest", "sha-256=1"}, want: 200}).Header.Get("Repr-Digest"); two == one || two == "" {
		t.Errorf("%s, then %s", one, two)
	}
	for _, c := range []req{
		{method: "GET", path: "/none", want: 404},
		{method: "GET", path: "/f", head: []string{"If-Match", `"x"`}, want: 412},
		{method: "GET", path: "/f", head: []string{"Range", "bytes=9-"}, want: 416},
		{method: "GET", path: "/", want: 200},
	} {
		c.head = append(c.head, "Want-Repr-Digest", "sha-256=1")
		if a := d.do(c); a.Header.Get("Repr-Digest") != "" {
			t.Errorf("%d: %v", c.want, a.Header)
		}
	}
}
