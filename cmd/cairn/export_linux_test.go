package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/store"

	"golang.org/x/sys/unix"
)

// process runs this program as a process of its own, to its end.
func process(t *testing.T, dir string, args ...string) (stdout, stderr string, state *os.ProcessState) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command(dir, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal("it did not run")
	}
	return out.String(), errs.String(), cmd.ProcessState
}

func command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{"--unsafe-fs", "--data", dir}, args...)...)
	cmd.Env = append(os.Environ(), "RUN_CAIRN=1", "XDG_CONFIG_HOME=/nowhere")
	return cmd
}

// accounts makes a data folder with these accounts.
func accounts(t *testing.T, names ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	for _, name := range names {
		must(t, dir, "", "user", "add", name)
	}
	return dir
}

// imported makes a data folder with what is in a folder, for ada.
func imported(t *testing.T, from string) (dir string) {
	t.Helper()
	dir = accounts(t, "ada")
	must(t, dir, "", "import", "--user", "ada", from)
	return dir
}

// A tree comes in and goes out, and is what it was; so it is in a second round, which
// finds everything there.
func TestExport_roundTrip(t *testing.T) {
	data, src, dst := accounts(t, "ada"), t.TempDir(), filepath.Join(t.TempDir(), "new", "folder")
	oddTree(t, src, *treeFiles)
	if err := os.Chtimes(src, time.Time{}, oddTimes()[0]); err != nil {
		t.Fatal(err)
	}
	want := readTree(t, src)
	for _, round := range []struct{ again string }{{""}, {"were there already"}} {
		args := [][]string{{"import", "--user", "ada", "--to", "/in", src}, {"export", "--user", "ADA", "--from", "in", dst}}
		if round.again != "" {
			args[1] = append(args[1], "--resume")
		}
		for _, a := range args {
			begin := time.Now()
			out, errs, state := process(t, data, a...)
			if state.ExitCode() != 0 || errs != "" || strings.Count(out, "\n") != 1 || !strings.Contains(out, round.again) {
				t.Fatalf("%s: %v\n%s%s", a[0], state, out, errs)
			}
			t.Logf("%s %.1f s, %d MiB at most, %.1f s CPU; %s", a[0], time.Since(begin).Seconds(), state.SysUsage().(*syscall.Rusage).Maxrss>>10,
				(state.UserTime() + state.SystemTime()).Seconds(), out)
		}
		sameTree(t, readTree(t, dst), want)
	}
	if out, errs, state := process(t, data, "verify", "--deep"); state.ExitCode() != 0 {
		t.Errorf("verify: %v\n%s%s", state, out, errs)
	}
}

// What is there and differs is written again; what is half-way is removed.
func TestExport_resume(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	for _, name := range []string{"same", "longer", "newer", "gone", "sub/gone"} {
		write(t, filepath.Join(src, name), "text of "+name)
	}
	data := imported(t, src)
	must(t, data, "", "export", "--user", "ada", dst)
	write(t, filepath.Join(dst, "longer"), "text of longer, and more")
	write(t, filepath.Join(dst, "newer"), "text of newex")
	write(t, filepath.Join(dst, "sub", ".cairn-export-00-1"), "half")
	write(t, filepath.Join(dst, "mine"), "of another origin")
	os.RemoveAll(filepath.Join(dst, "gone"))
	os.Remove(filepath.Join(dst, "sub", "gone"))
	if out, errs, code := cairn(t, data, "", "export", "--user", "ada", dst); code != 1 || out != "" || !strings.Contains(errs, "is not empty") || !strings.Contains(errs, "--resume") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	out := must(t, data, "", "export", "--user", "ada", dst, "--resume")
	if !strings.HasPrefix(out, "exported 5 files (67 B) and 1 folder to "+dst+" in ") || !strings.HasSuffix(out, "; 1 was there already\n") {
		t.Errorf("%q", out)
	}
	got := readTree(t, dst)
	if _, ok := got["mine"]; !ok {
		t.Error("a file of another origin is gone")
	}
	delete(got, "mine")
	want := readTree(t, src)
	want[""] = got[""] // the root of a space has a time of its own
	sameTree(t, got, want)
}

