package e2e

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"cairn/test/rig"
)

// obstacle is a fault between a client and the server, and the speed of the line to it.
type obstacle struct {
	name  string
	fault rig.Fault
	rate  int64 // bytes a second; 0 is none
	twice int64 // bytes of bodies that the app may send in vain in Chromium
	long  bool  // the app meets it in make soak only
	js    bool  // tus-js-client and Uppy too: they have neither smaller parts nor a watch of their own
	brief bool  // clients without a browser meet it in make test too
}

var obstacles = []obstacle{
	{"a cap of 1 MiB", rig.Fault{Cap: 1 << 20, Buffer: true}, 0, 16 << 20, true, false, true},
	// Chromium sends a body up to five times by itself when its connection is reset, and where
	// a part of it had come, it comes in vain.
	{"a cap that nobody tells", rig.Fault{Cap: 1 << 20, Silent: true}, 0, 6 * 16 << 20, false, false, false},
	{"cuts after 1.5 s", rig.Fault{Cut: 1500 * time.Millisecond, Buffer: true}, 5e6, 6 * 8 << 20, true, false, false},
	{"resets in mid-body", rig.Fault{Reset: 700_000, Times: 4, Every: 3}, 0, 4 * 16 << 20, true, true, true},
	{"a black hole", rig.Fault{Hole: 1 << 20, Times: 2, Every: 3}, 0, 2 * 8 << 20, true, false, false},
	{"answers that are lost", rig.Fault{Deaf: true, Times: 4, Every: 3}, 0, 4 * 8 << 20, true, true, true},
	{"bursts of 502", rig.Fault{Bad: 3}, 0, faultBytes, true, true, false},
}

// faultBytes is the size of the file that goes through, and briefBytes its size for clients
// without a browser in make test.
const (
	faultBytes = 40 << 20
	briefBytes = 10 << 20
)

// appPart is the largest body that the app sends.
const appPart = 16 << 20

// passage is what became of one client on one way.
type passage struct {
	client, way string
	met         int64
	took        time.Duration
	again, most int64 // bytes of bodies that were sent in vain, and how many may be
	what        string
}

// passages are the table of faults and clients.
type passages []passage

// add notes a client that has come through, and fails the test if it sent too much again, or
// nothing was in its way.
func (p *passages) add(t *testing.T, one passage) {
	t.Helper()
	*p = append(*p, one)
	if one.again > one.most+64<<10 { // requests for other things have bodies too
		t.Errorf("%s, %s: %d bytes were sent again, and %d may be", one.client, one.way, one.again, one.most)
	}
	if one.met == 0 {
		t.Errorf("%s, %s: it was not met", one.client, one.way)
	}
}

func (p passages) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "client\tfault\tmet\tseconds\tMB again\tMB in flight at the faults\twhat came of it")
	byClient := slices.Clone(p)
	slices.SortStableFunc(byClient, func(a, b passage) int { return strings.Compare(a.client, b.client) })
	for _, o := range byClient {
		fmt.Fprintf(w, "%s\t%s\t%d\t%.1f\t%.1f\t%.1f\t%s\n", o.client, o.way, o.met, o.took.Seconds(), float64(o.again)/1e6, float64(o.most)/1e6, o.what)
	}
	w.Flush()
	return text.String()
}

const equal = "SHA-256 equal"

// Whatever is on the way, what can be resumed arrives by itself, and what cannot leaves no
// half files behind. What is sent again is at most what was in flight when something broke.
func TestFaults(t *testing.T) {
	app(t)
	var all passages
	defer func() { t.Logf("%d ways:\n%s", len(all), all) }()
	s := rig.Start(t, rig.Options{})
	scripted(t, s, &all)
	if soak {
		for _, o := range obstacles {
			t.Run("WebKit, "+o.name, func(t *testing.T) { webKitThrough(t, s, o, &all) })
		}
	}
	for _, o := range obstacles {
		if o.rate == 0 {
			putThrough(t, s, o, &all)
		}
		if !soak && !o.brief {
			continue
		}
		for _, c := range senders(t) {
			if !soak && c.brief != "" && c.brief != o.name {
				continue
			}
			if why, cannot := c.not[o.name]; cannot {
				all = append(all, passage{client: c.name, way: o.name, what: "does not get over it: " + why})
				continue
			}
			sendThrough(t, s, c, o, &all)
		}
		batchesThrough(t, s, o, &all)
	}
}

