package crash

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/test/rig"
)

var update = flag.Bool("update", false, "rewrite the golden traces in testdata")

// tracing is a server that writes down what it does to the disk.
type tracing struct {
	*rig.Server
	file   string
	taken  int    // bytes read so far
	upload string // address of the last upload that was created
}

// tusDoor and thatUpload stand for addresses that only the running server knows.
const (
	tusDoor    = "tus:"
	thatUpload = "upload:"
)

// do makes a step.
func (s *tracing) do(t *testing.T, step step) {
	t.Helper()
	r := step.Request
	switch r.Path {
	case tusDoor:
		r.Path = s.URL + "tus/"
	case thatUpload:
		r.Path = s.upload
	}
	resp := s.Must(t, r, step.want)
	if at := resp.Header.Get("Location"); strings.HasPrefix(at, "/tus/") {
		s.upload = "http://" + s.Addr + at
	}
}

func startTracing(t *testing.T, env ...string) *tracing {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trace")
	env = append(env, "CAIRN_TRACE_FILE="+file, "CAIRN_TRACE_BEGIN=1", "CAIRN_SITES_FILE="+file+".sites")
	return &tracing{Server: rig.Start(t, rig.Options{Tags: "cairnfault", Env: env}), file: file}
}

// lines are those written since the last call. The server writes the line of a reply
// before the reply.
func (s *tracing) lines(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	b = b[s.taken:]
	b = b[:bytes.LastIndexByte(b, '\n')+1]
	s.taken += len(b)
	if len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// A step is a request that changes something.
type step struct {
	name string
	rig.Request
	want int
}

func steps() []step {
	const lockinfo = `<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>`
	const patch = `<propertyupdate xmlns="DAV:" xmlns:x="urn:x"><set><prop><x:colour>blue</x:colour></prop></set></propertyupdate>`
	return []step{
		{"put-small", rig.Request{Method: "PUT", Path: "small.txt", Body: "a few bytes"}, 201},
		{"put-overwrite", rig.Request{Method: "PUT", Path: "small.txt", Body: "a few other bytes"}, 204},
		{"put-3MiB", rig.Request{Method: "PUT", Path: "large.bin", Body: strings.Repeat("0123456789abcdef", 3<<16)}, 201},
		{"mkcol", rig.Request{Method: "MKCOL", Path: "folder"}, 201},
		{"move", rig.Request{Method: "MOVE", Path: "small.txt", Header: map[string]string{"Destination": "/dav/folder/moved.txt"}}, 201},
		{"proppatch", rig.Request{Method: "PROPPATCH", Path: "folder/moved.txt", Body: patch}, 207},
		{"lock", rig.Request{Method: "LOCK", Path: "large.bin", Body: lockinfo, Header: map[string]string{"Timeout": "Second-600", "Depth": "0"}}, 200},
		{"tus-create", rig.Request{Method: "POST", Path: tusDoor, Header: tusHeader("Upload-Length", "1200000", "Upload-Metadata", "filename dHVz")}, 201},
		{"tus-patch", rig.Request{Method: "PATCH", Path: thatUpload, Header: tusHeader("Upload-Offset", "0", "Content-Type", "application/offset+octet-stream"), Body: strings.Repeat("a", 1100000)}, 204},
		{"tus-patch-last", rig.Request{Method: "PATCH", Path: thatUpload, Header: tusHeader("Upload-Offset", "1100000", "Content-Type", "application/offset+octet-stream"), Body: strings.Repeat("b", 100000)}, 204},
		{"tus-create-with-upload", rig.Request{Method: "POST", Path: tusDoor, Header: tusHeader("Upload-Length", "5", "Upload-Metadata", "filename dHVz", "Content-Type", "application/offset+octet-stream"), Body: "hello"}, 201},
		{"tus-create-empty", rig.Request{Method: "POST", Path: tusDoor, Header: tusHeader("Upload-Length", "0", "Upload-Metadata", "filename ZW1wdHk=")}, 201},
		{"tus-terminate", rig.Request{Method: "DELETE", Path: thatUpload, Header: tusHeader()}, 204},
		{"delete", rig.Request{Method: "DELETE", Path: "folder"}, 204},
	}
}

// TestOrder shows in which order writes, flushes, COMMIT and reply come, for each kind
// of change. `go test ./test/crash -run TestOrder -update` rewrites the files.
func TestOrder(t *testing.T) {
	s := startTracing(t)
	rule := newDurability(s.Dir)
	rule.follow(s.lines(t))
	for _, step := range steps() {
		t.Run(step.name, func(t *testing.T) {
			s.do(t, step)
			lines := s.lines(t)
			rule.follow(lines)
			got := golden(lines)
			file := filepath.Join("testdata", step.name+".trace")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s: the order has changed\ngot\n%s\nwant\n%s", file, got, want)
			}
		})
	}
	s.Stop()
	rule.follow(s.lines(t))
	rule.check("the server's end")
	for _, f := range rule.faults {
		t.Error(f)
	}
}

