package e2e

import (
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"cairn/test/rig"
)

// throughNetwork is a server with a network of so many bytes a second before it.
func throughNetwork(t *testing.T, bytesPerSecond int64) (*rig.Server, scene) {
	t.Helper()
	app(t)
	s := rig.Start(t, rig.Options{})
	p := rig.StartRate(t, s.Addr, bytesPerSecond)
	return s, scene{App: "http://" + p.Addr + "/", Server: s.URL, Control: rig.Control(t, s, p)}
}

// throughNginx is a server below /files/ behind Debian's nginx, with a network between
// the two.
func throughNginx(t *testing.T, bytesPerSecond int64) (*rig.Server, scene) {
	t.Helper()
	app(t)
	s := rig.StartProxied(t, rig.Options{Rate: bytesPerSecond})
	return s, scene{App: s.URL, Server: "http://" + s.Addr + "/files/", Control: rig.Control(t, s, s.Network)}
}

// A large file and a folder dropped through a slow network, a server that dies in the
// middle, and every byte there in the end, none of them claimed too early.
func TestUploadThroughKill(t *testing.T) {
	_, sc := throughNetwork(t, 20e6)
	sc.More = map[string]any{"bytes": "300000000", "files": "500", "values": "15"}
	play(t, "upload", "", sc, 4*time.Minute)
}

func TestUploadThroughNginx(t *testing.T) {
	_, sc := throughNginx(t, 20e6)
	sc.More = map[string]any{"bytes": "150000000", "files": "200", "values": "8"}
	play(t, "upload", "", sc, 4*time.Minute)
}

// Thousands of small files dropped at once; dropped again, none is sent. With
// CAIRN_MANY=20000 it is the figure that is asked for: a thousand a second.
func TestManyFiles(t *testing.T) {
	_, sc := throughNetwork(t, 0)
	sc.More = many()
	play(t, "many", "a folder of many", sc, 6*time.Minute)
}

func many() map[string]any {
	if files := os.Getenv("CAIRN_MANY"); files != "" {
		return map[string]any{"files": files, "rate": "1000", "longest": "200", "early": "4096", "cancel": "1000"}
	}
	// Beside other tests.
	return map[string]any{"files": "3000", "rate": "100", "longest": "2000", "early": "0", "cancel": "5000"}
}

// What is added again after its page was left goes on where it was.
func TestAddedAgain(t *testing.T) {
	_, sc := throughNetwork(t, 0)
	play(t, "many", "left at half", sc, 3*time.Minute)
}

// What changes here while it is sent is no file there, and is said to have changed.
func TestChangedWhileSent(t *testing.T) {
	_, sc := throughNetwork(t, 0)
	play(t, "changed", "", sc, 2*time.Minute)
}

var setUpLink = regexp.MustCompile(`http\S+/setup#\S+`)

// The printed link makes the first account, in the browser, once.
func TestFirstRun(t *testing.T) {
	start := map[string]func(testing.TB, rig.Options) *rig.Server{"at the root": rig.Start, "behind nginx": rig.StartProxied}
	for name, start := range start {
		t.Run(name, func(t *testing.T) {
			app(t)
			s := start(t, rig.Options{Env: []string{"CAIRN_ADMIN_USER="}})
			log, err := os.ReadFile(s.Log)
			if err != nil {
				t.Fatal(err)
			}
			link := setUpLink.FindString(string(log))
			if link == "" {
				t.Fatalf("no set-up link:\n%s", log)
			}
			play(t, "first-run", "", scene{App: s.URL, Server: s.URL, More: map[string]any{"link": link}}, time.Minute)
			if out, err := s.Cairn("", "user", "list"); err != nil {
				t.Errorf("%v %s", err, out)
			} else {
				t.Log(fmt.Sprintf("accounts after it:\n%s", out))
			}
		})
	}
}
