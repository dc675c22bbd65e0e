//go:build soak

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"cairn/test/rig"
)

// longLine is a fast and long way to a server: it holds what one of its round trips takes.
var longLine = rig.Line{Rate: 25e6, Trip: 100 * time.Millisecond, Holds: 2_500_000}

// arrived is what the script says of how long the app took.
var arrived = regexp.MustCompile(`^the app: ([0-9.]+) s$`)

// At 200 Mbit/s and 100 ms the app uses four fifths of the line, with one file. Beside it stands
// what a single PUT makes of the same line.
func TestLongLine(t *testing.T) {
	const size, least = int64(1e9), 0.8
	app(t)
	s := rig.Start(t, rig.Options{})
	p := rig.StartLine(t, s.Addr, longLine)
	put := putOver(t, p, size/4)
	figures := play(t, "line", "", scene{App: "http://" + p.Addr + "/", Server: s.URL, More: map[string]any{
		"bytes": fmt.Sprint(size), "patience": fmt.Sprint(30_000 + 10*size*1000/longLine.Rate)}}, 10*time.Minute)
	var speed float64
	for _, f := range figures {
		if m := arrived.FindStringSubmatch(f); m != nil {
			seconds, _ := strconv.ParseFloat(m[1], 64)
			speed = float64(size) / seconds
		}
	}
	up, down := p.Held()
	t.Logf("%.0f MB over 200 Mbit/s and %s: the app %.1f Mbit/s, %.0f %% of the line; PUT %.1f Mbit/s; the line held at most %.2f MB up and %.2f down",
		float64(size)/1e6, longLine.Trip, speed*8/1e6, 100*speed/float64(longLine.Rate), put*8/1e6, float64(up)/1e6, float64(down)/1e6)
	if speed < least*float64(longLine.Rate) {
		t.Errorf("%.1f Mbit/s, and %.0f %% of the line are asked for", speed*8/1e6, 100*least)
	}
	if most := max(up, down); most > longLine.Holds || speed > 1.05*float64(longLine.Rate) {
		t.Errorf("the line held %d bytes", most)
	}
}

// putOver sends a file by PUT and returns bytes a second.
func putOver(t *testing.T, p *rig.LineProxy, size int64) float64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "put.bin")
	putThere(t, file, "a long line", size)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	req, err := http.NewRequest("PUT", "http://"+p.Addr+"/dav/put.bin", f)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	req.SetBasicAuth(rig.User, rig.Password)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	begin := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.Status)
	}
	return float64(size) / time.Since(begin).Seconds()
}
