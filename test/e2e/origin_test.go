package e2e

import (
	"testing"
	"time"

	"cairn/test/rig"
)

// Pages of other origins, with every way that a page has to ask for something, at every
// address that changes something; the session's id; and users' files with scripts.
func TestOtherOrigins(t *testing.T) {
	const eves = "eve's own password"
	for name, start := range map[string]func(testing.TB, rig.Options) *rig.Server{"direct": rig.Start, "behind nginx": rig.StartProxied} {
		t.Run(name, func(t *testing.T) {
			app(t)
			s := start(t, rig.Options{})
			s.AddUser("eve", eves, 0)
			play(t, "origin", "", scene{App: s.URL, Server: s.URL, More: map[string]any{"log": s.Log, "evePassword": eves}}, 3*time.Minute)
		})
	}
}
