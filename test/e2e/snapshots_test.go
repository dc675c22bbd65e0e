package e2e

import (
	"testing"
	"time"

	"cairn/test/rig"
)

// Snapshots: taken, looked into, brought back and deleted; below a path.
func TestSnapshots(t *testing.T) {
	app(t)
	s := rig.Start(t, rig.Options{BaseURL: "/files/"})
	p := rig.StartRate(t, s.Addr, 0)
	sc := scene{App: "http://" + p.Addr + "/files/", Server: s.URL, Control: rig.Control(t, s, p)}
	play(t, "snapshots", "", sc, 6*time.Minute)
}
