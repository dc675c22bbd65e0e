package dav

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// files are what GNOME Files has to work with: a session, and the commands of the
// library that it is made of.
type files struct {
	*testing.T
	s   *rig.Server
	d   *desktop
	bin string
}

func TestGvfs(t *testing.T) {
	t.Parallel()
	gvfs(t, rig.Start(t, rig.Options{}))
}

// gvfs mounts by name and password and does what GNOME Files does.
func gvfs(t *testing.T, s *rig.Server) {
	rig.Need(t, "/usr/libexec/gvfsd-dav", "gvfs-backends")
	f := files{t, s, startDesktop(t), rig.Need(t, "gio", "libglib2.0-bin")}
	answers := rig.Password + "\n"
	if s.CA != "" {
		answers = "1\n" + answers // that the certificate is trusted
	}
	if out, err := f.gio(answers, "mount", f.on("")); err != nil {
		t.Fatalf("gio mount: %v: %s", err, out)
	}
	if n := len(f.d.processes()); n < 3 { // the bus, gvfsd and the mount, at least
		t.Errorf("only %d processes of the session are seen: those left over would not be", n)
	}
	content := f.copies()
	f.lists(content)
	f.saves()
	f.moves(content)
	f.removes()
	f.must("mount", "-u", f.on(""))
}

// on is the address of a path on the server.
func (f files) on(path string) string {
	scheme, rest, _ := strings.Cut(f.s.DAV, "://")
	return map[string]string{"http": "dav://", "https": "davs://"}[scheme] + rig.User + "@" + rest + escaped(path)
}

// escaped is a path as it stands in an address.
func escaped(path string) string { return strings.ReplaceAll(url.PathEscape(path), "%2F", "/") }

// gio returns what a command printed, and if it failed what it said.
func (f files) gio(input, command string, args ...string) (string, error) {
	out, said, err := f.d.run(input, f.bin, append([]string{command}, args...)...)
	if err != nil {
		out += said
	}
	return out, err
}

func (f files) must(command string, args ...string) string {
	f.Helper()
	out, err := f.gio("", command, args...)
	if err != nil {
		f.Fatalf("gio %s %q: %v: %s", command, args, err, out)
	}
	return out
}

func (f files) refused(why, input, command string, args ...string) {
	f.Helper()
	if out, err := f.gio(input, command, args...); err == nil || !strings.Contains(out, why) {
		f.Errorf("gio %s %q: %v: %s; want %q", command, args, err, out, why)
	}
}

// holds wants a content of a path on the server.
func (f files) holds(path, want string) {
	f.Helper()
	if got := f.s.Get(f, escaped(path)); got != want {
		f.Errorf("%s holds %d bytes, not the %d that it should, or others", path, len(got), len(want))
	}
}

func (f files) gone(path string) {
	f.Helper()
	f.s.Must(f, rig.Request{Path: escaped(path)}, 404)
}

// local makes a file on this side.
func (f files) local(name, content string) string {
	f.Helper()
	file := filepath.Join(f.d.dir, name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		f.Fatal(err)
	}
	return file
}

// copies makes a folder, and copies files with odd names up and down again.
func (f files) copies() map[string]string {
	f.must("mkdir", f.on("up"))
	f.refused("exists", "", "mkdir", f.on("up"))
	content := map[string]string{"plain": string(random("gvfs", 3<<20+7)), "empty": ""}
	for i, name := range []string{"with space", "100%", "per%41cent", "#hash", "what?", "a+b&c", "semi;colon", "ümläut", "u\u0308",
		"日本語", "🏔 emoji", "quote'\"", "-dash", ".hidden", strings.Repeat("long", 60)} {
		content[name] = string(random("gvfs "+name, 1000+i))
	}
	back := filepath.Join(f.d.dir, "back")
	if err := os.Mkdir(back, 0o700); err != nil {
		f.Fatal(err)
	}
	var up, down []string
	for name, c := range content {
		up, down = append(up, f.local(name, c)), append(down, f.on("up/"+name))
	}
	f.must("copy", append(up, f.on("up/"))...)
	f.must("copy", append(down, back)...)
	for name, c := range content {
		f.holds("up/"+name, c)
		if err := holds(filepath.Join(back, name), []byte(c)); err != nil {
			f.Error(err)
		}
	}
	f.must("copy", f.local("plain", "shorter"), f.on("up/"))
	f.holds("up/plain", "shorter")
	return content
}

