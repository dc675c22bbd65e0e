package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/store"

	"golang.org/x/sys/unix"
)

// lines are those of a text but the last, which is checked to end a command that left
// things out.
func lines(t *testing.T, out string) string {
	t.Helper()
	last := strings.LastIndex(strings.TrimSuffix(out, "\n"), "\n") + 1
	if !strings.HasSuffix(out, " left out, see above\n") {
		t.Errorf("the last line is %q", out[last:])
	}
	return out[:last]
}

// A tree may hold more than files and folders with names that Cairn holds.
func TestImport_leftOut(t *testing.T) {
	src := t.TempDir()
	secret := write(t, filepath.Join(t.TempDir(), "secret"), "of somebody else")
	at := func(name string) string { return filepath.Join(src, name) }
	write(t, at("plain"), "text")
	write(t, at("latin \xe9"), "x")
	write(t, at("a\nb"), "x")
	write(t, at("\x7f"), "x")
	write(t, at("\x01/below"), "x")
	write(t, at("caf\u00e9"), "second")
	write(t, at("cafe\u0301"), "first")
	write(t, at("\u212b/x"), "third")   // ANGSTROM SIGN
	write(t, at("\u00c5/x"), "second")  // A WITH RING
	write(t, at("A\u030a/x"), "first")  // A and COMBINING RING
	write(t, at("\u212aelvin"), "also") // KELVIN SIGN: in NFC it is a K
	write(t, at("Kelvin"), "first")
	for name, to := range map[string]string{"link": secret, "link to folder": filepath.Dir(secret), "dangling": "nowhere"} {
		if err := os.Symlink(to, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(src) // the path of a socket must be short
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write(t, at("taken"), "a file")
	write(t, at("taken2/below"), "a folder")
	deep := strings.Repeat("d/", 300)
	root, err := os.OpenRoot(src)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile(strings.Repeat("d/", 255)+"fits", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile(strings.Repeat("d/", 256)+"deep", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	first := t.TempDir() // what the account has before
	write(t, filepath.Join(first, "taken", "x"), "")
	write(t, filepath.Join(first, "taken2"), "")
	data := imported(t, first)

	q := func(name string) string { return fmt.Sprintf("%q", at(name)) }
	want := []string{
		q("\x01") + " and all in it: Cairn holds no names with control characters",
		q("\x7f") + ": Cairn holds no names with control characters",
		q("a\nb") + ": Cairn holds no names with control characters",
		q("latin \xe9") + ": Cairn holds names in UTF-8 only",
		at("caf\u00e9") + ": to Cairn it has the same name as \"cafe\\u0301\"",
		at("\u212b") + " and all in it: to Cairn it has the same name as \"A\\u030a\"",
		at("\u00c5") + " and all in it: to Cairn it has the same name as \"A\\u030a\"",
		at("\u212aelvin") + ": to Cairn it has the same name as \"Kelvin\"",
		at("dangling") + ": it is a symbolic link, to nowhere",
		at("link") + ": it is a symbolic link, to " + secret,
		at("link to folder") + ": it is a symbolic link, to " + filepath.Dir(secret),
		at("pipe") + ": it is a named pipe",
		at("socket") + ": it is a socket",
		at("taken") + ": a folder of the account has the name",
		at("taken2") + " and all in it: a file of the account has the name",
		at(strings.Repeat("d/", 256)+"d") + " and all in it: Cairn holds paths of up to 256 names",
		at(strings.Repeat("d/", 256)+"deep") + ": Cairn holds paths of up to 256 names",
	}
	check := func(out string, want []string) {
		t.Helper()
		got := lines(t, out)
		for _, line := range want {
			if !strings.Contains(got, "left out: "+line+"\n") {
				t.Errorf("not told: %s", line)
			}
			got = strings.Replace(got, "left out: "+line+"\n", "", 1)
		}
		if got != "" {
			t.Errorf("told as well: %s", got)
		}
	}
	out, errs, code := cairn(t, data, "", "import", "--user", "ada", "--dry-run", src)
	if code != 1 || errs != "" || !strings.Contains(out, "would import ") {
		t.Errorf("exit code %d, %q", code, errs)
	}
	check(out, want)
	out, errs, code = cairn(t, data, "", "import", "--user", "ada", src)
	if code != 1 || errs != "" || !strings.Contains(out, "imported ") {
		t.Errorf("exit code %d, %q", code, errs)
	}
	check(out, want)

	dst := t.TempDir()
	must(t, data, "", "export", "--user", "ada", dst)
	got := readTree(t, dst)
	for name, text := range map[string]string{"plain": "text", "cafe\u0301": "first", "A\u030a/x": "first", "Kelvin": "first", strings.Repeat("d/", 255) + "fits": ""} {
		if f, ok := got[name]; !ok || f.folder || f.size != int64(len(text)) {
			t.Errorf("%.100q: %+v", name, f)
		}
	}
	if n := 1 + 3 + 5 + 256 + 1; len(got) != n { // the root, what was there, the first four with a folder, and the deep one
		t.Errorf("%d files and folders, want %d", len(got), n)
	}
}

// A file with several names is read once.
func TestImport_hardLinks(t *testing.T) {
	src := t.TempDir()
	text := string(noise(100_000))
	write(t, filepath.Join(src, "a", "one"), text)
	for _, name := range []string{"a/two", "b/c/three"} {
		os.MkdirAll(filepath.Dir(filepath.Join(src, name)), 0o700)
		if err := os.Link(filepath.Join(src, "a", "one"), filepath.Join(src, name)); err != nil {
			t.Fatal(err)
		}
	}
	data, dst := accounts(t, "ada"), t.TempDir()
	first := t.TempDir()
	write(t, filepath.Join(first, "two"), "an older version")
	must(t, data, "", "import", "--user", "ada", "--to", "a", first)
	if out := must(t, data, "", "import", "--user", "ada", src); !strings.HasSuffix(out, "; 2 were hard links, not read again\n") {
		t.Errorf("%q", out)
	}
	must(t, data, "", "export", "--user", "ada", dst)
	got, want := readTree(t, dst), readTree(t, src)
	want[""] = got[""]
	sameTree(t, got, want)
}

// What changed since an import becomes a new version; what did not is left alone.
func TestImport_again(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	for _, name := range []string{"same", "longer", "newer", "sub/new"} {
		write(t, filepath.Join(src, name), "text")
	}
	data := imported(t, src)
	write(t, filepath.Join(src, "longer"), "longer text")
	write(t, filepath.Join(src, "newer"), "else")
	if err := os.Chtimes(filepath.Join(src, "newer"), time.Time{}, time.Unix(1, 2)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(src, "sub"), time.Time{}, time.Unix(3, 4)); err != nil {
		t.Fatal(err)
	}
	if out := must(t, data, "", "import", "--user", "ada", src); !strings.Contains(out, "imported 4 files (23 B) and 1 folder into ada in ") || !strings.HasSuffix(out, "; 2 were there already\n") {
		t.Errorf("%q", out)
	}
	must(t, data, "", "export", "--user", "ada", dst)
	got, want := readTree(t, dst), readTree(t, src)
	want[""] = got[""]
	sameTree(t, got, want)
	change(t, data, func(s *store.Store, sc store.Scope) {
		for name, want := range map[store.Path]int{"same": 0, "longer": 1, "newer": 1, "sub/new": 0} {
			if _, old, err := s.Versions(t.Context(), sc, name, 0, 10); err != nil || len(old) != want {
				t.Errorf("%s: %d older versions, want %d (%v)", name, len(old), want, err)
			}
		}
	})
}

// Ctrl-C stops it at once, and the same command goes on.
func TestImport_interrupted(t *testing.T) {
	src, dst, data := t.TempDir(), t.TempDir(), accounts(t, "ada")
	oddTree(t, src, 500)
	big, err := os.Create(filepath.Join(src, "a big one")) // it is read early, and for long
	if err != nil {
		t.Fatal(err)
	}
	if err := big.Truncate(20 << 30); err != nil {
		t.Fatal(err)
	}
	big.Close()
	some := regexp.MustCompile(`^imported so far: \d{3,} files`)
	for wait, done := 100*time.Millisecond, false; !done; wait *= 2 {
		var out, errs bytes.Buffer
		cmd := command(data, "import", "--user", "ada", src)
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		signaled := make(chan time.Time, 1)
		timer := time.AfterFunc(wait, func() {
			signaled <- time.Now()
			cmd.Process.Signal(syscall.SIGINT)
		})
		cmd.Wait()
		if timer.Stop() {
			t.Fatalf("it ended by itself: %s%s", out.String(), errs.String())
		}
		begin := <-signaled
		if cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			continue // it had not begun
		}
		if code := cmd.ProcessState.ExitCode(); code != 130 || time.Since(begin) > 5*time.Second || !strings.HasPrefix(errs.String(), "cairn: stopped\n") {
			t.Fatalf("exit code %d after %v\n%s%s", code, time.Since(begin), out.String(), errs.String())
		}
		t.Logf("signal after %v, end %v later: %s", wait, time.Since(begin), out.String())
		done = some.MatchString(out.String())
	}
	if err := os.Remove(big.Name()); err != nil {
		t.Fatal(err)
	}
	again := must(t, data, "", "import", "--user", "ada", src)
	if !strings.Contains(again, "there already") {
		t.Errorf("%q", again)
	}
	must(t, data, "", "export", "--user", "ada", dst)
	got, want := readTree(t, dst), readTree(t, src)
	want[""] = got[""]
	sameTree(t, got, want)
}

// What fits under the quota stays, and with a larger one the same command goes on.
func TestImport_quota(t *testing.T) {
	src, data := t.TempDir(), accounts(t, "ada")
	must(t, data, "", "user", "quota", "ada", "1MiB")
	write(t, filepath.Join(src, "a"), string(noise(100_000)))
	write(t, filepath.Join(src, "b"), string(noise(2_000_000)))
	out, errs, code := cairn(t, data, "", "import", "--user", "ada", src)
	if code != 1 || !strings.HasPrefix(out, "imported so far: ") || errs != "cairn: put b: quota exceeded\n  hint: 'cairn user quota ada SIZE' sets another one; then the same command goes on\n" {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	must(t, data, "", "user", "quota", "ada", "0")
	if out := must(t, data, "", "import", "--user", "ada", src); !strings.HasPrefix(out, "imported 2 files ") {
		t.Errorf("%q", out)
	}
}

// A file that changes while it is read leaves what was there.
func TestImport_changes(t *testing.T) {
	data := accounts(t, "ada")
	s, err := store.Open(t.Context(), store.Options{Dir: data, UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	u, err := s.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := s.Home(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), sc, "f", strings.NewReader("old"), store.PutOptions{Size: -1}); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(path string) error{
		"longer":  func(path string) error { return os.WriteFile(path, []byte("much longer"), 0o600) },
		"shorter": func(path string) error { return os.Truncate(path, 1) },
		"newer":   func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
	} {
		path := write(t, filepath.Join(t.TempDir(), "f"), "new text")
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		was, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		src := &source{ctx: t.Context(), f: f, was: was, count: &tally{}}
		_, err = s.Put(t.Context(), sc, "f", src, store.PutOptions{Size: was.Size(), ModTime: was.ModTime()})
		f.Close()
		if !errors.Is(err, errChanged) && !errors.Is(err, store.ErrIncomplete) && !errors.Is(err, store.ErrTooLong) {
			t.Errorf("%s: %v", what, err)
		}
		if n, err := s.Stat(t.Context(), sc, "f"); err != nil || n.Size != 3 {
			t.Errorf("%s: %d bytes, %v", what, n.Size, err)
		}
		m := &importer{crew: newCrew(t.Context(), 1), left: newLeftOuts(&bytes.Buffer{}, newProgress(&bytes.Buffer{}, "import"))}
		if rerr := m.refused("f", err); rerr != nil || m.left.String() != "; 1 left out, see above" {
			t.Errorf("%s: %v, %s", what, rerr, m.left)
		}
		m.crew.end(nil)
	}
}

// A folder of more names than are held at once.
func TestImport_crowded(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	for i := range namesBatch + 10 {
		write(t, filepath.Join(src, fmt.Sprint(i)), "")
	}
	write(t, filepath.Join(src, "e\u0301"), "")
	write(t, filepath.Join(src, "\u00e9"), "")
	data := accounts(t, "ada")
	out, errs, code := cairn(t, data, "", "import", "--user", "ada", src)
	if code != 1 || errs != "" || lines(t, out) != "left out: "+filepath.Join(src, "\u00e9")+": to Cairn it has the same name as \"e\\u0301\"\n" {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	must(t, data, "", "export", "--user", "ada", dst)
	if list, err := os.ReadDir(dst); err != nil || len(list) != namesBatch+11 {
		t.Errorf("%d files, %v", len(list), err)
	}
}