// A walk leads servers past every flush call site, and holds what they do to the rule.
type walk struct {
	t      *testing.T
	s      *tracing
	rule   *durability
	sites  map[string]bool
	faults []string
}

// walked makes the walk with one site left out.
func walked(t *testing.T, skip string) (faults, sites []string) {
	t.Helper()
	w := &walk{t: t, sites: map[string]bool{}}
	w.changes(skip)
	w.crash(skip)
	return w.faults, slices.Sorted(maps.Keys(w.sites))
}

func (w *walk) start(skip string) {
	w.s = startTracing(w.t, "CAIRN_SKIP_FLUSH="+skip)
	w.rule = newDurability(w.s.Dir)
}

func (w *walk) restart(skip string) {
	w.s.SetEnv("CAIRN_TRACE_FILE="+w.s.file, "CAIRN_TRACE_BEGIN=1", "CAIRN_SITES_FILE="+w.s.file+".sites", "CAIRN_SKIP_FLUSH="+skip)
	w.s.taken = 0 // each start writes its trace anew
	w.s.Restart()
}

func (w *walk) stop() {
	w.t.Helper()
	w.s.Stop()
	w.rule.follow(w.s.lines(w.t))
	w.rule.check("the server's end")
	b, err := os.ReadFile(w.s.file + ".sites")
	if err != nil {
		w.t.Fatal(err)
	}
	for site := range strings.Lines(string(b)) {
		w.sites[strings.TrimSpace(site)] = true
	}
}

// changes makes every kind of change, fills a pack so that it is sealed, ends the
// server and starts it again.
func (w *walk) changes(skip string) {
	w.t.Helper()
	w.start(skip)
	for _, step := range steps() {
		w.s.do(w.t, step)
	}
	w.rule.follow(w.s.lines(w.t))
	// More than a pack holds: the first pack is sealed, and registered by a commit of
	// its own, while the rest arrives.
	w.rule.beside = true
	const size = 66 << 20
	w.s.Must(w.t, rig.Request{Method: "PUT", Path: "pack.bin", Reader: bytes.NewReader(make([]byte, size)), Size: size}, 201)
	w.stop()
	w.rule.beside = false
	w.restart(skip)
	w.s.Put(w.t, "again.txt", "after a restart")
	w.stop()
	w.faults = append(w.faults, w.rule.faults...)
}

// crash kills a server in the middle of an upload. The one after it finds names and
// records in the page cache that no flush has covered, and must see to them before it
// builds on them. To be sure of such names the first one makes no flush of new packs.
func (w *walk) crash(skip string) {
	w.t.Helper()
	w.start("pack.(*Set).settle")
	conn := w.s.Raw(w.t, w.s.Head("PUT", "cut.bin", "Content-Length: 4194304")+strings.Repeat("x", 5<<19))
	defer conn.Close()
	written := rig.Poll(rig.Patience, func() bool {
		b, err := os.ReadFile(w.s.file)
		return err == nil && bytes.Count(b, []byte("\nwrite packs/02/")) >= 3 // header, two chunks
	})
	if !written {
		w.t.Fatal("the upload does not reach a pack of its own")
	}
	w.s.Kill9()
	w.rule.follow(w.s.lines(w.t))
	w.rule.faults = nil // its own, made on purpose
	for p := range w.rule.created {
		w.rule.folders[filepath.Dir(p)] = true
	}
	w.restart(skip)
	w.s.Put(w.t, "again.txt", "after a crash")
	w.stop()
	w.faults = append(w.faults, w.rule.faults...)
}

// TestSites leaves out the flushes of one call site after the other: the rule must
// notice each, else no test would notice that somebody took it out.
func TestSites(t *testing.T) {
	faults, sites := walked(t, "")
	if len(faults) > 0 {
		t.Fatalf("with every flush made: %s", strings.Join(faults, "; "))
	}
	if len(sites) < 3 {
		t.Fatalf("only %d flush sites: %v", len(sites), sites)
	}
	var table strings.Builder
	for _, site := range sites {
		faults, _ := walked(t, site)
		notice := "NOT NOTICED"
		if len(faults) > 0 {
			notice = faults[0]
		} else {
			t.Errorf("nothing notices that %s is left out", site)
		}
		fmt.Fprintf(&table, "%-48s %3d  %s\n", site, len(faults), notice)
	}
	t.Logf("flush call sites, what breaks without each, and the first of it:\n%s", table.String())
}
