package e2e

import (
	"testing"
	"time"
)

// Signing in and out, here and everywhere, and in the middle of an upload.
func TestSessions(t *testing.T) {
	_, sc := throughNetwork(t, 0)
	play(t, "session", "", sc, 2*time.Minute)
}

// What people do with files, and what goes wrong for them.
func TestFiles(t *testing.T) {
	s, sc := throughNetwork(t, 0)
	const bobs = "bob's own password"
	s.AddUser("bob", bobs, 2e6)
	sc.More = map[string]any{"bobPassword": bobs}
	play(t, "files", "", sc, 3*time.Minute)
}
