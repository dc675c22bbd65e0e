package dav

import (
	"testing"

	"cairn/test/rig"
)

// TestProxy is every client again through Debian's nginx, under a path of its own, at a
// port that its proxy_params hide from the server.
func TestProxy(t *testing.T) {
	t.Parallel()
	for _, client := range []struct {
		name string
		run  func(*testing.T, *rig.Server)
	}{
		{"curl", curl}, {"cadaver", cadaver}, {"davfs", davfs}, {"gvfs", gvfs}, {"mirror", mirror},
		{"rclone", func(t *testing.T, s *rig.Server) { rclone(t, s, recentRclone(t), 2000) }},
	} {
		t.Run(client.name, func(t *testing.T) { client.run(t, rig.StartProxied(t, rig.Options{})) })
	}
	s := rig.StartProxied(t, rig.Options{})
	for _, suite := range litmusSuites {
		t.Run("litmus "+suite, func(t *testing.T) { litmus(t, s, suite) })
	}
}
