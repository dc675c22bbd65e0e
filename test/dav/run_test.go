package dav

import (
	"bufio"
	"context"
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

// TestFirstRun does what make run does, twice: the first run makes an account, prints
// it once, and one can mount with it; the second prints none.
func TestFirstRun(t *testing.T) {
	binary := rig.Binary(t, "")
	data := filepath.Join(t.TempDir(), "data")
	password := regexp.MustCompile(`password +(\S+)`)
	mount := regexp.MustCompile(`mount +(http\S+)`)
	var first string
	for run := range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		cmd := exec.CommandContext(ctx, "bash", "../../.ci/serve", "--listen", "127.0.0.1:0", "--data", data)
		cmd.Env = append(os.Environ(), "CAIRN_BINARY="+binary, "CAIRN_UNSAFE_FS=true")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for lines := bufio.NewScanner(out); lines.Scan(); {
			text.WriteString(lines.Text() + "\n")
			if mount.MatchString(lines.Text()) {
				break
			}
		}
		secret, at := password.FindStringSubmatch(text.String()), mount.FindStringSubmatch(text.String())
		if at == nil || (secret != nil) != (run == 0) {
			t.Errorf("run %d printed\n%s", run+1, text.String())
		} else {
			if secret != nil {
				first = secret[1]
			}
			req, err := http.NewRequestWithContext(ctx, "PUT", at[1]+"hello.txt", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth("admin", first)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if want := []int{201, 204}[run]; resp.StatusCode != want {
				t.Errorf("run %d: PUT as admin: %s, want %d", run+1, resp.Status, want)
			}
		}
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		cancel()
	}
}
