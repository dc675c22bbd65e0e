//go:build litmus

package dav

import (
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestLitmus runs the conformance suite of that name (Debian: litmus 0.13) against
// the door: go test -tags litmus -run Litmus ./server/dav. It wants each suite
// without a failure, a skip or a warning.
func TestLitmus(t *testing.T) {
	for _, suite := range []string{"basic", "copymove", "http", "props", "locks"} {
		t.Run(suite, func(t *testing.T) {
			d := newDoor(t, nil)
			u, _ := url.Parse(d.srv.URL)
			cmd := exec.Command("litmus", "-k", "http://"+u.Host+mount+"/", "alice", "x")
			cmd.Env = append(cmd.Environ(), "TESTS="+suite)
			cmd.Dir = t.TempDir() // it leaves its logs there
			out, err := cmd.CombinedOutput()
			text := strings.ReplaceAll(string(out), "\r", "\n")
			sum := regexp.MustCompile(`(?m)^<- summary.*$`).FindString(text)
			t.Log(sum)
			if bad := regexp.MustCompile(`(?m)^.*(FAIL|WARNING|SKIPPED).*$`).FindAllString(text, -1); err != nil || len(bad) > 0 || sum == "" {
				t.Errorf("%v\n%s", err, strings.Join(bad, "\n"))
			}
		})
	}
}
