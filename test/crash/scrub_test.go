package crash

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/test/rig"
)

// flip changes a byte in the middle of a content, where it lies in the packs.
func flip(t *testing.T, dir, content string) {
	t.Helper()
	packs, err := filepath.Glob(filepath.Join(dir, "packs", "*", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(text, []byte(content[:100]))
		if at < 0 {
			continue
		}
		f, err := os.OpenFile(p, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		at += len(content) / 2
		if _, err := f.WriteAt([]byte{text[at] ^ 1}, int64(at)); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("no pack has the content")
}

// scrubbed runs `cairn scrub` beside the server, and returns the paths that it names.
func scrubbed(t *testing.T, s *rig.Server, args ...string) (paths []string, out string, clean bool) {
	t.Helper()
	out, err := s.Cairn("", append([]string{"scrub"}, args...)...)
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, rig.User) {
			where, _, _ := strings.Cut(line, ": ")
			paths = append(paths, where)
		}
	}
	slices.Sort(paths)
	return paths, out, err == nil
}

// TestScrub damages, under a running server, a file, an older version and something in the
// trash: the scrub names these and no others, all others read well, and the content put
// again reads well. The schedule finds it by itself, too.
func TestScrub(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	content := func(seed byte, size int) string {
		b := make([]byte, size)
		rand.NewChaCha8([32]byte{seed}).Read(b)
		return string(b)
	}
	current, old, gone := content(1, 3_000_000), content(2, 200_000), content(3, 50_000)
	whole := map[string]string{}
	for i := range 20 {
		name := "whole-" + string(rune('a'+i))
		whole[name] = content(byte(100+i), 1+i*30_000)
		s.Put(t, name, whole[name])
	}
	s.Put(t, "current.bin", current)
	s.Put(t, "text.txt", old)
	s.Put(t, "text.txt", "what it holds now")
	whole["text.txt"] = "what it holds now"
	s.Put(t, "gone.bin", gone)
	s.Must(t, rig.Request{Method: "DELETE", Path: "gone.bin"}, 204)
	if paths, out, clean := scrubbed(t, s); !clean || len(paths) > 0 {
		t.Fatalf("nothing is damaged yet: %s", out)
	}
	for _, c := range []string{current, old, gone} {
		flip(t, s.Dir, c)
	}
	want := []string{"ada (trash):/gone.bin", "ada:/current.bin", "ada:/text.txt, its version of "}
	same := func(paths []string) bool {
		return slices.EqualFunc(paths, want, func(got, want string) bool {
			return got == want || strings.HasSuffix(want, " of ") && strings.HasPrefix(got, want)
		})
	}
	for _, args := range [][]string{nil, {"--status"}} {
		if paths, out, clean := scrubbed(t, s, args...); clean || !same(paths) {
			t.Errorf("scrub %v names %q: %s", args, paths, out)
		}
	}
	check := func() {
		t.Helper()
		for name, want := range whole {
			if s.Get(t, name) != want {
				t.Errorf("%s is not what it was", name)
			}
		}
		if !s.Alive() {
			t.Fatal("the server has ended")
		}
	}
	check()
	if r, err := s.Do(rig.Request{Path: "current.bin"}); err == nil && r.Status == 200 {
		t.Errorf("a damaged file is sent: %d bytes, right: %v", len(r.Body), r.Body == current)
	}
	s.Put(t, "current.bin", current)
	if s.Get(t, "current.bin") != current {
		t.Error("what was put again is not what was put")
	}
	want = []string{"ada (trash):/gone.bin", "ada:/current.bin, its version of ", "ada:/text.txt, its version of "}
	if paths, out, clean := scrubbed(t, s); clean || !same(paths) {
		t.Errorf("after it was put again the scrub names %q: %s", paths, out)
	}
	check()
	log, err := os.ReadFile(s.Log)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`where=ada:/current.bin `, `where="ada (trash):/gone.bin" `} {
		if !bytes.Contains(log, []byte(line)) {
			t.Errorf("the log does not say %s", line)
		}
	}
	s.Stop()

	// By itself, in a server that knows nothing of it.
	if err := os.Remove(filepath.Join(s.Dir, "scrub")); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.Log, 0); err != nil {
		t.Fatal(err)
	}
	s.SetEnv("CAIRN_SCRUB_EVERY=1s")
	s.Restart()
	if !rig.Poll(rig.Patience, func() bool {
		paths, _, clean := scrubbed(t, s, "--status")
		return !clean && same(paths)
	}) {
		_, out, _ := scrubbed(t, s, "--status")
		t.Errorf("the schedule does not find it: %s", out)
	}
	if log, err = os.ReadFile(s.Log); err != nil || !bytes.Contains(log, []byte(`where="ada (trash):/gone.bin" `)) {
		t.Errorf("the log does not tell: %v", err)
	}
	check()
	s.Stop()
}
