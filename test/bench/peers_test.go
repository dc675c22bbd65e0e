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
	"os"
	"os/exec"
	"path/filepath"
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
	peersSmall  = flag.Int("small", 4000, "peers: small files")
	peersList   = flag.Int("entries", 10000, "peers: entries of the listing; ten times as many in the long one")
	peersOnly   = flag.String("peers", "Cairn,nginx,Apache,xnet,sinkfile,tusd", "peers: which to run")
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

// results are those of all servers, by name and phase, and what was measured here.
type results struct {
	by  map[string]map[string]result
	own map[string]float64
}

// of is one figure, NaN if it was not taken or its phase failed.
func (r *results) of(server, phase, figure string) float64 {
	x, there := r.by[server][phase]
	if !there || !x.OK {
		return nan
	}
	switch figure {
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
	if v, there := x.Extra[figure]; there {
		return v
	}
	return nan
}

// TestPeers runs davbench on Cairn and on its peers, one after the other, and prints
// all figures, and each goal with what came of it.
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
		r: &results{map[string]map[string]result{}, map[string]float64{}}}
	wanted := func(name string) bool {
		return strings.Contains(","+strings.ToLower(*peersOnly)+",", ","+strings.ToLower(name)+",")
	}
	if wanted("Cairn") {
		b.cairn()
		b.slow()
	}
	for _, one := range []struct {
		name  string
		start func() *peer
	}{
		{"nginx", y.nginx}, {"Apache", y.apache}, {"xnet", y.xnet},
		{"sinkfile", func() *peer { return y.sinkfile(b.bin) }}, {"tusd", y.tusd},
	} {
		if !wanted(one.name) {
			continue
		}
		p := one.start()
		switch one.name {
		case "tusd":
			b.run(p, "", "-tus", p.url)
		case "sinkfile": // it cannot list, copy or delete
			b.run(p, "", "-only", "put-large,put-again,put-chunked,get-large,get-first,get-range,stalled-get,slow-put,mixed,stall,put-small,get-small")
			b.many(p)
		default:
			b.run(p, "")
			b.many(p)
		}
		p.end()
	}
	if raw, err := os.ReadFile(b.out); err == nil {
		save(t, "peers.jsonl", raw)
	}
	b.figures()
	b.goals()
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
			b.r.by[p.name] = map[string]result{}
		}
		b.r.by[p.name][x.Phase+suffix] = x
	}
	if b.read, err = f.Seek(0, io.SeekEnd); err != nil {
		b.t.Fatal(err)
	}
}

// many are the phases with more clients.
func (b *davbench) many(p *peer) {
	b.t.Helper()
	b.run(p, "-64", "-only", "put-small", "-clients", "64")
}

// at is a server of ours as a peer.
func at(s *rig.Server) *peer {
	return &peer{name: "Cairn", url: s.DAV, pid: s.PID(), login: []string{"-user", rig.User, "-pass", rig.Password}}
}

// cairn measures the binary that people run.
func (b *davbench) cairn() {
	t := b.t
	s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
	c := newClient(s)
	if err := c.stat(""); err != nil {
		t.Fatal(err)
	}
	b.r.own["idle"] = float64(s.RssAnon()) / mib
	p := at(s)
	b.run(p, "")
	b.many(p)
	b.run(p, "-long", "-only", "list-fill,propfind", "-list", strconv.Itoa(10**peersList))
	b.run(p, "", "-tus", s.URL+"tus/")

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

// slow measures a server whose flushes wait.
func (b *davbench) slow() {
	s := rig.Start(b.t, rig.Options{Tags: "cairnfault", Env: []string{"CAIRN_DELAY_FLUSH=" + *peersDelay}, Args: []string{"--log-level", "warn"}})
	b.run(at(s), "-64-slow", "-only", "put-small", "-clients", "64")
	s.Stop()
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
		{"64 KiB ranges, /s", "get-range", "/s"},
		{"… p99, ms", "get-range", "p99_ms"},
		{"50 stalled readers and 100 slow uploads, MiB", "mixed", "MiB"},
		{"1,000 stopped uploads, MiB", "stall", "MiB"},
		{"… one PUT beside them, MB/s", "stall", "MB/s"},
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
		switch x, there := b.r.by[s]["abort-put"]; {
		case !there:
			survives = append(survives, "–")
		case x.OK:
			survives = append(survives, "yes")
		default:
			survives = append(survives, "no")
		}
		for phase, x := range b.r.by[s] {
			if !x.OK && phase != "abort-put" {
				notes = append(notes, fmt.Sprintf("%s, %s failed: %s", s, phase, x.Err))
			}
		}
	}
	table.Add(survives...)
	var title bytes.Buffer
	fmt.Fprintf(&title, "Servers one after the other, median of %d runs behind a first one", *peersRepeat-1)
	show(b.t, "peers", title.String(), table, notes...)
}
