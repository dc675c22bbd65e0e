package spec

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"

	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"
)

// tusd is the reference server, at host:port, and the folder that it stores to.
func tusd(t *testing.T) (addr, dir string) {
	t.Helper()
	dir = t.TempDir()
	parts := handler.NewStoreComposer()
	filestore.New(dir).UseIn(parts)
	memorylocker.New().UseIn(parts)
	h, err := handler.NewHandler(handler.Config{BasePath: "/any/where/", StoreComposer: parts, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/any/where", h))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), dir
}

func client(addr string) *Client {
	return &Client{Endpoint: "http://" + addr + "/any/where/", HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Part: 1 << 20, Patience: time.Second, Pause: 10 * time.Millisecond, Tries: 10}
}

// The client is held to the specification by a server that is not Cairn.
func TestReferenceServer(t *testing.T) {
	content := make([]byte, 5<<20+77)
	rand.NewChaCha8([32]byte{7}).Read(content)
	for _, way := range []struct {
		name  string
		fault rig.Fault
		parts int64 // that may be sent again
	}{
		{"nothing", rig.Fault{}, 0},
		{"a cap", rig.Fault{Cap: 300_000, Buffer: true}, 2},
		{"a cap that nobody tells", rig.Fault{Cap: 600_000, Silent: true}, 2},
		{"resets", rig.Fault{Reset: 200_000, Times: 3}, 3},
		{"a black hole", rig.Fault{Hole: 200_000, Times: 1}, 1},
		{"answers that are lost", rig.Fault{Deaf: true, Times: 3}, 3},
		{"bursts of 502", rig.Fault{Bad: 3}, 4},
	} {
		for _, together := range []bool{false, true} {
			addr, dir := tusd(t)
			p := rig.StartFault(t, addr, way.fault)
			c := client(p.Addr)
			c.Together = together
			report, err := c.Upload(t.Context(), bytes.NewReader(content), int64(len(content)), map[string]string{"filename": "f", "empty": ""})
			if err != nil {
				t.Errorf("%s, %v: %v", way.name, together, err)
				continue
			}
			id := report.URL[strings.LastIndexByte(report.URL, '/')+1:]
			got, err := os.ReadFile(filepath.Join(dir, id))
			if err != nil || sha256.Sum256(got) != sha256.Sum256(content) {
				t.Errorf("%s, %v: another file: %d bytes, %v", way.name, together, len(got), err)
			}
			again := p.Received() - int64(len(content))
			t.Logf("%s, %v: %+v, %d bytes again", way.name, together, report, again)
			if again < 0 || again > way.parts<<20 {
				t.Errorf("%s, %v: %d bytes were sent again", way.name, together, again)
			}
			if met := p.Met() > 0; met != (way.name != "nothing") {
				t.Errorf("%s, %v: met %v", way.name, together, met)
			}
		}
	}
}

// What trying again does not mend is said at once, and what a server does not offer is not
// asked of it.
func TestRefusal(t *testing.T) {
	addr, _ := tusd(t)
	for name, change := range map[string]func(*Client){
		"checksum is not offered": func(c *Client) { c.Checksum = "sha1" },
		"another address":         func(c *Client) { c.Endpoint = strings.Replace(c.Endpoint, "any", "none", 1) },
	} {
		c := client(addr)
		change(c)
		if report, err := c.Upload(t.Context(), strings.NewReader("hello"), 5, nil); err == nil || report.Breaks != 1 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
	// Nobody listens: it ends.
	c := client("127.0.0.1:1")
	if report, err := c.Upload(t.Context(), strings.NewReader("hello"), 5, nil); err == nil || report.Breaks != c.Tries+1 {
		t.Errorf("nobody listens: %+v, %v", report, err)
	}
}
