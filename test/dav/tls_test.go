package dav

import (
	"testing"

	"cairn/test/rig"
)

// TestTLS runs clients over the server's own HTTPS, which is HTTP/2 for curl and rclone,
// with a certificate that they have to be told of.
func TestTLS(t *testing.T) {
	t.Parallel()
	for _, client := range []struct {
		name string
		run  func(*testing.T, *rig.Server)
	}{{"curl", curl}, {"gvfs", gvfs}, {"mirror", mirror}} {
		t.Run(client.name, func(t *testing.T) { client.run(t, rig.Start(t, rig.Options{TLS: true})) })
	}
}
