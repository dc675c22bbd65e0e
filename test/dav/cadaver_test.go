package dav

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cairn/test/rig"
)

func TestCadaver(t *testing.T) { cadaver(t, rig.Start(t, rig.Options{})) }

// cadaver runs a session of commands, as somebody would type them.
func cadaver(t *testing.T, s *rig.Server) {
	bin := rig.Need(t, "cadaver", "cadaver")
	dir := t.TempDir()
	content := random("cadaver", 300_000)
	// A password with spaces does not fit .netrc: an account without them.
	s.AddUser("eve", "eves-password", 0)
	for name, b := range map[string][]byte{"file": content, ".netrc": []byte("machine 127.0.0.1\nlogin eve\npassword eves-password\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(bin, s.DAV)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	cmd.Stdin = strings.NewReader(strings.Join([]string{
		"mkcol folder", "cd folder", "put file", "copy file copied", "move copied moved", "propset moved colour blue",
		"propget moved colour", "lock moved", "discover moved", "unlock moved", "ls", "get moved back", "delete file", "cd ..",
		"mkcol gone", "rmcol gone", "ls", "quit"}, "\n") + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if strings.Contains(string(out), "failed") || strings.Contains(string(out), "rror") {
		t.Errorf("a command failed")
	}
	for _, want := range []string{"Creating `folder': succeeded", "Uploading file to", "Value of colour is: blue", "moved", "Coll:   folder"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q", want)
		}
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "back")); !bytes.Equal(got, content) {
		t.Errorf("what came back has %d bytes, not the %d that were sent, or others", len(got), len(content))
	}
	if r, _ := s.Do(rig.Request{Path: "folder/file", User: "eve", Password: "eves-password"}); r == nil || r.Status != 404 {
		t.Errorf("the deleted file: %+v", r)
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
