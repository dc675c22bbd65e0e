package e2e

import (
	"testing"
	"time"

	"cairn/test/rig"
)

// An upload by file input in Debian's Firefox, with a network that breaks once.
func TestFirefox(t *testing.T) {
	_, sc := throughNetwork(t, 20e6)
	sc.More = map[string]any{"bytes": "60000000", "firefox": rig.Need(t, "firefox-esr", "firefox-esr")}
	play(t, "firefox", "", sc, 2*time.Minute)
}
