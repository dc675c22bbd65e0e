package server

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Who sends a large body without asking first reads why it is refused.
func TestRefused_largeBody(t *testing.T) {
	ts, _ := start(t, Config{})
	const size = 32 << 20
	for i := range 3 {
		c, err := net.Dial("tcp", ts.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(c, "PUT /dav/big HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
		chunk := strings.Repeat("x", 1<<20)
		for sent := 0; sent < size; sent += len(chunk) {
			if _, err := io.WriteString(c, chunk); err != nil {
				t.Fatalf("%d: cut off after %d bytes: %v", i, sent, err)
			}
		}
		b, err := io.ReadAll(c)
		c.Close()
		if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 401 ") {
			t.Errorf("%d: got %.40q, %v, want 401", i, b, err)
		}
	}
}

// 401 says whether there were credentials at all.
func TestDavDoor_text(t *testing.T) {
	ts, _ := start(t, Config{})
	if _, body := (request{method: "GET", path: "/dav/", status: 401}).do(t, ts); !strings.Contains(body, "please") {
		t.Errorf("without credentials: %s", body)
	}
	if _, body := (request{method: "GET", path: "/dav/", header: basic(user, "no"), status: 401}).do(t, ts); !strings.Contains(body, "Wrong") {
		t.Errorf("with wrong ones: %s", body)
	}
}

func TestObserve_forgedHeader(t *testing.T) {
	ts, log := start(t, Config{})
	for range 3 {
		request{method: "GET", path: "/healthz", header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}}.do(t, ts)
	}
	if n := strings.Count(log.String(), "--trusted-proxies"); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
	ts, log = start(t, Config{Proxies: loopback})
	request{method: "GET", path: "/healthz", header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}}.do(t, ts)
	if strings.Contains(log.String(), "--trusted-proxies") {
		t.Error("a trusted proxy is warned of")
	}
}
