package e2e

import (
	"os"
	"testing"
	"time"

	"cairn/test/rig"
)

// Every view, on a desktop and a phone, light and dark: pictures to look at, and axe.
func TestViews(t *testing.T) {
	s, sc := throughNetwork(t, 0)
	const bobs = "bob's own password"
	s.AddUser("bob", bobs, 2e6)
	fresh := rig.Start(t, rig.Options{Env: []string{"CAIRN_ADMIN_USER="}})
	log, err := os.ReadFile(fresh.Log)
	if err != nil {
		t.Fatal(err)
	}
	sc.More = map[string]any{"bobPassword": bobs, "link": setUpLink.FindString(string(log))}
	play(t, "views", "", sc, 3*time.Minute)
}
