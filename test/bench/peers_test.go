//go:build bench

package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cairn/test/bench/report"
	"cairn/test/rig"
)

var (
	peersTools  = flag.String("tools", os.Getenv("CAIRN_BENCH_TOOLS"), "peers: folder that holds the sources of davbench and peers/xnet")
	peersSize   = flag.Int64("size", 1<<30, "peers: bytes of the large file")
	peersRepeat = flag.Int("repeat", 4, "peers: runs of each phase; the first is dropped, the median told")
	peersRounds = flag.Int("rounds", 3, "peers: rounds, in each of which all servers are measured; the median is told")
	peersSmall  = flag.Int("small", 4000, "peers: small files")
	peersList   = flag.Int("entries", 10000, "peers: entries of the listing; ten times as many in the long one")
	peersOnly   = flag.String("peers", "Cairn,nginx,Apache,xnet,sinkfile,tusd", "peers: which to run")
	peersPhases = flag.String("phases", "", "peers: only the groups of phases that one of these is in, with commas between")
	peersDelay  = flag.String("slow-flush", "5ms", "peers: how long each flush waits in the run with slow flushes")
)

// result is a line of davbench; its head tells what the fields are.
type result struct {
	Name     string             `json:"name"`
	Phase    string             `json:"phase"`
	OK       bool               `json:"ok"`
	Err      string             `json:"err"`
	WallS    float64            `json:"wall_s"`
	MBps     float64            `json:"mb_per_s"`
	OpsPerS  float64            `json:"ops_per_s"`
	CPUPerGB float64            `json:"server_cpu_s_per_gib"`
	AnonMB   float64            `json:"anon_peak_mib"`
	Extra    map[string]float64 `json:"extra"`
}

// results are those of all servers, by name and phase, one a round, and what was
// measured here.
type results struct {
	by  map[string]map[string][]result
	own map[string]float64
}

// of is one figure, the median of the rounds; NaN if it was not taken or its phase failed
// in every round.
func (r *results) of(server, phase, figure string) float64 {
	var all []float64
	for _, x := range r.by[server][phase] {
		if v := x.figure(figure); x.OK && !math.IsNaN(v) {
			all = append(all, v)
		}
	}
	return median(all)
}