// A file alone, a folder alone, and all accounts.
func TestExport_parts(t *testing.T) {
	src := t.TempDir()
	write(t, filepath.Join(src, "a", "b", "c"), "text")
	write(t, filepath.Join(src, "d"), "")
	data := imported(t, src)
	must(t, data, "", "user", "add", "bob@example.org")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"c", []string{"--user", "ada", "--from", "/a/b/c"}},
		{"b b/c", []string{"--user", "ada", "--from", "/a/"}},
		{"ada ada/a ada/a/b ada/a/b/c ada/d bob@example.org", nil},
	} {
		dst := filepath.Join(t.TempDir(), "out")
		must(t, data, "", append([]string{"export", dst}, c.args...)...)
		var names []string
		filepath.WalkDir(dst, func(path string, _ os.DirEntry, err error) error {
			if name, _ := filepath.Rel(dst, path); name != "." {
				names = append(names, name)
			}
			return err
		})
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%v: %q, want %q", c.args, got, c.want)
		}
	}
}

// Nobody can have an export write somewhere else by what they put in its folder.
func TestExport_links(t *testing.T) {
	src, dst, outside := t.TempDir(), t.TempDir(), t.TempDir()
	for _, name := range []string{"file", "new", "sub/file", "beside/file", "pipe", "folder", "plain/file", "free"} {
		write(t, filepath.Join(src, name), "of the account")
	}
	data := imported(t, src)
	victim := write(t, filepath.Join(outside, "victim"), "untouched")
	write(t, filepath.Join(dst, "other", "file"), "untouched")
	write(t, filepath.Join(dst, "folder", "mine"), "untouched")
	write(t, filepath.Join(dst, "plain"), "untouched")
	for name, to := range map[string]string{"file": victim, "new": filepath.Join(outside, "new"), "sub": outside, "beside": "other"} {
		if err := os.Symlink(to, filepath.Join(dst, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(dst, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := cairn(t, data, "", "export", "--user", "ada", "--resume", dst)
	last := strings.LastIndex(strings.TrimSuffix(out, "\n"), "\n") + 1
	want := `left out: ada:/beside and all in it: a symbolic link is in the way
left out: ada:/file: a symbolic link is in the way
left out: ada:/folder: a folder is in the way
left out: ada:/new: a symbolic link is in the way
left out: ada:/pipe: a named pipe is in the way
left out: ada:/plain and all in it: a file is in the way
left out: ada:/sub and all in it: a symbolic link is in the way
`
	if code != 1 || errs != "" || out[:last] != want || !strings.HasSuffix(out, "; 7 left out, see above\n") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	for _, path := range []string{victim, filepath.Join(dst, "other", "file"), filepath.Join(dst, "folder", "mine"), filepath.Join(dst, "plain")} {
		if text, err := os.ReadFile(path); err != nil || string(text) != "untouched" {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	if list, _ := os.ReadDir(outside); len(list) != 1 {
		t.Errorf("made outside: %v", list)
	}
	if text, err := os.ReadFile(filepath.Join(dst, "free")); err != nil || string(text) != "of the account" {
		t.Errorf("%q, %v", text, err)
	}
}

// A name that appears while a file is written is not overwritten: to a file system that
// folds case it may be the name of another of the account's files.
func TestExport_clash(t *testing.T) {
	dir := t.TempDir()
	to, err := openTarget(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer to.root.Close()
	root, err := to.root.OpenRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	left := newLeftOuts(&bytes.Buffer{}, newProgress(&bytes.Buffer{}, "export"))
	d, err := to.open(root, time.Time{}, "", left)
	if err != nil {
		t.Fatal(err)
	}
	defer d.leave()
	put := func(name, text string) error {
		return d.write(store.Node{Name: name}, name, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	if err := put("foo", "first"); err != nil {
		t.Fatal(err)
	}
	if err := put("foo", "second"); err == nil || !strings.Contains(err.Error(), "takes the name for another") {
		t.Errorf("a file over a file: %v", err)
	}
	if _, err := d.sub("foo", time.Time{}, ""); err == nil || !strings.Contains(err.Error(), "takes the name for another") {
		t.Errorf("a folder over a file: %v", err)
	}
	to.trims = true
	if err := put("bar.", "x"); err == nil || !strings.Contains(err.Error(), "drops the dot") {
		t.Errorf("a dot at the end: %v", err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "foo")); string(got) != "first" {
		t.Errorf("%q, %v", got, err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
}

// What is damaged is named and left out, the rest goes on.
func TestExport_damaged(t *testing.T) {
	dir, pack := storeWith(t, 64<<10)
	src, dst := t.TempDir(), t.TempDir()
	write(t, filepath.Join(src, "sound"), "text")
	must(t, dir, "", "import", "--user", "ada", src)
	text, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	text[bytes.Index(text, noise(64))+1000] ^= 1
	if err := os.WriteFile(pack, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := cairn(t, dir, "", "export", "--user", "ada", dst)
	if code != 1 || errs != "" || !strings.HasPrefix(out, "left out: ada:/film: it is damaged in the store; 'cairn verify --deep' says more\nexported 1 file (4 B) and 0 folders to ") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if list, _ := os.ReadDir(dst); len(list) != 1 || list[0].Name() != "sound" {
		t.Errorf("exported: %v", list)
	}
}

// What cannot be done is said before anything is.
func TestExport_refused(t *testing.T) {
	src := t.TempDir()
	file := write(t, filepath.Join(src, "file"), "text")
	data := imported(t, src)
	out := filepath.Join(t.TempDir(), "out")
	refused := func(want string, args ...string) {
		t.Helper()
		if text, errs, code := cairn(t, data, "", args...); code != 1 || text != "" || !strings.Contains(errs, want) || strings.Contains(errs, "<nil>") {
			t.Errorf("%v: exit code %d, %q, %q, want %q", args, code, text, errs, want)
		}
	}
	refused("no account named bob", "export", "--user", "bob", out)
	refused("ada has no nothing/here", "export", "--user", "ada", "--from", "nothing/here", out)
	refused("--from is a path of one account", "export", "--from", "file", out)
	refused("no account can have such a path", "export", "--user", "ada", "--from", "a/../b", out)
	refused("is a file, not a folder", "export", "--user", "ada", file)
	refused("is in the data folder", "export", "--user", "ada", filepath.Join(data, "packs", "out"))
	refused("is in the data folder", "import", "--user", "ada", data)
	refused("no account named bob", "import", "--user", "bob", src)
	refused("missing flags: --user", "import", src)
	refused("is a file, not a folder", "import", "--user", "ada", file)
	refused("no such file or directory", "import", "--user", "ada", out)
	refused("is a file of the account", "import", "--user", "ada", "--to", "/file", src)
	refused("no account can have such a path", "import", "--user", "ada", "--to", "/x/../y", src)
	s, err := store.Open(t.Context(), store.Options{Dir: data, UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	refused("another cairn is using "+data, "export", "--user", "ada", out)
	refused("another cairn is using "+data, "import", "--user", "ada", src)
	s.Close()
	if _, err := os.Stat(out); err == nil {
		t.Error("a folder was made")
	}
}

// Ctrl-C leaves whole files only, and --resume goes on.
func TestExport_interrupted(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	for i := range 30 {
		write(t, filepath.Join(src, "sub", "file"+strings.Repeat("x", i)), strings.Repeat("text", i))
	}
	big, err := os.Create(filepath.Join(src, "big"))
	if err != nil {
		t.Fatal(err)
	}
	if err := big.Truncate(400 << 20); err != nil { // takes a while, and no room in the store
		t.Fatal(err)
	}
	big.Close()
	data := imported(t, src)
	cmd := command(data, "export", "--user", "ada", dst)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	half := regexp.MustCompile(`^\.cairn-export-[0-9a-f]{16}-\d+$`)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		list, _ := os.ReadDir(dst)
		found := false
		for _, e := range list {
			info, err := e.Info()
			found = found || half.MatchString(e.Name()) && err == nil && info.Size() > 1<<20
		}
		if found {
			break
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			t.Fatal("it does not begin")
		}
	}
	begin := time.Now()
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || time.Since(begin) > 5*time.Second || !strings.HasPrefix(out.String(), "exported so far: ") ||
		errs.String() != "cairn: stopped\n  hint: the same command with --resume goes on\n" {
		t.Errorf("exit code %d after %v\n%s%s", code, time.Since(begin), out.String(), errs.String())
	}
	if list, _ := os.ReadDir(dst); len(list) > 1 { // sub at most
		t.Errorf("left behind: %v", list)
	}
	must(t, data, "", "export", "--user", "ada", dst, "--resume")
	got, want := readTree(t, dst), readTree(t, src)
	want[""] = got[""]
	sameTree(t, got, want)
}
