package e2e

import (
	"testing"
	"time"

	"cairn/test/rig"
)

// What takes the space, and giving it back; below a path.
func TestStorage(t *testing.T) {
	app(t)
	const bobs = "bob's own password"
	s := rig.Start(t, rig.Options{BaseURL: "/files/", Args: []string{"--gc-every", "6s"}})
	s.AddUser("bob", bobs, 2e6)
	p := rig.StartRate(t, s.Addr, 0)
	sc := scene{App: "http://" + p.Addr + "/files/", Server: s.URL, Control: rig.Control(t, s, p), More: map[string]any{"bobPassword": bobs}}
	play(t, "storage", "", sc, 3*time.Minute)
}
