package dav

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// recentRclone is the rclone that `make tools` builds.
func recentRclone(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("../../bin/rclone-v1.75.1")
	if err == nil {
		_, err = os.Stat(bin)
	}
	if err != nil {
		t.Fatalf("this test needs rclone v1.75.1: make tools (%v)", err)
	}
	return bin
}

// mirrored is a folder here that rclone keeps on a server.
type mirrored struct {
	*testing.T
	s   *rig.Server
	bin string
	dir string // rclone runs here; holds up, which goes up, and down
}

func TestMirror(t *testing.T) {
	t.Parallel()
	mirror(t, rig.Start(t, rig.Options{}))
}

// mirror keeps a folder on the server like one here, and changes it there.
func mirror(t *testing.T, s *rig.Server) {
	m := mirrored{t, s, recentRclone(t), t.TempDir()}
	// The README has vendor=rclone, by which it sends times.
	for name, vendor := range map[string]string{"cairn": "other", "timed": "rclone"} {
		m.run("config", "create", name, "webdav", "url="+s.DAV, "vendor="+vendor, "user="+rig.User, "pass="+rig.Password)
	}
	tree(t, filepath.Join(m.dir, "up"), 100)
	m.syncs()
	m.movesThere()
	m.times()
	if out := m.run("about", "cairn:"); !strings.Contains(out, "Used:") {
		t.Errorf("about: %s", out)
	}
}

func (m mirrored) run(args ...string) string {
	m.Helper()
	args = append(args, "--config", "conf", "--retries", "1", "--low-level-retries", "1")
	if m.s.CA != "" {
		args = append(args, "--ca-cert", m.s.CA)
	}
	return rig.MustRun(m, m.dir, nil, m.bin, args...)
}

// takes wants a command to make so many requests of some methods.
func (m mirrored) takes(want string, args ...string) {
	m.Helper()
	seen := m.s.Requests(m, func() { m.run(args...) })
	var methods []string
	for w := range strings.SplitSeq(want, ", ") {
		methods = append(methods, strings.Fields(w)[0])
	}
	if got := seen.Count(strings.Join(methods, " ")); got != want {
		m.Errorf("rclone %q made %s, want %s: %v", args, got, want, seen)
	}
}

// same compares two folders byte for byte.
func (m mirrored) same(a, b string) {
	m.Helper()
	if out := m.run("check", "--download", a, b); !strings.Contains(out, "0 differences found") {
		m.Errorf("%s and %s: %s", a, b, out)
	}
}

func (m mirrored) write(name string, content []byte, modified time.Time) {
	m.Helper()
	file := filepath.Join(m.dir, "up", name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		m.Fatal(err)
	}
	if err := os.Chtimes(file, modified, modified); err != nil {
		m.Fatal(err)
	}
}

// modified is the time of a file on the server.
func (m mirrored) modified(path string) time.Time {
	m.Helper()
	at, err := http.ParseTime(m.s.Must(m, rig.Request{Method: "HEAD", Path: path}, 200).Header.Get("Last-Modified"))
	if err != nil {
		m.Fatal(err)
	}
	return at
}

func (m mirrored) gone(paths ...string) {
	m.Helper()
	for _, path := range paths {
		m.s.Must(m, rig.Request{Path: escaped(path)}, 404)
	}
}

var mirrorDay = time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)

// syncs: what is changed, new or gone here becomes so there, and nothing else is sent.
func (m mirrored) syncs() {
	m.write("grows", random("grows", 100), mirrorDay)
	m.write("goes", random("goes", 100), mirrorDay)
	m.takes("PUT 102, DELETE 0", "sync", "up", "cairn:mirror")
	m.same("up", "cairn:mirror")
	m.takes("PUT 0, DELETE 0, MKCOL 0", "sync", "up", "cairn:mirror")

	m.write("grows", random("grows", 200), mirrorDay)
	m.write("new 100% #1?", random("new", 100), mirrorDay)
	for _, gone := range []string{"goes", "0"} {
		if err := os.RemoveAll(filepath.Join(m.dir, "up", gone)); err != nil {
			m.Fatal(err)
		}
	}
	m.takes("PUT 2", "sync", "up", "cairn:mirror")
	m.same("up", "cairn:mirror")
	m.gone("mirror/goes", "mirror/0")

	m.takes("PUT 0, GET 92", "sync", "cairn:mirror", "down")
	m.same("up", "down")
	if info, err := os.Stat(filepath.Join(m.dir, "down", "grows")); err != nil || !info.ModTime().Equal(m.modified("mirror/grows")) {
		m.Errorf("came down with another time than the server's: %v, %v", info, err)
	}
}

