//go:build soak

package e2e

import (
	"testing"
	"time"
)

// Thousands of files, cancelled in the middle, end within a second.
func TestManyCancelled(t *testing.T) {
	_, sc := throughNetwork(t, 0)
	sc.More = many()
	play(t, "many", "cancelled in the middle", sc, 6*time.Minute)
}
