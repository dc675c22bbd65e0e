package e2e

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// way is a way to the server as the script takes it.
type way struct {
	Name string `json:"name"`
	App  string `json:"app"`
	Only string `json:"only"` // the client that takes it
}

// gone is what the script says of one: how long the app took.
var gone = regexp.MustCompile(`(.*): the app ([0-9.]+) s`)

// Obstacles that people have without knowing: the app gets through without being told, and in
// not much more time than without them.
func TestObstacles(t *testing.T) {
	app(t)
	bytes := "50000000"
	if soak {
		bytes = "1000000000"
	}
	s := rig.StartProxied(t, rig.Options{Stock: true})
	base := func(to string) string { return "http://" + to + "/files/" }
	// Else nothing is in the way, and the test could not fail.
	s.Must(t, rig.Request{Method: "PUT", Path: "large.bin", Body: strings.Repeat("x", 1<<20+1)}, 413)
	ways := []way{{"nginx as it comes", s.URL, "the app"}}
	took := map[string]float64{}
	if soak { // the app's parts are far from these limits on a line that is not slow
		ways = append(ways, way{"nothing", base(s.Addr), "the app"}, way{"a cut after a minute", base(rig.StartFault(t, s.Addr, rig.Fault{Cut: time.Minute, Buffer: true}).Addr), "the app"},
			way{"a cap of 100 MB", base(rig.StartFault(t, s.Addr, rig.Fault{Cap: 100e6, Buffer: true}).Addr), "the app"})
	}
	figures := play(t, "faults", "the app", scene{App: s.URL, Server: base(s.Addr), More: map[string]any{
		"ways": toJSON(t, ways), "bytes": bytes, "patience": "300000"}}, 9*time.Minute)
	for _, f := range figures {
		if m := gone.FindStringSubmatch(f); m != nil {
			took[m[1]], _ = strconv.ParseFloat(m[2], 64)
		}
	}
	for name, seconds := range took {
		if !soak { // it arrives; how fast is measured with nothing beside it
			continue
		}
		times, most := seconds/took["nothing"], 3.0
		if name == "nginx as it comes" {
			most = 6
		}
		t.Logf("%s: %.1f times as long", name, times)
		if times > most {
			t.Errorf("%s: %.1f s, and %.1f s without it", name, seconds, took["nothing"])
		}
	}
	if len(took) != len(ways) {
		t.Errorf("figures of %d ways: %q", len(took), figures)
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
