//go:build soak

package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// A server that is killed twenty times while one large file comes to it, at any moment: the
// upload goes on each time by itself, and what is sent again is at most what was in flight.
func TestUploadThroughKills(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const bytes, kills = 2_000_000_000, 20
	moments := make([]map[string]int64, kills)
	for i := range moments { // one in each twentieth, and up to a second after that is confirmed
		moments[i] = map[string]int64{
			"acked": (int64(i)*bytes/kills + random.Int64N(bytes/kills)) / 10 * 9, // else the last comes after the end
			"then":  random.Int64N(1000),
			"down":  random.Int64N(2000),
		}
	}
	_, sc := throughNetwork(t, 20e6) // so slow that most of the time a body is on its way
	sc.More = map[string]any{"bytes": fmt.Sprint(bytes), "moments": toJSON(t, moments)}
	play(t, "kills", "", sc, 30*time.Minute)
}
