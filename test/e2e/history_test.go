package e2e

import (
	"testing"
	"time"

	"cairn/test/rig"
)

// Older versions and the trash, below a path.
func TestHistory(t *testing.T) {
	app(t)
	s := rig.Start(t, rig.Options{BaseURL: "/files/"})
	p := rig.StartRate(t, s.Addr, 0)
	sc := scene{App: "http://" + p.Addr + "/files/", Server: s.URL, Control: rig.Control(t, s, p)}
	play(t, "history", "", sc, 3*time.Minute)
}
