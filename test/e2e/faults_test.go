package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// obstacle is a fault between a client and the server, and the speed of the line to it.
type obstacle struct {
	name  string
	fault rig.Fault
	rate  int64 // bytes a second; 0 is none
	twice int64 // bytes of bodies that may be sent in vain
	long  bool  // the app meets it in make soak only
	js    bool  // tus-js-client too: it has neither smaller parts nor a watch of its own
}

const faultBytes = 40 << 20

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

var obstacles = []obstacle{
	{"a cap of 1 MiB", rig.Fault{Cap: 1 << 20, Buffer: true}, 0, 16 << 20, true, false},
	// Chromium sends a body up to five times by itself when its connection is reset.
	{"a cap that nobody tells", rig.Fault{Cap: 1 << 20, Silent: true}, 0, 6 * 16 << 20, false, false},
	{"cuts after 1.5 s", rig.Fault{Cut: 1500 * time.Millisecond, Buffer: true}, 5e6, 6 * 8 << 20, true, false},
	{"resets in mid-body", rig.Fault{Reset: 700_000, Times: 4}, 0, 8 << 20, true, true},
	{"a black hole", rig.Fault{Hole: 1 << 20, Times: 2}, 0, 2 * 8 << 20, true, false},
	{"answers that are lost", rig.Fault{Deaf: true, Times: 4}, 0, 4 * 8 << 20, true, true},
	{"bursts of 502", rig.Fault{Bad: 3}, 0, faultBytes, true, true},
}

// Whatever is on the way, what can be resumed arrives by itself, and what cannot leaves no
// half files behind.
func TestFaults(t *testing.T) {
	app(t)
	s := rig.Start(t, rig.Options{})
	var ways []way
	var proxies []*rig.FaultProxy
	var met []obstacle // of each way
	for _, o := range obstacles {
		for client, takes := range map[string]bool{"the app": soak || !o.long, "tus-js-client": o.js} {
			if !takes {
				continue
			}
			p := rig.StartFault(t, s.Addr, o.fault)
			addr := p.Addr
			if o.rate > 0 {
				addr = rig.StartRate(t, p.Addr, o.rate).Addr
			}
			ways = append(ways, way{o.name, "http://" + addr + "/", client})
			proxies, met = append(proxies, p), append(met, o)
		}
	}
	play(t, "faults", "", scene{App: s.URL, Server: s.URL, More: map[string]any{
		"ways": toJSON(t, ways), "bytes": fmt.Sprint(faultBytes), "patience": "120000"}}, 6*time.Minute)
	for i, w := range ways {
		p, o := proxies[i], met[i]
		content := int64(faultBytes)
		if w.Only == "the app" {
			content += 100 * 20_000
		}
		again := p.Received() - content
		t.Logf("%s, %s: met %d times, %.1f MB of %.1f sent again", w.Only, w.Name, p.Met(), float64(again)/1e6, float64(content)/1e6)
		if again > o.twice+1<<20 {
			t.Errorf("%s, %s: %d bytes were sent again", w.Only, w.Name, again)
		}
		if p.Met() == 0 {
			t.Errorf("%s, %s: it was not met", w.Only, w.Name)
		}
	}
	for _, o := range obstacles {
		if o.rate == 0 {
			putThrough(t, s, o)
		}
	}
}

// putThrough sends a file by PUT over one that is there. It has one try: after it, either the old
// file is there or the new one, whole.
func putThrough(t *testing.T, s *rig.Server, o obstacle) {
	t.Helper()
	p := rig.StartFault(t, s.Addr, o.fault) // whose faults are still to come
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	content := strings.Repeat("new", 1<<20)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Must(t, rig.Request{Method: "PUT", Path: "put.bin", Body: "old"}, 201, 204)
	cmd := exec.Command(rig.Need(t, "curl", "curl"), "-sS", "--max-time", "5", "-o", filepath.Join(dir, "answer"), "-w", "%{http_code}",
		"-u", rig.User+":"+rig.Password, "-T", file, "http://"+p.Addr+"/dav/put.bin")
	code, _ := cmd.Output()
	got := s.Must(t, rig.Request{Method: "GET", Path: "put.bin"}, 200).Body
	obeyed := string(code) == "204" || o.fault.Deaf
	if want := map[bool]string{true: content, false: "old"}[obeyed]; got != want {
		t.Errorf("%s: curl was told %s, and %d bytes are there", o.name, code, len(got))
	}
	if p.Met() == 0 {
		t.Errorf("%s: curl did not meet it", o.name)
	}
	t.Logf("%s: PUT by curl: %s, and the %s file is there", o.name, code, map[bool]string{true: "new", false: "old"}[obeyed])
}
