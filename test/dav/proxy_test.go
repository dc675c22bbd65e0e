package dav

import (
	"testing"

	"cairn/test/rig"
)

// TestProxy is the same through Debian's nginx, under a path of its own, at a port
// that its proxy_params hide from the server.
func TestProxy(t *testing.T) {
	t.Parallel()
	s := rig.StartProxied(t, rig.Options{})
	t.Run("curl", func(t *testing.T) { curl(t, s) })
	t.Run("rclone", func(t *testing.T) { rclone(t, s, recentRclone(t), 2000) })
	for _, suite := range []string{"basic", "copymove"} {
		t.Run("litmus "+suite, func(t *testing.T) { litmus(t, s, suite) })
	}
}