// open puts an obstacle before a server.
func (o obstacle) open(t *testing.T, s *rig.Server) (p *rig.FaultProxy, address string) {
	t.Helper()
	p = rig.StartFault(t, s.Addr, o.fault)
	addr := p.Addr
	if o.rate > 0 {
		addr = rig.StartRate(t, p.Addr, o.rate).Addr
	}
	return p, "http://" + addr + "/"
}

// told is what a script says of one: how long its client took.
var told = regexp.MustCompile(`^(.*): (.*) ([0-9.]+) s$`)

// scripted are the clients that are driven by a script.
func scripted(t *testing.T, s *rig.Server, all *passages) {
	t.Helper()
	var ways []way
	var proxies []*rig.FaultProxy
	var met []obstacle // of each way
	for _, o := range obstacles {
		for _, c := range []struct {
			name  string
			takes bool
		}{{"the app", soak || !o.long}, {"the app in Firefox", soak}, {"tus-js-client", o.js}, {"Uppy", o.js && (soak || o.brief)}} {
			if !c.takes {
				continue
			}
			p, address := o.open(t, s)
			ways = append(ways, way{o.name, address, c.name})
			proxies, met = append(proxies, p), append(met, o)
		}
	}
	figures := play(t, "faults", "", scene{App: s.URL, Server: s.URL, More: map[string]any{
		"ways": toJSON(t, ways), "bytes": fmt.Sprint(faultBytes), "patience": "120000", "firefox": rig.Need(t, "firefox-esr", "firefox-esr")}}, 30*time.Minute)
	took := map[way]time.Duration{}
	for _, f := range figures {
		if m := told.FindStringSubmatch(f); m != nil {
			seconds, _ := strconv.ParseFloat(m[3], 64)
			took[way{Name: m[1], Only: m[2]}] = time.Duration(seconds * float64(time.Second))
		}
	}
	for i, w := range ways {
		content, most := int64(faultBytes), proxies[i].Met()*(1<<20)
		switch w.Only {
		case "the app":
			content, most = content+100*20_000, met[i].twice+1<<20
		case "the app in Firefox":
			content, most = content+20*20_000, proxies[i].Met()*appPart
		}
		all.add(t, passage{w.Only, w.Name, proxies[i].Met(), took[way{Name: w.Name, Only: w.Only}],
			proxies[i].Received() - content, most, equal})
	}
}

// webKitThrough sends a file by the app in WebKit.
func webKitThrough(t *testing.T, s *rig.Server, o obstacle, all *passages) {
	file := filepath.Join(t.TempDir(), "WebKit "+o.name+".bin")
	want := putThere(t, file, file, faultBytes)
	p, address := o.open(t, s)
	w := webKit(t)
	w.open(address)
	w.write(`input[name="username"]`, rig.User)
	w.write(`input[name="password"]`, rig.Password)
	w.click(`button[type="submit"]`)
	w.find(`[role="toolbar"]`)
	begin := time.Now()
	w.write(`[data-testid="pick-files"]`, file)
	var state string
	done := rig.Poll(4*time.Minute, func() bool {
		w.run(`return document.querySelector('[data-testid="upload-total"]')?.dataset.state ?? '';`, &state)
		return state == "done"
	})
	one := passage{"the app in WebKit", o.name, p.Met(), time.Since(begin), p.Received() - faultBytes, p.Met() * appPart, equal}
	if !done {
		one.what = "failed"
		t.Errorf("it is not there: %q", state)
	} else if got := s.Must(t, rig.Request{Path: url.PathEscape(filepath.Base(file))}, 200).Body; sha256.Sum256([]byte(got)) != want {
		one.what = "another file"
		t.Errorf("another file, of %d bytes", len(got))
	}
	all.add(t, one)
}

