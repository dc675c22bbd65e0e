// Package rig runs the real binary, and the proxy people put in front of it, for the
// black-box tests. Everything listens on 127.0.0.1, and everything that a test starts
// ends with it.
package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// builds are the binaries of this test process, by build tags.
type builds struct {
	mu   sync.Mutex
	dir  string
	path map[string]string
}

var built = builds{path: map[string]string{}}

// Main runs the tests of a package and removes what Binary built: call it from
// TestMain.
func Main(m *testing.M) int {
	defer func() {
		if built.dir != "" {
			os.RemoveAll(built.dir)
		}
	}()
	return m.Run()
}

// Binary builds cmd/cairn with the build tags ("" for the binary people run), once in
// each test process, and returns its path.
func Binary(t testing.TB, tags string) string {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if p, ok := built.path[tags]; ok {
		return p
	}
	if built.dir == "" {
		dir, err := os.MkdirTemp("", "cairn-rig-")
		if err != nil {
			t.Fatal(err)
		}
		built.dir = dir
	}
	p := filepath.Join(built.dir, strings.Trim("cairn-"+tags, "-"))
	cmd := exec.Command("go", "build", "-buildvcs=false", "-tags", tags, "-o", p, "cairn/cmd/cairn")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	built.path[tags] = p
	return p
}

// Need finds a command, also where Debian puts those of the administrator, or ends the
// test with the package to install.
func Need(t testing.TB, command, debian string) string {
	t.Helper()
	if p, err := exec.LookPath(command); err == nil {
		return p
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if p, err := exec.LookPath(filepath.Join(dir, command)); err == nil {
			return p
		}
	}
	t.Fatalf("this test needs %s: apt-get install %s", command, debian)
	return ""
}

// Run runs a command in dir and returns what it printed on both outputs.
func Run(t testing.TB, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return string(out), err
}

// MustRun is Run without a failure.
func MustRun(t testing.TB, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := Run(t, dir, env, name, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(out, 40))
	}
	return out
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
