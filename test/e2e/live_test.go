package e2e

import (
	"testing"
	"time"

	"cairn/test/rig"
)

// What changes elsewhere shows in every tab, also through a proxy that buffers.
func TestLive(t *testing.T) {
	for name, start := range map[string]func(testing.TB, rig.Options) *rig.Server{"at the root": rig.Start, "behind nginx": rig.StartProxied} {
		t.Run(name, func(t *testing.T) {
			app(t)
			s := start(t, rig.Options{})
			play(t, "live", "", scene{App: s.URL, Server: s.URL}, time.Minute)
		})
	}
}
