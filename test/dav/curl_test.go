package dav

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/test/rig"
)

// random is reproducible bytes that do not repeat.
func random(name string, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8(sha256.Sum256([]byte(name))).Read(b)
	return b
}

// trust makes curl trust a server's own certificate.
func trust(s *rig.Server) []string {
	if s.CA == "" {
		return nil
	}
	return []string{"--cacert", s.CA}
}

func TestCurl(t *testing.T) { curl(t, rig.Start(t, rig.Options{})) }

// curl puts and gets as people do at a prompt and in scripts.
func curl(t *testing.T, s *rig.Server) {
	bin := rig.Need(t, "curl", "curl")
	dir := t.TempDir()
	content := random("curl", 5<<20+123)
	if err := os.WriteFile(filepath.Join(dir, "file"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	// do runs curl and returns the status, headers and body of the last answer.
	do := func(t *testing.T, path string, args ...string) (status, header string, body []byte) {
		t.Helper()
		args = append([]string{"-q", "-sS", "-u", rig.User + ":" + rig.Password, "-D", "header", "-o", "body", "-w", "%{http_code}"}, append(trust(s), args...)...)
		for _, f := range []string{"header", "body"} {
			os.Remove(filepath.Join(dir, f))
		}
		status, err := rig.Run(t, dir, nil, bin, append(args, s.DAV+path)...)
		if err != nil {
			t.Fatalf("%v: %s", err, status)
		}
		h, _ := os.ReadFile(filepath.Join(dir, "header"))
		body, _ = os.ReadFile(filepath.Join(dir, "body"))
		return status, string(h), body
	}
	want := func(t *testing.T, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got status %s, want %s", got, want)
		}
	}
	same := func(t *testing.T, path string, want []byte) {
		t.Helper()
		if _, _, body := do(t, path); !bytes.Equal(body, want) {
			t.Errorf("%s holds %d bytes, not the %d that were sent", path, len(body), len(want))
		}
	}
	t.Run("PUT and GET", func(t *testing.T) {
		status, h, _ := do(t, "a%20file", "-T", "file")
		want(t, status, "201")
		if !strings.Contains(strings.ToLower(h), "\r\netag: \"") {
			t.Errorf("no ETag: %s", h)
		}
		same(t, "a%20file", content)
		status, _, _ = do(t, "a%20file", "-T", "file")
		want(t, status, "204")
	})
	t.Run("chunked", func(t *testing.T) {
		status, _, _ := do(t, "chunked", "-T", "file", "-H", "Transfer-Encoding: chunked")
		want(t, status, "201")
		same(t, "chunked", content)
	})
	t.Run("Expect", func(t *testing.T) {
		status, h, _ := do(t, "expected", "-T", "file", "-H", "Expect: 100-continue", "--expect100-timeout", "20")
		want(t, status, "201")
		if !strings.HasPrefix(h, "HTTP/1.1 100 Continue") && !strings.HasPrefix(h, "HTTP/2 100") {
			t.Errorf("no 100 Continue: %s", h)
		}
		same(t, "expected", content)
	})
	t.Run("ranges", func(t *testing.T) {
		for _, c := range []struct {
			spec       string
			start, end int
		}{{"0-0", 0, 1}, {"100-2000000", 100, 2000001}, {"-7", len(content) - 7, len(content)}, {"5000000-", 5000000, len(content)}} {
			status, h, body := do(t, "a%20file", "-r", c.spec)
			want(t, status, "206")
			if !bytes.Equal(body, content[c.start:c.end]) || !strings.Contains(h, fmt.Sprintf("bytes %d-%d/%d", c.start, c.end-1, len(content))) {
				t.Errorf("range %s: %d bytes: %s", c.spec, len(body), h)
			}
		}
		status, _, _ := do(t, "a%20file", "-r", "99999999-")
		want(t, status, "416")
	})
	t.Run("resumed download", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(dir, "part"), content[:1<<20], 0o600); err != nil {
			t.Fatal(err)
		}
		rig.MustRun(t, dir, nil, bin, append(trust(s), "-q", "-sS", "-f", "-u", rig.User+":"+rig.Password, "-C", "-", "-o", "part", s.DAV+"a%20file")...)
		if got, _ := os.ReadFile(filepath.Join(dir, "part")); !bytes.Equal(got, content) {
			t.Errorf("the resumed file has %d bytes, not the %d of the original, or others", len(got), len(content))
		}
	})
	t.Run("resumed upload is refused", func(t *testing.T) {
		do(t, "whole", "-T", "file")
		status, _, _ := do(t, "whole", "-T", "file", "-C", "1048576")
		want(t, status, "400")
		same(t, "whole", content)
		rig.Run(t, dir, nil, bin, append(trust(s), "-q", "-sS", "-u", rig.User+":"+rig.Password, "-T", "file", "-C", "-", s.DAV+"whole")...)
		same(t, "whole", content)
	})
	t.Run("conditions", func(t *testing.T) {
		_, h, _ := do(t, "a%20file", "-I")
		var tag string
		for line := range strings.Lines(h) {
			if k, v, _ := strings.Cut(line, ": "); strings.EqualFold(k, "etag") {
				tag = strings.TrimSpace(v)
			}
		}
		for _, c := range []struct{ want, header string }{
			{"304", "If-None-Match: " + tag}, {"200", `If-None-Match: "another"`}, {"412", `If-Match: "another"`}, {"200", "If-Match: " + tag},
		} {
			status, _, _ := do(t, "a%20file", "-H", c.header)
			want(t, status, c.want)
		}
		for _, c := range []struct{ want, header string }{
			{"412", "If-None-Match: *"}, {"412", `If-Match: "another"`}, {"204", "If-Match: " + tag}, {"412", "If-Match: " + tag},
		} {
			status, _, _ := do(t, "a%20file", "-H", c.header, "-X", "PUT", "--data-binary", "new")
			want(t, status, c.want)
		}
		same(t, "a%20file", []byte("new"))
	})
	t.Run("MKCOL MOVE COPY DELETE", func(t *testing.T) {
		status, _, _ := do(t, "folder/", "-X", "MKCOL")
		want(t, status, "201")
		status, _, _ = do(t, "a%20file", "-X", "MOVE", "-H", "Destination: "+s.DAV+"folder/moved")
		want(t, status, "201")
		status, _, _ = do(t, "folder", "-X", "COPY", "-H", "Destination: "+s.DAV+"other")
		want(t, status, "201")
		same(t, "other/moved", []byte("new"))
		status, _, _ = do(t, "folder", "-X", "DELETE")
		want(t, status, "204")
		status, _, _ = do(t, "folder/moved")
		want(t, status, "404")
	})
}
