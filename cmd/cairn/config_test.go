package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// parse reads the command line as run does, with an environment of the test's.
func parse(t *testing.T, env map[string]string, args ...string) (*cli, error) {
	t.Helper()
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); strings.HasPrefix(k, "CAIRN_") {
			t.Setenv(k, "")
			os.Unsetenv(k)
		}
	}
	t.Setenv("XDG_CONFIG_HOME", "/nowhere")
	for k, v := range env {
		t.Setenv(k, v)
	}
	var c cli
	parser, err := kong.New(&c, kong.Writers(io.Discard, io.Discard), kong.Resolvers(newConfigFile(os.LookupEnv)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return &c, err
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfig_precedence(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "cairn.conf"), `
# a comment
listen = 127.0.0.1:1111
base-url = "https://file/"
trusted-proxies = 10.0.0.0/8, ::1
memory-budget = 64MiB
shutdown-grace=5s
data = /from/file
`)
	c, err := parse(t, map[string]string{"CAIRN_BASE_URL": "https://env/", "CAIRN_LISTEN": "127.0.0.1:2222"},
		"serve", "--config", file, "--listen", "127.0.0.1:3333")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Serve
	if s.Listen != "127.0.0.1:3333" || s.BaseURL != "https://env/" || s.MemoryBudget != 64<<20 || s.ShutdownGrace != 5*time.Second || c.Data != "/from/file" {
		t.Errorf("got %+v, data %s", s, c.Data)
	}
	if len(s.TrustedProxies) != 2 {
		t.Errorf("trusted proxies %q", s.TrustedProxies)
	}
	if s.LogFormat != "text" {
		t.Errorf("default lost: %q", s.LogFormat)
	}
	c, err = parse(t, map[string]string{"CAIRN_CONFIG": file}, "user", "list")
	if err != nil || c.Data != "/from/file" {
		t.Errorf("CAIRN_CONFIG: data %q, %v", c.Data, err)
	}
}

func TestConfig_defaultFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cairn", "cairn.conf"), "listen = 127.0.0.1:1111\n")
	c, err := parse(t, map[string]string{"XDG_CONFIG_HOME": dir}, "serve")
	if err != nil || c.Serve.Listen != "127.0.0.1:1111" {
		t.Errorf("got %q, %v", c.Serve.Listen, err)
	}
	if c, err = parse(t, nil, "serve"); err != nil || c.Serve.Listen != "127.0.0.1:8080" || c.Serve.MemoryBudget != 96<<20 {
		t.Errorf("got %+v, %v", c.Serve, err)
	}
}

func TestConfig_mistakes(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"lisen = x":                 `unknown key "lisen"`,
		"config = x":                `unknown key "config"`,
		"quota = 5":                 `unknown key "quota"`,
		"listen":                    "line 1",
		"listen = a\nlisten = b":    "twice",
		"memory-budget = lots":      "not a size",
		"log-format = xml":          "log-format",
		"unsafe-fs = perhaps":       "bool",
		"shutdown-grace = tomorrow": "duration",
	} {
		if _, err := parse(t, nil, "serve", "--config", write(t, filepath.Join(dir, "c"), text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := parse(t, nil, "serve", "--config", filepath.Join(dir, "gone")); err == nil {
		t.Error("a named file that is not there was ignored")
	}
	if _, err := parse(t, nil, "user", "list", "--config", write(t, filepath.Join(dir, "c"), "lisen = x")); err == nil {
		t.Error("user ignores an unknown key")
	}
}

// A bad command line costs one clear line, a hint and exit code 1.
func TestRun_usage(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", "/nowhere")
	for _, args := range [][]string{{"serve", "--lisen", "x"}, {"srve"}, {"serve", "--memory-budget", "lots"}, {"serve", "--propfind-infinity", "-1"}} {
		var out, errs bytes.Buffer
		if code := run(args, streams{strings.NewReader(""), &out, &errs}); code != 1 {
			t.Errorf("%v: exit code %d", args, code)
		}
		if e := errs.String(); !strings.HasPrefix(e, "cairn: ") || strings.Count(e, "\n") != 2 || !strings.Contains(e, "hint: ") {
			t.Errorf("%v: %q", args, e)
		}
	}
}

func TestDefaultData(t *testing.T) {
	env := func(m map[string]string) func(string) (string, bool) {
		return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
	}
	for _, c := range []struct {
		env       map[string]string
		container bool
		want      string
	}{
		{map[string]string{"HOME": "/u/a"}, false, "/u/a/.local/share/cairn"},
		{map[string]string{"HOME": "/u/a", "XDG_DATA_HOME": "/x"}, false, "/x/cairn"},
		{map[string]string{"HOME": "/u/a", "XDG_DATA_HOME": "relative"}, false, "/u/a/.local/share/cairn"},
		{map[string]string{"HOME": "/root"}, true, "/data"},
		{nil, false, "/var/lib/cairn"},
	} {
		if got := defaultData(env(c.env), c.container); got != c.want {
			t.Errorf("%v: got %s, want %s", c, got, c.want)
		}
	}
}
