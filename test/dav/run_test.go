package dav

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// firstRun is `cairn serve` as make run starts it, and what it printed until it listens.
func firstRun(t *testing.T, data string) (text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Patience)
	cmd := exec.CommandContext(ctx, rig.Binary(t, ""), "serve", "--listen", "127.0.0.1:0", "--data", data)
	cmd.Env = append(rig.Environ(), "CAIRN_UNSAFE_FS=true")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		cancel()
	})
	// The banner comes in one piece, or in lines one after the other.
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return text
			}
			text += line + "\n"
		case <-time.After(time.Second):
			if strings.Contains(text, "listen") {
				go func() {
					for range lines {
					}
				}()
				return text
			}
		}
	}
}

// TestFirstRun does what make run does on a new folder: it prints the link that makes
// the first account, once; the account mounts; the next run prints no link.
func TestFirstRun(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	link := regexp.MustCompile(`(http\S+/)setup#(\S+)`)
	t.Run("first", func(t *testing.T) {
		text := firstRun(t, data)
		found := link.FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("no set-up link:\n%s", text)
		}
		base, token := found[1], found[2]
		get := func(path string) int {
			resp, err := http.Get(base + path)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode
		}
		setUp := func(token, password string) int {
			body, _ := json.Marshal(map[string]string{"token": token, "name": "ada", "password": password})
			resp, err := http.Post(base+"api/v1/setup", "application/json", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode
		}
		for _, step := range []struct {
			what      string
			got, want int
		}{
			{"the page", get("setup"), 200},
			{"a guessed token", setUp("aaaaaaaaaaaaaaaaaaaaaaaaaa", "correct horse"), 404},
			{"no token", setUp("", "correct horse"), 404},
			{"a short password", setUp(token, "short"), 400},
			{"the link", setUp(token, "correct horse"), 201},
			{"the link again", setUp(token, "correct horse"), 404},
			{"the page again", get("setup"), 404},
		} {
			if step.got != step.want {
				t.Errorf("%s: %d, want %d", step.what, step.got, step.want)
			}
		}
		req, err := http.NewRequest("PUT", base+"dav/hello.txt", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("ada", "correct horse")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 201 {
			t.Errorf("PUT with the new account: %s", resp.Status)
		}
	})
	t.Run("second", func(t *testing.T) {
		if text := firstRun(t, data); link.MatchString(text) || !strings.Contains(text, "mount") {
			t.Errorf("the second run printed\n%s", text)
		}
	})
}