// ratio is that of two servers' figures: the median of the rounds' own ratios, since the
// machine is another one in each round; of the medians, if the rounds are not the same.
func (r *results) ratio(server, phase, figure, to, toPhase string) float64 {
	a, b := r.by[server][phase], r.by[to][toPhase]
	var all []float64
	for i := range a {
		if len(a) != len(b) || !a[i].OK || !b[i].OK {
			return r.of(server, phase, figure) / r.of(to, toPhase, figure)
		}
		all = append(all, a[i].figure(figure)/b[i].figure(figure))
	}
	return median(all)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return nan
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

func (x *result) figure(name string) float64 {
	switch name {
	case "MB/s":
		return x.MBps
	case "/s":
		return x.OpsPerS
	case "ms":
		return x.WallS * 1000
	case "CPU s/GiB":
		return x.CPUPerGB
	case "MiB":
		return x.AnonMB
	}
	if v, there := x.Extra[name]; there {
		return v
	}
	return nan
}

// group is a set of phases that is measured on one server after the other before the
// next: what the machine does meanwhile meets all of them. A large file comes before
// what needs one.
type group struct {
	suffix string // of the phases' names in the results
	phases string
	flags  []string
	on     string // the servers; "" is all but tusd and the slowed Cairn
	once   bool   // one round is enough
	short  bool   // takes seconds, and its figures vary: twice as many rounds and one
}

// wanted reports whether one of these phases is in g, or all are wanted.
func (g group) wanted(phases string) bool {
	return phases == "" || slices.ContainsFunc(strings.Split(phases, ","), func(p string) bool { return named(g.phases, p) })
}

// sinks are the phases of which sinkfile is capable: it cannot list, copy or delete.
const sinks = "put-large,put-again,put-chunked,get-large,get-first,get-range,stalled-get,slow-put,mixed,stall,put-small,get-small"

var groups = []group{
	{phases: "put-large,put-again,get-large,get-first,copy-large"},
	// On a server of its own: a virtual machine may take memory back that was never used, or not for
	// long, and a server that appends would have this one after gigabytes of others', in new memory.
	{phases: "put-chunked"},
	{suffix: "-ranges", phases: "put-large,get-range", short: true},
	{phases: "put-small,get-small", short: true},
	{suffix: "-64", phases: "put-small", flags: []string{"-clients", "64"}, short: true},
	{suffix: "-64-slow", phases: "put-small", flags: []string{"-clients", "64"}, on: "slow"},
	{phases: "list-fill,propfind,stat,copy-tree,move-tree,delete-tree"},
	{phases: "tus", on: "Cairn,tusd"},
	{suffix: "-long", phases: "list-fill,propfind", flags: []string{"-list", "-"}, on: "Cairn", once: true},
	{phases: "put-large,stalled-get,slow-put,mixed,stall,abort-put", once: true},
}

// TestPeers runs davbench on Cairn and on its peers, in turns, and prints all figures,
// and each goal with what came of it.
func TestPeers(t *testing.T) {
	if *peersTools == "" {
		t.Fatal("say where the sources of davbench and peers/xnet are: CAIRN_BENCH_TOOLS, or -tools (BENCH='-tools DIR')")
	}
	tools, err := filepath.Abs(*peersTools)
	if err != nil {
		t.Fatal(err)
	}
	y := newYard(t, tools)
	b := &davbench{t: t, bin: y.build("davbench", filepath.Join(tools, "davbench"), "."), out: filepath.Join(y.dir, "results.jsonl"),
		r: &results{map[string]map[string][]result{}, map[string]float64{}}}
	all := []startable{
		{"Cairn", func() *peer { return at(rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})) }},
		{"slow", func() *peer {
			return at(rig.Start(t, rig.Options{Tags: "cairnfault", Env: []string{"CAIRN_DELAY_FLUSH=" + *peersDelay}, Args: []string{"--log-level", "warn"}}))
		}},
		{"nginx", y.nginx}, {"Apache", y.apache}, {"xnet", y.xnet},
		{"sinkfile", func() *peer { return y.sinkfile(b.bin) }}, {"tusd", y.tusd},
	}
	all = slices.DeleteFunc(all, func(s startable) bool {
		return !named(*peersOnly, s.name) && (s.name != "slow" || !named(*peersOnly, "Cairn"))
	})
	for _, g := range groups {
		if !g.wanted(*peersPhases) {
			continue
		}
		rounds := *peersRounds
		if g.once {
			rounds = 1
		}
		if g.short {
			rounds = 2*rounds + 1
		}
		for round := range rounds {
			for i := range all { // another one begins each round
				b.group(g, all[(i+round)%len(all)])
			}
		}
	}
	if named(*peersOnly, "Cairn") && (*peersPhases == "" || named(*peersPhases, "stopped")) {
		note("Cairn, a PUT alone and beside 1,000 that have stopped, in turns")
		b.stopped(rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}}), 2*(*peersRounds)+1)
	}
	if named(*peersOnly, "Cairn") && *peersPhases == "" {
		b.disk(rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}}))
	}
	if raw, err := os.ReadFile(b.out); err == nil {
		save(t, "peers.jsonl", raw)
	}
	b.figures()
	b.goals()
}

func named(list, name string) bool {
	return strings.Contains(","+strings.ToLower(list)+",", ","+strings.ToLower(name)+",")
}

// startable is a server that can be started, as often as need be: each group is measured
// on a new one with an empty folder, since some never give their space back.
type startable struct {
	name  string
	start func() *peer
}

// group measures one group on one server, if it is for it.
func (b *davbench) group(g group, s startable) {
	b.t.Helper()
	if g.on == "" && (s.name == "slow" || s.name == "tusd") || g.on != "" && !named(g.on, s.name) {
		return
	}
	if g.phases == "tus" {
		// Each on a server of its own: see put-chunked above.
		if s.name == "Cairn" {
			b.on(s, "-tus", "-only", "put-large")
		}
		for _, phase := range []string{"tus-one-patch", "tus-8m-patch", "tus-small", "tus-parallel"} {
			b.on(s, g.suffix, "-only", phase, "-tus")
		}
		return
	}
	p := s.start()
	defer p.end()
	phases := g.phases
	if s.name == "sinkfile" {
		phases = strings.Join(slices.DeleteFunc(strings.Split(phases, ","), func(ph string) bool { return !named(sinks, ph) }), ",")
		if phases == "" {
			return
		}
	}
	flags := append([]string{"-only", phases}, g.flags...)
	if g.suffix == "-long" {
		flags[len(flags)-1] = fmt.Sprint(10 * *peersList)
	}
	b.run(p, g.suffix, flags...)
}

