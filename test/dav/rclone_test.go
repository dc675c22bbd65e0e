package dav

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/test/rig"
)

// roots are the folders at the top of the tree. Debian's rclone makes at most 100
// requests a second, whatever the server can do, so that each has one of its own.
const roots = 10

// TestRclone runs Debian's, which is that of 2022; TestMirror and TestProxy a recent one.
func TestRclone(t *testing.T) {
	t.Parallel()
	rclone(t, rig.Start(t, rig.Options{}), rig.Need(t, "rclone", "rclone"), 2000)
}

// rclone copies a tree of so many files with awkward names up and down again.
func rclone(t *testing.T, s *rig.Server, bin string, files int) {
	dir := t.TempDir()
	up, down := filepath.Join(dir, "up"), filepath.Join(dir, "down")
	tree(t, up, files)
	secret := strings.TrimSpace(rig.MustRun(t, dir, nil, bin, "obscure", rig.Password))
	config := filepath.Join(dir, "rclone.conf")
	text := fmt.Sprintf("[cairn]\ntype = webdav\nurl = %s\nvendor = rclone\nuser = %s\npass = %s\n", s.DAV, rig.User, secret)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--config", config, "--retries", "1", "--low-level-retries", "1", "--transfers", "2", "--checkers", "4"}
	// each runs rclone with two places, on every folder of the tree at once.
	each := func(command, from, to string, more ...string) (matching int) {
		t.Helper()
		begin := time.Now()
		var runs sync.WaitGroup
		var mu sync.Mutex
		for i := range roots {
			runs.Go(func() {
				args := append([]string{command, fmt.Sprintf("%s/%d", from, i), fmt.Sprintf("%s/%d", to, i)}, more...)
				out, err := rig.Run(t, dir, nil, bin, append(args, flags...)...)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("%v\n%.2000s", err, out)
				}
				if command == "check" && !strings.Contains(out, "0 differences found") {
					t.Errorf("%v: %.2000s", args, out)
				}
				for line := range strings.Lines(out) {
					var n int
					if _, rest, ok := strings.Cut(line, "NOTICE: "); ok && strings.HasSuffix(strings.TrimSpace(rest), "matching files") {
						if _, tail, ok := strings.Cut(rest, ": "); ok {
							rest = tail
						}
						fmt.Sscan(rest, &n)
						matching += n
					}
				}
			})
		}
		runs.Wait()
		t.Logf("rclone %s %s: %.1f s", command, strings.Join(more, " "), time.Since(begin).Seconds())
		return matching
	}
	each("copy", up, "cairn:tree")
	each("copy", "cairn:tree", down)
	if n := each("check", up, "cairn:tree"); n != files {
		t.Errorf("check found %d matching files, want %d", n, files)
	}
	if n := each("check", up, down); n != files {
		t.Errorf("check of what came back found %d matching files, want %d", n, files)
	}
	// What is gone here goes there.
	one := filepath.Join(up, "0", "plain")
	if err := os.RemoveAll(one); err != nil {
		t.Fatal(err)
	}
	rig.MustRun(t, dir, nil, bin, append([]string{"sync", "--size-only", filepath.Dir(one), "cairn:tree/0"}, flags...)...)
	s.Must(t, rig.Request{Path: "tree/0/plain"}, 404)
	s.Must(t, rig.Request{Path: "tree/1/plain"}, 200)
}

// tree makes files with names that some server or client stumbles over.
func tree(t *testing.T, root string, files int) {
	t.Helper()
	odd := []string{"plain", "with space", " leading", "ümläut", "u\u0308decomposed", "日本語", "percent%41", "plus+and&", "#hash?", "semi;colon",
		"quote'\"", "(brackets)[]", "tilde~", "comma,", "back\\slash", "a:b", "dot.", "emoji 🏔", "-dash", strings.Repeat("long", 60)}
	for i := range files {
		dir := filepath.Join(root, fmt.Sprint(i%roots), odd[i/100%len(odd)])
		if i%30 == 0 {
			dir = filepath.Join(dir, "deep", odd[(i/7)%len(odd)])
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s %d", odd[(i*7)%len(odd)], i)
		size := 100 + i*13%5000
		switch {
		case i%97 == 0:
			size = 0
		case i%401 == 0:
			size = 2<<20 + i
		}
		if err := os.WriteFile(filepath.Join(dir, name), random(name, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
