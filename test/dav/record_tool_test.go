//go:build record

package dav

import (
	"flag"
	"os"
	"os/exec"
	"testing"
	"time"

	"cairn/test/rig"
)

var (
	command = flag.String("command", "", "what to record: a line for sh, in a new folder, with $URL, $DAVUSER and $PASSWORD")
	client  = flag.String("client", "", "its name and version")
	to      = flag.String("draft", "", "file for the draft")
	before  = flag.String("before", "cairn", "the server to record before: cairn or apache")
)

// TestRecordClient records a client: see testdata/transcripts/README.md.
func TestRecordClient(t *testing.T) {
	at := map[string]func(testing.TB) *target{
		"cairn": func(t testing.TB) *target {
			s := rig.Start(t, rig.Options{})
			s.AddUser("eve", "eves-password", 0)
			return ours(s)
		},
		"apache": startApache,
	}[*before](t)
	r := record(t, at, at.root+"here/")
	user, password := "eve", "eves-password" // some clients take no spaces
	if at.apache {
		user, password = rig.User, rig.Password
	}
	cmd := exec.Command("sh", "-c", `curl -sS -u "$DAVUSER:$PASSWORD" -X MKCOL "$DIRECT" && `+*command)
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = 5 * time.Second // some leave daemons behind
	cmd.Env = append(os.Environ(), "URL="+r.server.URL+r.base, "DIRECT="+at.origin+r.base, "DAVUSER="+user, "PASSWORD="+password, "HOME="+cmd.Dir, "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	t.Logf("%s\n%v", out, err)
	if err := os.WriteFile(*to, []byte(r.draft(*client, "recorded "+time.Now().Format(time.DateOnly)+": "+*command)), 0o600); err != nil {
		t.Fatal(err)
	}
}
