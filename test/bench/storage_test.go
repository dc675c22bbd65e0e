//go:build bench

package bench

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/test/bench/report"
	"cairn/test/rig"
)

var (
	storageReleases = flag.String("releases", "go1.24.13,go1.25.5,go1.26.0", "storage: Go toolchains to store, oldest first")
	storageTrees    = flag.String("trees", "", "storage: folders to store instead, with commas between")
)

// TestStorage stores three Go toolchains, which share much with one another, and
// compares what that takes on the disk: as plain files, as tar.zst, as a restic
// repository and in Cairn, from where they must come back as they were.
func TestStorage(t *testing.T) {
	zstd, restic := rig.Need(t, "zstd", "zstd"), rig.Need(t, "restic", "restic")
	trees := toolchains(t)
	table := report.NewTable("stored as", "MiB", "MiB in blocks", "of plain, %", "seconds", "read back, s")
	var plain usage
	add := func(what string, u usage, took, back float64) {
		table.Add(what, float64(u.apparent)/mib, float64(u.blocks)/mib, 100*float64(u.apparent)/float64(plain.apparent), took, back)
		note("%s: %.1f MiB, %.1f s", what, float64(u.apparent)/mib, took)
	}
	files := 0
	for _, tree := range trees {
		plain = plain.plus(diskUsage(t, tree))
		files += len(list(t, tree).files)
	}
	add("plain files", plain, nan, nan)

	each, all := t.TempDir(), t.TempDir()
	begin := time.Now()
	for i, tree := range trees {
		shell(t, `tar -C "$1" -cf - . | "$2" -q -3 -o "$3"`, tree, zstd, filepath.Join(each, fmt.Sprint(i, ".tar.zst")))
	}
	add("tar and zstd -3, each tree", diskUsage(t, each), time.Since(begin).Seconds(), nan)
	for _, level := range []string{"-3", "-3 --long=31"} {
		begin = time.Now()
		out := filepath.Join(all, strings.ReplaceAll(level, " ", ""))
		shell(t, `out=$1 zstd=$2 level=$3; shift 3; tar -cf - "$@" 2>/dev/null | "$zstd" -q $level -o "$out"`, append([]string{out, zstd, level}, trees...)...)
		info, err := os.Stat(out)
		if err != nil {
			t.Fatal(err)
		}
		add("one tar and zstd "+level, usage{info.Size(), (info.Size() + 4095) &^ 4095}, time.Since(begin).Seconds(), nan)
	}

	repo := filepath.Join(t.TempDir(), "repository")
	env := []string{"RESTIC_REPOSITORY=" + repo, "RESTIC_PASSWORD=bench", "RESTIC_CACHE_DIR=" + t.TempDir()}
	begin = time.Now()
	rig.MustRun(t, "", env, restic, "-q", "init", "--repository-version", "2")
	for _, tree := range trees {
		rig.MustRun(t, tree, env, restic, "-q", "backup", "--compression", "auto", ".")
	}
	add("restic, three backups", diskUsage(t, repo), time.Since(begin).Seconds(), nan)

	s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
	c := newClient(s)
	var took time.Duration
	for i, tree := range trees {
		begin := time.Now()
		upload(t, c, tree, fmt.Sprintf("tree%d/", i))
		took += time.Since(begin)
		c.close()
		s.Stop() // what is stored is counted at rest
		add(fmt.Sprintf("Cairn after tree %d", i+1), diskUsage(t, s.Dir), took.Seconds(), nan)
		s.Restart()
	}
	begin = time.Now()
	for i, tree := range trees {
		compare(t, c, tree, fmt.Sprintf("tree%d/", i))
	}
	back := time.Since(begin)
	c.close()
	s.Stop()
	s.Check()
	by := storeUsage(t, s.Dir)
	add("Cairn, packs", by["packs"], nan, nan)
	add("Cairn, database", by["database"], nan, nan)
	add("Cairn, hints", by["hints"], nan, nan)
	add("Cairn", diskUsage(t, s.Dir), took.Seconds(), back.Seconds())
	show(t, "storage", fmt.Sprintf("%d files in %d trees: %s", files, len(trees), releases(trees)), table,
		"Cairn: WebDAV, 8 connections, one PUT a file, at rest after a clean stop; every file read back and compared by SHA-256. The others run alone on their files, without a server.")
}