// on runs flags on a server of its own; behind -tus, if that is the last of them, comes its address.
func (b *davbench) on(s startable, suffix string, flags ...string) {
	b.t.Helper()
	p := s.start()
	defer p.end()
	if flags[len(flags)-1] == "-tus" {
		flags = append(flags, p.tus)
	}
	b.run(p, suffix, flags...)
}

// davbench runs that program.
type davbench struct {
	t        *testing.T
	bin, out string
	read     int64 // of out
	r        *results
}

// run runs phases on a server; what comes out is kept under the phases' names with a
// suffix.
func (b *davbench) run(p *peer, suffix string, flags ...string) {
	b.t.Helper()
	note("%s%s %s", p.name, suffix, strings.Join(flags, " "))
	args := append([]string{"-name", p.name, "-url", p.url, "-pid", strconv.Itoa(p.pid), "-out", b.out,
		"-size", fmt.Sprint(*peersSize), "-repeat", strconv.Itoa(*peersRepeat), "-small", strconv.Itoa(*peersSmall), "-list", strconv.Itoa(*peersList)}, p.login...)
	cmd := exec.Command(b.bin, append(args, flags...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		b.t.Fatalf("davbench on %s: %v", p.name, err)
	}
	f, err := os.Open(b.out)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	f.Seek(b.read, io.SeekStart)
	for d := json.NewDecoder(f); ; {
		var x result
		if err := d.Decode(&x); err != nil {
			if !errors.Is(err, io.EOF) {
				b.t.Fatal(err)
			}
			break
		}
		if b.r.by[p.name] == nil {
			b.r.by[p.name] = map[string][]result{}
		}
		b.r.by[p.name][x.Phase+suffix] = append(b.r.by[p.name][x.Phase+suffix], x)
	}
	if b.read, err = f.Seek(0, io.SeekEnd); err != nil {
		b.t.Fatal(err)
	}
}

// at is a server of ours as a peer.
func at(s *rig.Server) *peer {
	return &peer{name: "Cairn", url: s.DAV, tus: s.URL + "tus/", pid: s.PID(), login: []string{"-user", rig.User, "-pass", rig.Password},
		end: func() {
			s.Stop()
			os.RemoveAll(s.Dir)
		}}
}

// idle is the memory of a server after its first request.
func idle(t *testing.T, s *rig.Server) float64 {
	c := newClient(s)
	defer c.close()
	if err := c.stat(""); err != nil {
		t.Fatal(err)
	}
	return float64(s.RssAnon()) / mib
}

// disk measures what is written for a file, and the first byte from a cold disk; the
// server is stopped and its store checked.
func (b *davbench) disk(s *rig.Server) {
	t := b.t
	b.r.own["idle"] = idle(t, s)
	c := newClient(s)
	put := func(name string) float64 {
		before := written(t, s.PID())
		resp, err := c.send("PUT", name, newContent(3, *peersSize, *peersSize), *peersSize)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 201 {
			t.Fatalf("PUT %s: %s", name, resp.Status)
		}
		return float64(written(t, s.PID())-before) / float64(*peersSize)
	}
	b.r.own["written"] = put("written")
	b.r.own["written again"] = put("written-again")
	c.close()
	s.Stop()
	evict(t, s.Dir)
	s.Restart()
	if err := c.stat(""); err != nil {
		t.Fatal(err)
	}
	first, err := download(c, "written", 3, *peersSize, *peersSize)
	if err != nil {
		t.Fatal(err)
	}
	b.r.own["cold first byte"] = milliseconds(first)
	c.close()
	s.Stop()
	s.Check()
	if err := os.RemoveAll(s.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

// figures prints all that was measured.
func (b *davbench) figures() {
	servers := []string{"Cairn", "nginx", "Apache", "xnet", "sinkfile", "tusd"}
	table := report.NewTable(append([]string{"phase"}, servers...)...)
	size := gib(*peersSize)
	list := report.Number(float64(*peersList))
	for _, row := range []struct{ label, phase, figure string }{
		{"PUT " + size + ", MB/s", "put-large", "MB/s"},
		{"… CPU s/GiB", "put-large", "CPU s/GiB"},
		{"PUT the same again, MB/s", "put-again", "MB/s"},
		{"… CPU s/GiB", "put-again", "CPU s/GiB"},
		{"PUT, length unknown, MB/s", "put-chunked", "MB/s"},
		{"… CPU s/GiB", "put-chunked", "CPU s/GiB"},
		{"GET " + size + ", MB/s", "get-large", "MB/s"},
		{"… CPU s/GiB", "get-large", "CPU s/GiB"},
		{"… first byte, ms", "get-large", "ttfb_ms"},
		{"first GET after PUT, MB/s", "get-first", "MB/s"},
		{"64 KiB ranges, /s", "get-range-ranges", "/s"},
		{"… p99, ms", "get-range-ranges", "p99_ms"},
		{"50 stalled readers and 100 slow uploads, MiB", "mixed", "MiB"},
		{"1,000 stopped uploads, MiB", "stall", "MiB"},
		{"… one PUT beside them, MB/s", "stall", "MB/s"},
		{"… Cairn in turns with a PUT alone, MB/s", "stall-beside", "MB/s"},
		{"… that PUT alone, MB/s", "put-large-beside", "MB/s"},
		{"PUT 4 KiB, 8 clients, /s", "put-small", "/s"},
		{"… p99, ms", "put-small", "p99_ms"},
		{"PUT 4 KiB, 64 clients, /s", "put-small-64", "/s"},
		{"… p99, ms", "put-small-64", "p99_ms"},
		{"… each flush " + *peersDelay + " slower, /s", "put-small-64-slow", "/s"},
		{"GET 4 KiB, 8 clients, /s", "get-small", "/s"},
		{"PROPFIND of " + list + ", ms", "propfind", "p50_ms"},
		{"… first byte, ms", "propfind", "ttfb_p50_ms"},
		{"PROPFIND of " + report.Number(float64(10**peersList)) + ", ms", "propfind-long", "p50_ms"},
		{"PROPFIND depth 0, /s", "stat", "/s"},
		{"COPY " + size + ", ms", "copy-large", "ms"},
		{"COPY a folder of " + list + ", ms", "copy-tree", "ms"},
		{"MOVE a folder of " + list + ", ms", "move-tree", "ms"},
		{"DELETE a folder of " + list + ", ms", "delete-tree", "ms"},
		{"tus, one PATCH, MB/s", "tus-one-patch", "MB/s"},
		{"… CPU s/GiB", "tus-one-patch", "CPU s/GiB"},
		{"tus, 8 MiB PATCHes, MB/s", "tus-8m-patch", "MB/s"},
		{"tus, 4 KiB with creation, 6 clients, /s", "tus-small", "/s"},
		{"tus, 100 uploads at once, MB/s", "tus-parallel", "MB/s"},
		{"… MiB", "tus-parallel", "MiB"},
	} {
		cells := []any{row.label}
		for _, s := range servers {
			cells = append(cells, b.r.of(s, row.phase, row.figure))
		}
		table.Add(cells...)
	}
	survives := []any{"old file survives a broken PUT"}
	var notes []string
	for _, s := range servers {
		word := "–"
		for _, x := range b.r.by[s]["abort-put"] {
			word = map[bool]string{true: "yes", false: "no"}[x.OK]
		}
		survives = append(survives, word)
		for phase, rounds := range b.r.by[s] {
			for _, x := range rounds {
				if !x.OK && phase != "abort-put" {
					notes = append(notes, fmt.Sprintf("%s, %s failed: %.200s", s, phase, x.Err))
				}
			}
		}
	}
	table.Add(survives...)
	var title bytes.Buffer
	fmt.Fprintf(&title, "Servers in turns, median of %d rounds (twice as many and one of ranges and small files) of the median of %d runs behind a first one; memory once", *peersRounds, *peersRepeat-1)
	show(b.t, "peers", title.String(), table, notes...)
}