// sendThrough sends a file by a client of its own.
func sendThrough(t *testing.T, s *rig.Server, c sender, o obstacle, all *passages) {
	t.Helper()
	if c.own {
		s = rig.Start(t, rig.Options{})
	}
	p, address := o.open(t, s)
	if c.own {
		s.Stop()
		s.SetEnv("CAIRN_BASE_URL=" + address)
		s.Restart()
	}
	size := int64(briefBytes)
	switch {
	case soak:
		size = faultBytes
	case c.large:
		size = 21 << 20
	}
	j := job{to: address, file: filepath.Join(t.TempDir(), "file"), name: fmt.Sprintf("%x", c.name+o.name)}
	want := putThere(t, j.file, j.name, size)
	begin := time.Now()
	err := c.send(t, j)
	one := passage{c.name, o.name, p.Met(), time.Since(begin), p.Received() - size, p.Met() * c.part, equal}
	if c.anew { // at each fault, all that had come
		one.most, one.what = p.Met()*size, equal+", each time from its beginning"
	}
	if err != nil {
		one.what = "failed"
		t.Errorf("%s, %s: %v", c.name, o.name, err)
	} else if got := s.Must(t, rig.Request{Path: j.name}, 200).Body; sha256.Sum256([]byte(got)) != want {
		one.what = "another file"
		t.Errorf("%s, %s: another file, of %d bytes", c.name, o.name, len(got))
	}
	all.add(t, one)
}

// batchesThrough sends small files.
func batchesThrough(t *testing.T, s *rig.Server, o obstacle, all *passages) {
	t.Helper()
	p, address := o.open(t, s)
	begin := time.Now()
	needed, err := batchThrough(t, s, address, "batches-"+strings.ReplaceAll(o.name, " ", "-"))
	one := passage{"batches", o.name, p.Met(), time.Since(begin), p.Received() - needed, p.Met() * (part() + 16<<10), equal + ", no version twice"}
	if err != nil {
		one.what = "failed"
		t.Errorf("batches, %s: %v", o.name, err)
	}
	all.add(t, one)
}

// putThrough sends a file by PUT over one that is there. It has one try: after it, either the old
// file is there or the new one, whole.
func putThrough(t *testing.T, s *rig.Server, o obstacle, all *passages) {
	t.Helper()
	o.fault.Every = 0
	p := rig.StartFault(t, s.Addr, o.fault) // whose faults are still to come
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	content := strings.Repeat("new", 1<<20)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Must(t, rig.Request{Method: "PUT", Path: "put.bin", Body: "old"}, 201, 204)
	begin := time.Now()
	cmd := exec.Command(rig.Need(t, "curl", "curl"), "-sS", "--max-time", "5", "-o", filepath.Join(dir, "answer"), "-w", "%{http_code}",
		"-u", rig.User+":"+rig.Password, "-T", file, "http://"+p.Addr+"/dav/put.bin")
	code, _ := cmd.Output()
	got := s.Must(t, rig.Request{Method: "GET", Path: "put.bin"}, 200).Body
	obeyed := string(code) == "204" || o.fault.Deaf
	if want := map[bool]string{true: content, false: "old"}[obeyed]; got != want {
		t.Errorf("%s: curl was told %s, and %d bytes are there", o.name, code, len(got))
	}
	all.add(t, passage{"PUT by curl", o.name, p.Met(), time.Since(begin), 0, 0,
		fmt.Sprintf("told %s, and the %s file is there, whole", code, map[bool]string{true: "new", false: "old"}[obeyed])})
}
