package crash

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/store/chunk"
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
	env = append(traced(file), env...)
	// A folder in a new folder: of both the names must be flushed.
	dir := filepath.Join(t.TempDir(), "home", "data")
	return &tracing{Server: rig.Start(t, rig.Options{Tags: "cairnfault", Env: append(env, "CAIRN_BALLAST=0"), Dir: dir}), file: file}
}

func traced(file string) []string {
	return []string{"CAIRN_TRACE_FILE=" + file, "CAIRN_TRACE_BEGIN=1", "CAIRN_TRACE_SIZES=1", "CAIRN_SITES_FILE=" + file + ".sites"}
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

// text is n bytes that cannot be compressed, those of another seed others.
func text(t *testing.T, seed byte, n int64) string {
	t.Helper()
	var b strings.Builder
	if _, err := io.Copy(&b, noise(seed, n)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func steps(t *testing.T) []step {
	t.Helper()
	const lockinfo = `<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>`
	const patch = `<propertyupdate xmlns="DAV:" xmlns:x="urn:x"><set><prop><x:colour>blue</x:colour></prop></set></propertyupdate>`
	large, tus := text(t, 10, 3<<20), text(t, 11, 3<<20)
	return []step{
		{"put-small", rig.Request{Method: "PUT", Path: "small.txt", Body: "a few bytes"}, 201},
		{"put-overwrite", rig.Request{Method: "PUT", Path: "small.txt", Body: "a few other bytes"}, 204},
		{"put-3MiB", rig.Request{Method: "PUT", Path: "large.bin", Body: large}, 201},
		{"put-stored", rig.Request{Method: "PUT", Path: "stored.bin", Body: large}, 201},
		{"put-compressible", rig.Request{Method: "PUT", Path: "text.txt", Body: strings.Repeat("0123456789abcdef", 5<<16)}, 201},
		{"mkcol", rig.Request{Method: "MKCOL", Path: "folder"}, 201},
		{"move", rig.Request{Method: "MOVE", Path: "small.txt", Header: map[string]string{"Destination": "/dav/folder/moved.txt"}}, 201},
		{"proppatch", rig.Request{Method: "PROPPATCH", Path: "folder/moved.txt", Body: patch}, 207},
		{"lock", rig.Request{Method: "LOCK", Path: "large.bin", Body: lockinfo, Header: map[string]string{"Timeout": "Second-600", "Depth": "0"}}, 200},
		{"tus-create", rig.Request{Method: "POST", Path: tusDoor, Header: tusHeader("Upload-Length", "3145728", "Upload-Metadata", "filename dHVz")}, 201},
		{"tus-patch", rig.Request{Method: "PATCH", Path: thatUpload, Header: tusHeader("Upload-Offset", "0", "Content-Type", "application/offset+octet-stream"), Body: tus[:3000000]}, 204},
		{"tus-patch-last", rig.Request{Method: "PATCH", Path: thatUpload, Header: tusHeader("Upload-Offset", "3000000", "Content-Type", "application/offset+octet-stream"), Body: tus[3000000:]}, 204},
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
	for _, step := range steps(t) {
		t.Run(step.name, func(t *testing.T) {
			s.do(t, step)
			s.compare(t, rule, step.name)
		})
	}
	t.Run("put-shared", func(t *testing.T) {
		whole, part := text(t, 12, 8<<20), s.half(t, rule)
		s.Must(t, rig.Request{Method: "PUT", Path: "part.bin", Body: whole[:part.chunks]}, 201)
		s.compare(t, rule, "put-shared")
		io.WriteString(part, whole[part.sent:])
		answer, err := http.ReadResponse(bufio.NewReader(part), nil)
		if err != nil || answer.StatusCode != 201 {
			t.Fatalf("%v, %v", answer, err)
		}
		part.Close()
		rule.follow(s.lines(t))
		if s.Get(t, "half.bin") != whole || s.Get(t, "part.bin") != whole[:part.chunks] {
			t.Error("other bytes come back")
		}
	})
	s.Stop()
	rule.follow(s.lines(t))
	rule.check("the server's end")
	for _, f := range rule.faults {
		t.Error(f)
	}
}

// compare holds what was done since the last look to the rule and to a golden trace.
func (s *tracing) compare(t *testing.T, rule *durability, name string) {
	t.Helper()
	lines := s.lines(t)
	rule.follow(lines)
	got := golden(lines)
	file := filepath.Join("testdata", name+".trace")
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
}

// halfSent is an upload whose client is silent in the middle: some of its chunks lie in
// a pack that nobody has flushed.
type halfSent struct {
	net.Conn
	sent   int // bytes of the content
	chunks int // those of them that are in chunks
}

// half begins to send the 8 MiB of seed 12, and waits until two chunks are in a pack.
func (s *tracing) half(t *testing.T, rule *durability) halfSent {
	t.Helper()
	whole := []byte(text(t, 12, 8<<20))
	var c chunk.Cutter
	border := 0
	for range 2 {
		n, cut := c.Next(whole[border:])
		if !cut {
			t.Fatal("there is no second chunk")
		}
		border += n
	}
	h := halfSent{sent: border + 100_000, chunks: border}
	h.Conn = s.Raw(t, s.Head("PUT", "half.bin", fmt.Sprintf("Content-Length: %d", len(whole)))+string(whole[:h.sent]))
	t.Cleanup(func() { h.Close() })
	var lines []string
	there := rig.Poll(rig.Patience, func() bool {
		lines = append(lines, s.lines(t)...)
		return strings.Count(golden(lines), "write packs/02/") == 2
	})
	rule.follow(lines)
	if !there || strings.Contains(golden(lines), "\nsync") {
		t.Fatalf("two chunks in a pack that is not flushed are wanted, not\n%s", golden(lines))
	}
	return h
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
	w.s.SetEnv(append(traced(w.s.file), "CAIRN_SKIP_FLUSH="+skip)...)
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
	for _, step := range steps(w.t) {
		w.s.do(w.t, step)
	}
	w.rule.follow(w.s.lines(w.t))
	// More than a pack holds: the first pack is sealed, and registered by a commit of
	// its own, while the rest arrives.
	w.rule.beside = true
	const size = 66 << 20
	w.s.Must(w.t, rig.Request{Method: "PUT", Path: "pack.bin", Reader: noise(13, size), Size: size}, 201)
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
	conn := w.s.Raw(w.t, w.s.Head("PUT", "cut.bin", "Content-Length: 8388608")+text(w.t, 14, 5<<20))
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
		if strings.Contains(site, "saveScrubs") { // nobody needs them: what is lost is read again
			continue
		}
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
