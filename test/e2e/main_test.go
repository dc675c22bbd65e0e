// Package e2e opens what the server serves in a real browser.
package e2e

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"cairn/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// chromium is the browser with a new profile, in a process group of its own, its
// outputs in files of the profile's folder.
func chromium(ctx context.Context, t *testing.T, args ...string) (cmd *exec.Cmd, out, errs string) {
	t.Helper()
	home, err := os.MkdirTemp("", "cairn-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // killed children may take a moment to let go
		rig.Poll(rig.Patience, func() bool { return os.RemoveAll(home) == nil })
	})
	args = append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--disable-popup-blocking", "--user-data-dir=" + filepath.Join(home, "profile"), "--enable-logging=stderr", "--v=0"}, args...)
	cmd = exec.CommandContext(ctx, rig.Need(t, "chromium", "chromium"), args...)
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "HOME="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, errs = filepath.Join(home, "out"), filepath.Join(home, "err")
	for name, to := range map[string]*io.Writer{out: &cmd.Stdout, errs: &cmd.Stderr} {
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		*to = f
	}
	return cmd, out, errs
}

// load opens an address, waits until the page has loaded, and returns the page as it
// is then, and what the browser logged. Downloads never load.
func load(t *testing.T, url string) (dom, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	cmd, out, errs := chromium(ctx, t, "--virtual-time-budget=5000", "--dump-dom", url)
	err := cmd.Run()
	a, _ := os.ReadFile(out)
	b, _ := os.ReadFile(errs)
	if err != nil {
		t.Fatalf("chromium %s: %v\n%s", url, err, b[max(0, len(b)-1500):])
	}
	return string(a), string(b)
}

// watch opens an address and lets the browser go on until done says so.
func watch(t *testing.T, url string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd, _, errs := chromium(ctx, t, "--remote-debugging-port=0", url)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ok := rig.Poll(rig.Patience, done)
	cancel()
	cmd.Wait()
	if !ok {
		b, _ := os.ReadFile(errs)
		t.Errorf("chromium %s does not come to what it should\n%s", url, b[max(0, len(b)-1500):])
	}
}
