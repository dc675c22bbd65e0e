package e2e

import (
	"testing"
	"time"
)

// Uploads that broke off, listed, gone on with and discarded; and a bar that moves inside a part.
func TestUnfinished(t *testing.T) {
	_, sc := throughNetwork(t, 0)
	play(t, "unfinished", "", sc, 3*time.Minute)
}