// movesThere copies and moves on the server: none of the content comes or goes.
func (m mirrored) movesThere() {
	m.takes("COPY 1, MOVE 0, PUT 0, GET 0", "copyto", "cairn:mirror/grows", "cairn:mirror/copied 100%")
	m.takes("COPY 10, MOVE 0, PUT 0, GET 0", "copyto", "cairn:mirror/1", "cairn:mirror/copied")
	m.takes("COPY 0, MOVE 1, PUT 0, GET 0", "moveto", "cairn:mirror/new 100% #1?", "cairn:mirror/ümläut")
	m.takes("COPY 0, MOVE 1, PUT 0, GET 0", "moveto", "cairn:mirror/ümläut", "cairn:mirror/grows")
	m.takes("COPY 0, MOVE 1, PUT 0, GET 0", "moveto", "cairn:mirror/2", "cairn:moved/2")
	m.same("up/1", "cairn:mirror/copied")
	m.same("up/2", "cairn:moved/2")
	for path, want := range map[string][]byte{"mirror/copied 100%": random("grows", 200), "mirror/grows": random("new", 100)} {
		if got := m.s.Get(m, escaped(path)); got != string(want) {
			m.Errorf("%s holds %d bytes, not %d, or others", path, len(got), len(want))
		}
	}
	m.gone("mirror/new 100% #1?", "mirror/ümläut", "mirror/2")
}

// times: vendor=rclone sends times, and sees by them a change that keeps the size, which
// vendor=other does not.
func (m mirrored) times() {
	m.write("1/timed", random("timed", 100), mirrorDay)
	m.takes("PUT 11", "sync", "up/1", "timed:timed")
	m.takes("PUT 1", "sync", "up/1", "cairn:mirror/1")
	day := mirrorDay
	for i, want := range []string{"PUT 0", "PUT 1", "PUT 0"} {
		if i == 1 {
			day = day.Add(time.Hour)
			m.write("1/timed", random("changed", 100), day)
		}
		m.takes(want, "sync", "up/1", "timed:timed")
		if got := m.modified("timed/timed"); !got.Equal(day) {
			m.Errorf("the time on the server is %v, not %v", got, day)
		}
	}
	m.same("up/1", "timed:timed")
	m.takes("PUT 0", "sync", "up/1", "cairn:mirror/1")
	m.takes("PUT 11", "sync", "--ignore-times", "up/1", "cairn:mirror/1")
	m.same("up/1", "cairn:mirror/1")
}

// TestMirrorTus uploads by tus: rclone's vendor=infinitescale begins with POST of the folder.
// It takes no path for a Location, so the server has to know its address.
func TestMirrorTus(t *testing.T) {
	t.Parallel()
	s := rig.Start(t, rig.Options{})
	s.Stop()
	s.SetEnv("CAIRN_BASE_URL=" + s.URL)
	s.Restart()
	m := mirrored{t, s, recentRclone(t), t.TempDir()}
	m.run("config", "create", "tus", "webdav", "url="+s.DAV, "vendor=infinitescale", "user="+rig.User, "pass="+rig.Password)
	tree(t, filepath.Join(m.dir, "up"), 30)
	m.write("large", random("large", 25_000_000), mirrorDay) // three PATCHes
	seen := s.Requests(t, func() { m.run("copy", "up", "tus:up") })
	patches := 0
	for _, r := range seen {
		if r.Method == "PATCH" {
			patches++
		}
	}
	if patches < 30 {
		t.Errorf("%d PATCHes: %v", patches, seen)
	}
	m.same("up", "tus:up")
	if got := m.modified("up/large"); !got.Equal(mirrorDay) {
		t.Errorf("the time on the server is %v, not %v", got, mirrorDay)
	}
}
