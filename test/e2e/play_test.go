package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/test/rig"
)

// scene is what a script is told; see scene.ts.
type scene struct {
	App     string         `json:"app"`     // where the browser goes
	Server  string         `json:"server"`  // the same server without the network before it
	Control string         `json:"control"` // rig.Control
	Dir     string         `json:"dir"`     // for files of this run
	More    map[string]any `json:"more,omitempty"`

	User     string `json:"user"`
	Password string `json:"password"`
	Browser  string `json:"browser"`
	Screens  string `json:"screens"` // for pictures to look at
	Figures  string `json:"figures"` // file for lines to print
}

// app fails the test if the binary would hold no app.
func app(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root(t), "web", "dist", "index.html")); err != nil {
		t.Fatal("the app is not built: run make build first")
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// play runs the tests of a script, NAME.spec.ts, in Playwright, and fails with what it
// printed. A title, if not empty, is which of them. It returns the figures that they told.
func play(t *testing.T, name, title string, sc scene, atMost time.Duration) (figures []string) {
	t.Helper()
	app(t)
	home := t.TempDir()
	if sc.Dir == "" {
		sc.Dir = filepath.Join(home, "files")
	}
	sc.User, sc.Password = rig.User, rig.Password
	sc.Browser = rig.Need(t, "chromium", "chromium")
	sc.Screens = filepath.Join(root(t), "test-results", "screens")
	sc.Figures = filepath.Join(home, "figures")
	for _, dir := range []string{sc.Dir, sc.Screens} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(sc)
	if err != nil {
		t.Fatal(err)
	}
	cli := filepath.Join(root(t), "node_modules", "@playwright", "test", "cli.js")
	args := []string{cli, "test", "--config", "playwright.config.ts", name + ".spec.ts"}
	if title != "" {
		args = append(args, "--grep", title)
	}
	ctx, cancel := context.WithTimeout(t.Context(), atMost)
	defer cancel()
	cmd := child(ctx, t, home, rig.Need(t, "node", "nodejs"), args...)
	cmd.Env = append(cmd.Env, "CAIRN_SCENE="+string(text), "CAIRN_SCENE_OUT="+filepath.Join(home, "out"),
		"PWTEST_CACHE_DIR="+filepath.Join(os.TempDir(), "cairn-playwright"), "FORCE_COLOR=0", "CI=1")
	out, err := cmd.CombinedOutput()
	said, _ := os.ReadFile(sc.Figures)
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "✓") {
			t.Log(strings.TrimSpace(line))
		}
	}
	for line := range strings.Lines(string(said)) {
		figures = append(figures, strings.TrimSpace(line))
		t.Log(figures[len(figures)-1])
	}
	if err != nil {
		keep(t, filepath.Join(home, "out"))
		t.Fatalf("%s.spec.ts: %v %v\n%s", name, err, ctx.Err(), out[max(0, len(out)-12_000):])
	}
	return figures
}

// keep copies the pictures of a failed run to test-results.
func keep(t *testing.T, from string) {
	to := filepath.Join(root(t), "test-results", "failed")
	os.MkdirAll(to, 0o755)
	filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".png" {
			return nil
		}
		if b, err := os.ReadFile(path); err == nil {
			os.WriteFile(filepath.Join(to, strings.ReplaceAll(t.Name(), "/", "-")+"-"+filepath.Base(filepath.Dir(path))+".png"), b, 0o644)
		}
		return nil
	})
}

// child is a process that ends, with everything it started, when the context or the
// test does.
func child(ctx context.Context, t *testing.T, home, name string, args ...string) *exec.Cmd {
	t.Helper()
	mark := "CAIRN_CHILD_OF=" + home // all its descendants inherit it
	cmd := exec.CommandContext(ctx, name, args...)
	// Without a locale Chromium finds no file whose name is not ASCII.
	cmd.Env = append([]string{"LANG=C.UTF-8"}, append(os.Environ(), "HOME="+home, "TMPDIR="+home, mark)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	t.Cleanup(func() {
		rig.Poll(rig.Patience, func() bool { return !endMarked(mark) })
		rig.Poll(rig.Patience, func() bool { return os.RemoveAll(home) == nil })
	})
	return cmd
}

// endMarked kills every process with this line in its environment, and says whether
// there was one.
func endMarked(mark string) (found bool) {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		env, err := os.ReadFile(path)
		if err != nil || !strings.Contains("\x00"+string(env), "\x00"+mark+"\x00") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			syscall.Kill(pid, syscall.SIGKILL)
			found = true
		}
	}
	return found
}
