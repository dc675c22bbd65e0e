package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets a test run this program as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_CAIRN") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestRun_words(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", "/nowhere")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "Usage: cairn <command>"},
		{[]string{"help"}, "Usage: cairn <command>"},
		{[]string{"help", "serve"}, "--max-connections"},
		{[]string{"--version"}, "cairn dev"},
	} {
		var out, errs bytes.Buffer
		if code := run(c.args, streams{strings.NewReader(""), &out, &errs}); code != 0 || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: exit code %d, %q %q", c.args, code, out.String(), errs.String())
		}
	}
}

func TestRun_badValues(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"127.0.0.1:8080", []string{"serve", "--listen", "nope"}},
		{"16MiB", []string{"serve", "--memory-budget", "1"}},
		{"30s", []string{"serve", "--shutdown-grace", "30"}},
		{"10000", []string{"serve", "--max-connections", "10001"}},
		{"10GiB", []string{"user", "add", "alice", "--quota", "-5"}},
		{"10GiB", []string{"user", "add", "alice", "--quota=-5"}},
	} {
		_, errs, code := cairn(t, dir, "", c.args...)
		if code != 1 || !strings.Contains(errs, "hint: ") || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit code %d, %q, want %q", c.args, code, errs, c.want)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a data folder was made")
	}
}

// A name that was mistyped makes no new store.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for _, args := range [][]string{{"verify"}, {"mount", t.TempDir()}, {"user", "list"}, {"user", "passwd", "alice"}, {"user", "rm", "alice", "--yes"},
		{"user", "quota", "alice", "1G"}, {"user", "app-password", "list", "alice"}, {"rebuild"},
		{"snapshot", "alice"}, {"snapshot", "alice", "--list"}, {"revert", "alice", "x", "--yes"}, {"undo", "alice", "--after=1", "--yes"},
		{"import", "--user", "alice", t.TempDir()}, {"export", t.TempDir()}} {
		want := 1
		if args[0] == "verify" {
			want = 2
		}
		if _, errs, code := cairn(t, dir, "", args...); code != want || !strings.Contains(errs, "there is no store in "+dir) {
			t.Errorf("%v: exit code %d, %q", args, code, errs)
		}
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if _, _, code := cairn(t, dir, "", "serve", "--listen", busy.Addr().String()); code != 1 {
		t.Error("serves at a port that is taken")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a data folder was made")
	}
	foreign := t.TempDir()
	file := write(t, filepath.Join(foreign, "thesis.txt"), "x")
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"user", "add", "alice"}} {
		if _, errs, code := cairn(t, foreign, "", args...); code != 1 || !strings.Contains(errs, "hint: name an empty folder") {
			t.Errorf("%v: exit code %d, %q", args, code, errs)
		}
		if _, errs, code := cairn(t, file, "", args...); code != 1 || !strings.Contains(errs, "is a file") {
			t.Errorf("%v: exit code %d, %q", args, code, errs)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "lost+found"), 0o700); err != nil { // a disk of its own
		t.Fatal(err)
	}
	if _, errs, code := cairn(t, dir, "", "user", "add", "alice"); code != 0 || !strings.Contains(errs, "made a new data folder at "+dir) {
		t.Errorf("exit code %d, %q", code, errs)
	}
	if _, errs, _ := cairn(t, dir, "", "user", "add", "bob"); strings.Contains(errs, "new data folder") {
		t.Errorf("the second account: %q", errs)
	}
	if _, errs, code := cairn(t, dir, "", "user", "rm", "zed"); code != 1 || errs != "cairn: no account named zed\n" {
		t.Errorf("exit code %d, %q", code, errs)
	}
	if _, errs, _ := cairn(t, dir, "", "user", "add", "ALICE"); errs != "cairn: account ALICE: the name is taken\n" {
		t.Errorf("%q", errs)
	}
}

// The database is nobody else's, in a folder that everybody can read too.
func TestPrivate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	modes := func() {
		t.Helper()
		found, _ := filepath.Glob(filepath.Join(dir, "meta.db*"))
		if len(found) == 0 {
			t.Error("no database")
		}
		for _, path := range found {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
	}
	add := exec.Command(os.Args[0], "--unsafe-fs", "--data", dir, "user", "add", "alice")
	add.Env = append(os.Environ(), "RUN_CAIRN=1", "XDG_CONFIG_HOME=/nowhere")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	modes()
	if err := os.Chmod(filepath.Join(dir, "meta.db"), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, dir, "", "user", "list")
	modes()
}

func TestFirstAccount_later(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	secret := write(t, filepath.Join(t.TempDir(), "secret"), "from a file\n")
	t.Setenv("CAIRN_ADMIN_USER", "root")
	t.Setenv("CAIRN_ADMIN_PASSWORD_FILE", secret)
	_, _, _, stop := serving(t, dir)
	stop()
	os.Remove(secret)
	t.Setenv("CAIRN_ADMIN_PASSWORD", "x")
	_, _, _, stop = serving(t, dir)
	if p, ok := os.LookupEnv("CAIRN_ADMIN_PASSWORD"); ok {
		t.Errorf("the environment still holds %q", p)
	}
	stop()
	_, _, _, stop = serving(t, dir) // with neither
	stop()
}

func TestInTheClear(t *testing.T) {
	for _, c := range []struct {
		ip, base string
		tls      bool
		want     bool
	}{
		{"127.0.0.1", "", false, false}, {"::1", "", false, false}, {"0.0.0.0", "", false, true}, {"::", "", false, true},
		{"192.0.2.1", "http://x/", false, true}, {"192.0.2.1", "https://x/", false, false}, {"192.0.2.1", "", true, false},
	} {
		base, _ := url.Parse(c.base)
		ln := &net.TCPAddr{IP: net.ParseIP(c.ip), Port: 8080}
		if got := inTheClear(base, ln, c.tls); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
		var out bytes.Buffer
		banner{address: address(base, ln, c.tls), listen: ln.String(), data: "/d", clear: c.want}.print(&out)
		if s := out.String(); !strings.Contains(s, "  listen "+ln.String()+"\n") || strings.Contains(s, "Warning: ") != c.want {
			t.Errorf("%+v: banner %s", c, s)
		}
	}
}

// Ctrl-C at the question for a password gives the terminal its echo back.
func TestPrompt_interrupted(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	echo := func() bool {
		state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return state.Lflag&unix.ECHO != 0
	}
	cmd := exec.Command(os.Args[0], "--unsafe-fs", "--data", filepath.Join(t.TempDir(), "data"), "user", "add", "alice")
	cmd.Env = append(os.Environ(), "RUN_CAIRN=1", "XDG_CONFIG_HOME=/nowhere")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); echo(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			t.Fatal("nothing was asked")
		}
	}
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || !echo() {
		t.Errorf("exit code %d, echo %v", code, echo())
	}
}