// toolchains are the trees to store, from the module proxy unless a flag names others.
func toolchains(t *testing.T) []string {
	t.Helper()
	if *storageTrees != "" {
		return strings.Split(*storageTrees, ",")
	}
	var trees []string
	for release := range strings.SplitSeq(*storageReleases, ",") {
		cmd := exec.Command("go", "mod", "download", "-json", "golang.org/toolchain@v0.0.1-"+release+".linux-amd64")
		cmd.Dir = t.TempDir() // outside of any module
		out, err := cmd.Output()
		var module struct{ Dir, Error string }
		if jerr := json.Unmarshal(out, &module); err != nil || jerr != nil || module.Dir == "" {
			t.Fatalf("go mod download %s: %v %s", release, err, module.Error)
		}
		trees = append(trees, module.Dir)
	}
	return trees
}

func releases(trees []string) string {
	var names []string
	for _, tree := range trees {
		names = append(names, strings.TrimPrefix(filepath.Base(tree), "toolchain@v0.0.1-"))
	}
	return strings.Join(names, ", ")
}

func shell(t *testing.T, script string, args ...string) {
	t.Helper()
	rig.MustRun(t, "", nil, "bash", append([]string{"-c", "set -o pipefail; " + script, "bash"}, args...)...)
}

// listing is what lies below a folder: relative paths.
type listing struct{ folders, files []string }

func list(t *testing.T, tree string) listing {
	t.Helper()
	var l listing
	err := filepath.WalkDir(tree, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(tree, p)
		switch {
		case d.IsDir() && rel != ".":
			l.folders = append(l.folders, rel)
		case d.Type().IsRegular():
			l.files = append(l.files, rel)
		case !d.IsDir():
			return fmt.Errorf("%s is neither file nor folder", p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// escaped is a relative path as part of a URL.
func escaped(rel string) string { return (&url.URL{Path: rel}).EscapedPath() }

func upload(t *testing.T, c *client, tree, to string) {
	t.Helper()
	l := list(t, tree)
	if err := c.mkcol(to); err != nil {
		t.Fatal(err)
	}
	for _, folder := range l.folders {
		if err := c.mkcol(to + escaped(folder) + "/"); err != nil {
			t.Fatal(err)
		}
	}
	err := parallel(8, 0, len(l.files), func(i int) error {
		f, err := os.Open(filepath.Join(tree, l.files[i]))
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		body := io.Reader(f)
		if info.Size() == 0 {
			body = nil // http.NewRequest takes a file's length as unknown
		}
		resp, err := c.send("PUT", to+escaped(l.files[i]), body, info.Size())
		if err != nil {
			return err
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 201 {
			return fmt.Errorf("PUT %s: %s", l.files[i], resp.Status)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, c *client, tree, from string) {
	t.Helper()
	l := list(t, tree)
	err := parallel(8, 0, len(l.files), func(i int) error {
		f, err := os.Open(filepath.Join(tree, l.files[i]))
		if err != nil {
			return err
		}
		defer f.Close()
		resp, err := c.send("GET", from+escaped(l.files[i]), nil, 0)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		want, got := sha256.New(), sha256.New()
		if _, err := io.Copy(want, f); err != nil {
			return err
		}
		if _, err := io.Copy(got, resp.Body); err != nil {
			return err
		}
		if resp.StatusCode != 200 || string(want.Sum(nil)) != string(got.Sum(nil)) {
			return fmt.Errorf("GET %s: %s, or other bytes", l.files[i], resp.Status)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
