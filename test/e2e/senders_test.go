package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
	"cairn/test/tus/spec"
)

// sender is a client without a browser that takes a file to the server.
type sender struct {
	name string
	part int64 // bytes of its largest request
	send func(t *testing.T, j job) error
	// anew: it does not resume, but begins again by itself.
	anew bool
	// brief is the one obstacle that it meets in make test; "": the brief ones.
	brief string
	// large: it gets a large file in make test too.
	large bool
	// own: it needs a server that knows its address as the client has it.
	own bool
	// not: obstacles that it does not get over, and why.
	not map[string]string
}

// job is what a sender is to do.
type job struct {
	to   string // the address that it is told, with a slash at its end
	file string // on this machine
	name string // there
}

// part is what independent clients put into a request. In make soak it is one that a cut
// after 1.5 s cuts.
func part() int64 {
	if soak {
		return 8 << 20
	}
	return 2 << 20
}

// senders are the clients whose uploads by tus go through every obstacle.
func senders(t *testing.T) []sender {
	return []sender{
		{name: "Go, from the specification", part: part(), send: bySpecification(spec.Client{})},
		{name: "Go, with checksums and creation-with-upload", part: part(), send: bySpecification(spec.Client{Together: true, Checksum: "sha256"})},
		{name: "curl in a script", part: part(), send: byCurl, brief: "resets in mid-body"},
		{name: "rclone by tus", part: rclonePart, large: true, send: byRclone, brief: "answers that are lost", anew: true, own: true, not: map[string]string{
			"a cap of 1 MiB":          "its parts are 10 MiB, whatever it is told",
			"a cap that nobody tells": "its parts are 10 MiB, whatever it is told",
			"cuts after 1.5 s":        "its parts are 10 MiB, whatever it is told",
		}},
	}
}

// bySpecification uploads by the client of test/tus/spec.
func bySpecification(c spec.Client) func(*testing.T, job) error {
	return func(t *testing.T, j job) error {
		f, err := os.Open(j.file)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		ways := &http.Transport{}
		defer ways.CloseIdleConnections()
		c := c
		c.Endpoint, c.HTTP = j.to+"tus/", &http.Client{Transport: ways}
		c.Header = http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(rig.User+":"+rig.Password))}}
		c.Part, c.Patience, c.Pause, c.Tries = part(), 5*time.Second, 100*time.Millisecond, 20
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		_, err = c.Upload(ctx, f, info.Size(), map[string]string{"filename": j.name})
		return err
	}
}

// byCurl uploads by tus.sh.
func byCurl(t *testing.T, j job) error {
	rig.Need(t, "curl", "curl")
	script, err := filepath.Abs("tus.sh")
	if err != nil {
		return err
	}
	return run(t, "sh", script, j.file, j.name, j.to+"tus/", rig.User+":"+rig.Password, strconv.FormatInt(part(), 10))
}

// rclonePart is the size of its parts, which it does not change.
const rclonePart = 10 << 20

// byRclone uploads by the tus of rclone's vendor=infinitescale, which begins at a folder.
func byRclone(t *testing.T, j job) error {
	bin, err := filepath.Abs("../../bin/rclone-v1.75.1")
	if err == nil {
		_, err = os.Stat(bin)
	}
	if err != nil {
		return fmt.Errorf("this test needs rclone v1.75.1: make tools (%w)", err)
	}
	config := filepath.Join(t.TempDir(), "rclone.conf")
	secret := strings.TrimSpace(rig.MustRun(t, "", nil, bin, "obscure", rig.Password))
	text := fmt.Sprintf("[tus]\ntype = webdav\nurl = %sdav/\nvendor = infinitescale\nuser = %s\npass = %s\n", j.to, rig.User, secret)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	return run(t, bin, "copyto", j.file, "tus:"+j.name, "--config", config, "--timeout", "5s", "--low-level-retries", "10", "--retries", "5", "--retries-sleep", "100ms")
}

// run runs a client for at most two minutes.
func run(t *testing.T, name string, args ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := child(ctx, t, t.TempDir(), name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %.1000s", filepath.Base(name), err, out)
	}
	return err
}

// putThere fills a file with bytes that do not repeat and returns their SHA-256.
func putThere(t *testing.T, file, seed string, size int64) [32]byte {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	noise := rand.NewChaCha8(sha256.Sum256([]byte(seed)))
	if _, err := io.CopyN(io.MultiWriter(f, sum), noise, size); err != nil {
		t.Fatal(err)
	}
	return [32]byte(sum.Sum(nil))
}
