package e2e

import (
	"testing"
	"time"

	"cairn/test/rig"
)

// Pages of other origins, with every way that a page has to ask for something, at every
// address that changes something; the session's id; and users' files with scripts.
func TestOtherOrigins(t *testing.T) {
	app(t)
	s := rig.Start(t, rig.Options{})
	const eves = "eve's own password"
	s.AddUser("eve", eves, 0)
	play(t, "origin", "", scene{App: s.URL, Server: s.URL, More: map[string]any{"log": s.Log, "evePassword": eves}}, 3*time.Minute)
}
