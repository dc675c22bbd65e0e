package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cairn/test/rig"
)

// An upload by file input in Debian's Firefox, with a network that breaks once.
func TestFirefox(t *testing.T) {
	for name, network := range networks {
		t.Run(name, func(t *testing.T) {
			_, sc := network(t, 20e6)
			sc.More = map[string]any{"bytes": "60000000", "firefox": rig.Need(t, "firefox-esr", "firefox-esr")}
			play(t, "firefox", "", sc, 2*time.Minute)
		})
	}
}

// networks are the ways to a server that tests take, by name.
var networks = map[string]func(*testing.T, int64) (*rig.Server, scene){"direct": throughNetwork, "behind nginx": throughNginx}

// The same in WebKitGTK, which is Safari's engine.
func TestWebKit(t *testing.T) {
	t.Run("direct", func(t *testing.T) {
		app(t)
		s := rig.Start(t, rig.Options{})
		p := rig.StartRate(t, s.Addr, 20e6)
		uploadInWebKit(t, s, p, "http://"+p.Addr+"/")
	})
	t.Run("behind nginx", func(t *testing.T) {
		app(t)
		s := rig.StartProxied(t, rig.Options{Rate: 20e6})
		uploadInWebKit(t, s, s.Network, s.URL)
	})
}

func uploadInWebKit(t *testing.T, s *rig.Server, p *rig.RateProxy, address string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "big.bin")
	content := make([]byte, 60e6)
	rand.Read(content)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	changed := time.Date(2020, 9, 13, 12, 26, 40, 0, time.UTC)
	if err := os.Chtimes(file, changed, changed); err != nil {
		t.Fatal(err)
	}
	w := webKit(t)
	w.open(address)
	w.write(`input[name="username"]`, rig.User)
	w.write(`input[name="password"]`, rig.Password)
	w.click(`button[type="submit"]`)
	w.find(`[role="toolbar"]`)
	begin := time.Now()
	w.write(`[data-testid="pick-files"]`, file)
	var bar struct {
		Acked int64
		State string
	}
	var last, broken int64
	values := map[int64]bool{}
	done := rig.Poll(time.Minute, func() bool {
		w.run(`const it = document.querySelector('[data-testid="upload-total"]');
			return { acked: Number(it?.dataset.acked ?? 0), state: it?.dataset.state ?? '' };`, &bar)
		if bar.Acked < last {
			t.Fatalf("the bar falls from %d to %d", last, bar.Acked)
		}
		last, values[bar.Acked] = bar.Acked, true
		if broken == 0 && bar.Acked > int64(len(content))/3 {
			broken = bar.Acked
			p.Break()
		}
		return bar.State == "done"
	})
	took := time.Since(begin)
	if !done {
		t.Fatalf("not done in time: %+v", bar)
	}
	if broken == 0 || broken == int64(len(content)) {
		t.Errorf("the connections broke at %d", broken)
	}
	got := s.Must(t, rig.Request{Path: "big.bin"}, 200)
	if sha256.Sum256([]byte(got.Body)) != sha256.Sum256(content) {
		t.Error("other bytes come back")
	}
	if m := got.Header.Get("Last-Modified"); m != "Sun, 13 Sep 2020 12:26:40 GMT" {
		t.Errorf("modified %s", m)
	}
	var agent string
	w.run(`return navigator.userAgent`, &agent)
	t.Logf("%s: 60 MB by file input in %.1f s, broken at %d %%, %d values of the bar, SHA-256 equal",
		agent, took.Seconds(), broken*100/int64(len(content)), len(values))
}
