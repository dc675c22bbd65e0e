package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

// cairn runs one command on the data folder dir.
func cairn(t *testing.T, dir, input string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", "/nowhere") // whoever tests may have a file of their own
	var out, errs bytes.Buffer
	code = run(append([]string{"--unsafe-fs", "--data", dir}, args...), streams{strings.NewReader(input), &out, &errs})
	return out.String(), errs.String(), code
}

// must is cairn without a failure.
func must(t *testing.T, dir, input string, args ...string) string {
	t.Helper()
	out, errs, code := cairn(t, dir, input, args...)
	if code != 0 {
		t.Fatalf("cairn %s: exit code %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

// output is a standard output that somebody reads while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serving runs `cairn serve` on dir, and returns the address to mount and what it
// said. stop ends it as SIGTERM does.
func serving(t *testing.T, dir string) (mount string, out, errs *output, stop func()) {
	t.Helper()
	out, errs = &output{}, &output{}
	k := serveCmd{Listen: "127.0.0.1:0", MemoryBudget: 32 << 20, ShutdownGrace: time.Second}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- k.serve(ctx, &cli{Data: dir, UnsafeFS: true}, streams{strings.NewReader(""), out, errs}, nil)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(stop)
	address := regexp.MustCompile(`mount  (http://\S+/dav/)\n`)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if m := address.FindStringSubmatch(out.String()); m != nil {
			return m[1], out, errs, stop
		}
		select {
		case err := <-done:
			done <- nil
			t.Fatalf("serve: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("no address in %q", out)
		}
	}
}

func signIn(t *testing.T, mount, name, secret string) int {
	t.Helper()
	r, err := http.NewRequest("PROPFIND", mount, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Depth", "0")
	r.SetBasicAuth(name, secret)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

// TestUser does the same to a store that nobody has open, and to one that a server
// has; at the end a server tells who can sign in.
func TestUser(t *testing.T) {
	for _, way := range []string{"direct", "socket"} {
		t.Run(way, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			mount := ""
			if way == "socket" {
				var out *output
				mount, out, _, _ = serving(t, dir)
				if !strings.Contains(out.String(), "cairn user add NAME") {
					t.Errorf("without an account serve does not say how to add one: %s", out)
				}
				if info, err := os.Stat(filepath.Join(dir, "admin.sock")); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("socket: %v, %v", info, err)
				}
			}
			must(t, dir, "first secret\n", "user", "add", "Alice", "--quota", "10GiB", "--admin", "--password-stdin")
			made := strings.TrimSuffix(must(t, dir, "", "user", "add", "b.o@b"), "\n")
			if made == "" || strings.ContainsAny(made, "\n ") {
				t.Errorf("a made password is not alone on standard output: %q", made)
			}
			must(t, dir, "secret3", "user", "add", "carol", "--password-stdin")
			must(t, dir, "second secret\r\n", "user", "passwd", "ALICE", "--password-stdin")
			must(t, dir, "", "user", "quota", "B.O@B", "500M")
			must(t, dir, "", "user", "rm", "carol", "--yes")
			app := strings.TrimSuffix(must(t, dir, "", "user", "app-password", "add", "alice", "my phone"), "\n")
			gone := strings.TrimSuffix(must(t, dir, "", "user", "app-password", "add", "alice", "old tablet"), "\n")
			list := must(t, dir, "", "user", "app-password", "list", "alice")
			id := regexp.MustCompile(`(?m)^(\d+) .*old tablet$`).FindStringSubmatch(list)
			if id == nil || !strings.Contains(list, "my phone") || strings.Contains(list, app) {
				t.Fatalf("app passwords: %s", list)
			}
			must(t, dir, "", "user", "app-password", "rm", "alice", id[1])

			for _, c := range []struct {
				want string
				args []string
			}{
				{"taken", []string{"add", "ALICE"}},
				{"a-z", []string{"add", "no spaces"}},
				{"a-z", []string{"add", strings.Repeat("a", 65)}},
				{"password has", []string{"add", "dave", "--password-stdin"}},
				{"no account named", []string{"passwd", "nobody"}},
				{"no account named", []string{"rm", "nobody", "--yes"}},
				{"no account named", []string{"quota", "carol", "1G"}},
				{"has no app password", []string{"app-password", "rm", "alice", id[1]}},
				{"no account named", []string{"app-password", "list", "nobody"}},
				{"nothing was changed", []string{"rm", "alice"}},
				{"not a size", []string{"quota", "alice", "lots"}},
			} {
				if _, errs, code := cairn(t, dir, "\n", append([]string{"user"}, c.args...)...); code != 1 || !strings.Contains(errs, c.want) {
					t.Errorf("%v: exit code %d, %q, want %q", c.args, code, errs, c.want)
				}
			}
			list = must(t, dir, "", "user", "list")
			if !regexp.MustCompile(`(?m)^Alice +0 B +10 GiB +yes `).MatchString(list) || !regexp.MustCompile(`(?m)^b\.o@b +0 B +477 MiB +- `).MatchString(list) || strings.Contains(list, "carol") {
				t.Errorf("list: %s", list)
			}
			if mount == "" {
				mount, _, _, _ = serving(t, dir)
			}
			for i, c := range []struct {
				name, secret string
				want         int
			}{
				{"alice", "second secret", 207}, {"alice", "first secret", 401}, {"alice", app, 207}, {"alice", gone, 401},
				{"b.o@b", made, 207}, {"carol", "secret3", 401},
			} {
				if got := signIn(t, mount, c.name, c.secret); got != c.want {
					t.Errorf("sign-in %d as %s: %d, want %d", i, c.name, got, c.want)
				}
			}
			if way == "socket" { // at once, whatever the server remembers
				must(t, dir, "third secret", "user", "passwd", "alice", "--password-stdin")
				if old, now := signIn(t, mount, "alice", "second secret"), signIn(t, mount, "alice", "third secret"); old != 401 || now != 207 {
					t.Errorf("after passwd: %d with the old one, %d with the new one", old, now)
				}
				must(t, dir, "", "user", "rm", "alice", "--yes")
				if got := signIn(t, mount, "alice", app); got != 401 {
					t.Errorf("a removed account signs in: %d", got)
				}
			}
		})
	}
}

// A folder too deep for a socket address, and a socket that a killed server left.
func TestUser_deepFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30), "data")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "admin.sock"), "left over")
	_, _, _, stop := serving(t, dir)
	must(t, dir, "secret", "user", "add", "alice", "--password-stdin")
	stop()
	if _, err := os.Stat(filepath.Join(dir, "admin.sock")); err == nil {
		t.Error("the socket is still there")
	}
	if list := must(t, dir, "", "user", "list"); !strings.Contains(list, "alice") {
		t.Errorf("list: %s", list)
	}
}