// lists compares names, sizes, times and tags with what HTTP says, and space with the quota.
func (f files) lists(content map[string]string) {
	got := strings.Split(strings.TrimSpace(f.must("list", "-h", f.on("up"))), "\n")
	want := []string{}
	for name := range content {
		want = append(want, name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		f.Errorf("lists\n%q, want\n%q", got, want)
	}
	head := f.s.Must(f, rig.Request{Method: "HEAD", Path: "up/with%20space"}, 200).Header
	modified, err := http.ParseTime(head.Get("Last-Modified"))
	if err != nil || time.Since(modified).Abs() > time.Hour {
		f.Errorf("Last-Modified: %q, %v", head.Get("Last-Modified"), err)
	}
	for path, lines := range map[string][]string{
		"up/with space": {"display name: with space", "type: regular", "size:  " + strconv.Itoa(len(content["with space"])),
			"  time::modified: " + strconv.FormatInt(modified.Unix(), 10), "  etag::value: " + head.Get("ETag")},
		"up/empty": {"type: regular", "size:  0"},
		"up":       {"display name: up", "type: directory"},
		"":         {"type: directory"},
	} {
		info := f.must("info", f.on(path))
		for _, line := range lines {
			if !strings.Contains("\n"+info, "\n"+line+"\n") {
				f.Errorf("%q: no %q in\n%s", path, line, info)
			}
		}
	}
	f.refused("Not Found", "", "info", f.on("up/none"))
	if out, err := f.s.Cairn("", "user", "quota", rig.User, "1GB"); err != nil {
		f.Fatalf("%v: %s", err, out)
	}
	if info := f.must("info", "-f", f.on("")); !strings.Contains(info, "filesystem::size: 1000000000\n") || !strings.Contains(info, "filesystem::free: 99") {
		f.Errorf("of the quota:\n%s", info)
	}
}

// saves writes as an editor does, which knows what it opened.
func (f files) saves() {
	tag := f.s.Must(f, rig.Request{Method: "HEAD", Path: "up/plain"}, 200).Header.Get("ETag")
	if out, err := f.gio("saved", "save", "-e", tag, f.on("up/plain")); err != nil {
		f.Errorf("%v: %s", err, out)
	}
	f.refused("externally modified", "lost", "save", "-e", tag, f.on("up/plain"))
	f.holds("up/plain", "saved")
}

// moves moves and copies on the server: none of the content comes or goes.
func (f files) moves(content map[string]string) {
	f.must("mkdir", f.on("other"))
	seen := f.s.Requests(f, func() {
		f.must("copy", f.on("up/a+b&c"), f.on("up/copied 100%"))
		f.must("move", f.on("up/ümläut"), f.on("up/moved #1?"))
		f.must("move", f.on("up/moved #1?"), f.on("up/empty"))
		f.must("rename", f.on("up/what?"), "what else?")
		f.must("move", f.on("up/日本語"), f.on("other/"))
		f.must("move", f.on("other"), f.on("up/nested"))
	})
	if got, want := seen.Count("COPY MOVE PUT GET"), "COPY 1, MOVE 5, PUT 0, GET 0"; got != want {
		f.Errorf("took %s, want %s: %v", got, want, seen)
	}
	for path, name := range map[string]string{"up/copied 100%": "a+b&c", "up/a+b&c": "a+b&c", "up/empty": "ümläut",
		"up/what else?": "what?", "up/nested/日本語": "日本語"} {
		f.holds(path, content[name])
	}
	for _, path := range []string{"up/ümläut", "up/moved #1?", "up/what?", "up/日本語", "other"} {
		f.gone(path)
	}
}

func (f files) removes() {
	f.must("remove", f.on("up/#hash"))
	f.gone("up/#hash")
	f.refused("not empty", "", "remove", f.on("up"))
	f.must("remove", f.on("up/nested/日本語"), f.on("up/nested"))
	f.gone("up/nested")
}