func TestFirstAccount(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Setenv("CAIRN_ADMIN_USER", "root")
	t.Setenv("CAIRN_ADMIN_PASSWORD_FILE", write(t, filepath.Join(t.TempDir(), "secret"), "from a file\n"))
	mount, out, _, stop := serving(t, dir)
	if got := signIn(t, mount, "root", "from a file"); got != 207 {
		t.Errorf("first account: %d", got)
	}
	if strings.Contains(out.String(), "user add") {
		t.Errorf("serve asks for an account that is there: %s", out)
	}
	stop()

	t.Setenv("CAIRN_ADMIN_PASSWORD", "another")
	mount, _, errs, stop := serving(t, dir)
	if signIn(t, mount, "root", "from a file") != 207 || signIn(t, mount, "root", "another") != 401 {
		t.Error("a later start changed the password")
	}
	stop()
	if !strings.Contains(errs.String(), "left as it is") || strings.Contains(errs.String(), "another\"") {
		t.Errorf("log: %s", errs)
	}

	t.Setenv("CAIRN_ADMIN_USER", "second")
	_, _, _, stop = serving(t, dir)
	stop()
	if list := must(t, dir, "", "user", "list"); strings.Contains(list, "second") {
		t.Errorf("a second account was made: %s", list)
	}
}

// What is the operator's to solve costs one line and a hint.
func TestServe_explains(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	mount, _, _, stop := serving(t, dir)
	port := strings.TrimSuffix(strings.TrimPrefix(mount, "http://"), "/dav/")
	other := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		want, hint string
		args       []string
	}{
		{"in use", "--data", []string{"--data", dir, "serve", "--listen", "127.0.0.1:0"}},
		{fmt.Sprintf("a server (process %d) is using %s", os.Getpid(), dir), "stop the server first", []string{"--data", dir, "verify"}},
		{"listen on " + port + ": address already in use", "--listen", []string{"--data", other, "serve", "--listen", port}},
		{"TLS", "", []string{"--data", other, "serve", "--listen", "127.0.0.1:0", "--tls-cert", "/nowhere", "--tls-key", "/nowhere"}},
		{"needs its key", "", []string{"--data", other, "serve", "--listen", "127.0.0.1:0", "--tls-cert", "/nowhere"}},
		{"base URL", "", []string{"--data", other, "serve", "--base-url", "files"}},
		{"trusted proxy", "", []string{"--data", other, "serve", "--trusted-proxies", "nginx"}},
	} {
		var errs bytes.Buffer
		code := run(append(c.args, "--unsafe-fs"), streams{strings.NewReader(""), io.Discard, &errs})
		e := errs.String()
		want := 1
		if slices.Contains(c.args, "verify") {
			want = 2
		}
		if code != want || !strings.Contains(e, c.want) || !strings.Contains(e, c.hint) || (c.hint != "") != strings.Contains(e, "hint:") {
			t.Errorf("%v: exit code %d, %q", c.args, code, e)
		}
	}
	stop()
	if out := must(t, dir, "", "verify", "--deep"); !strings.Contains(out, "no problem") {
		t.Errorf("verify: %s", out)
	}
	for _, err := range []error{store.ErrTooNew, store.ErrUnsafeFS, store.ErrReadOnlyFS, store.ErrNoSpace} {
		if e := explain(fmt.Errorf("open: %w", err), dir).Error(); !strings.Contains(e, "\n  hint: ") {
			t.Errorf("%v has no hint", err)
		}
	}
}
