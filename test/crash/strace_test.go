package crash

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"cairn/test/rig"
)

// syscallLine is what strace -f -y prints: thread, call, file behind the descriptor.
var syscallLine = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<([^>]*)>?(.*)$`)

// TestStrace holds the binary that people run to what the recorder says: the system
// calls of one PUT come in the order write to the pack, fdatasync of the pack, write
// of COMMIT to SQLite's log, answer.
func TestStrace(t *testing.T) {
	strace := rig.Need(t, "strace", "strace")
	s := rig.Start(t, rig.Options{})
	s.Put(t, "warm-up.txt", "so that the pack is there and the password is known")
	out := filepath.Join(t.TempDir(), "strace")
	cmd := exec.Command(strace, "-f", "-y", "-s", "64", "-o", out, "-p", strconv.Itoa(s.PID()),
		"-e", "trace=write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sendto,sync_file_range")
	says, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	attached := false
	text := bufio.NewScanner(says)
	for !attached && text.Scan() {
		attached = strings.Contains(text.Text(), "attached")
	}
	if !attached {
		t.Fatalf("strace does not attach to the server: run the tests as root, or as a user who may trace")
	}
	s.Must(t, rig.Request{Method: "PUT", Path: "traced.txt", Body: "the bytes of one PUT"}, 201)
	cmd.Process.Signal(syscall.SIGINT)
	for text.Scan() { // until it has let go
	}
	cmd.Wait()

	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	// A call that others interrupt has two lines: what it wrote counts from its end,
	// a flush covers what ended before its beginning, a reply from its beginning.
	type open struct{ call, file string }
	unfinished := map[string]open{}
	const (
		wrote = 1 << iota
		flushed
		committed
		replied
	)
	done, dirty := 0, false
	covers := map[string]bool{} // thread -> nothing was written since its flush began
	var story []string
	ended := func(thread, call, file string) {
		switch {
		case strings.HasSuffix(file, ".pack") && strings.Contains(call, "write"):
			done, dirty = done|wrote, true
			for th := range covers {
				covers[th] = false
			}
		case strings.HasSuffix(file, ".pack") && strings.HasSuffix(call, "sync"):
			if covers[thread] {
				dirty = false
			}
			if done&wrote != 0 && !dirty {
				done |= flushed
			}
		case strings.HasSuffix(file, "meta.db-wal") && strings.Contains(call, "write"):
			if dirty {
				t.Errorf("COMMIT is written while the pack is not flushed")
			}
			if done&flushed != 0 {
				done |= committed
			}
		}
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		thread, _, _ := strings.Cut(line, " ")
		if strings.Contains(line, "resumed>") {
			if u, ok := unfinished[thread]; ok {
				story = append(story, u.call+" "+filepath.Base(u.file)+" (ends)")
				ended(thread, u.call, u.file)
			}
			delete(unfinished, thread)
			continue
		}
		m := syscallLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		call, file, rest := m[2], m[3], m[4]
		isReply := strings.Contains(rest, `"HTTP/1.1 201`)
		if !isReply && !strings.Contains(file, s.Dir) {
			continue
		}
		if strings.HasSuffix(call, "sync") {
			covers[thread] = true
		}
		if isReply {
			story = append(story, call+" HTTP/1.1 201")
			if dirty || done&committed == 0 {
				t.Errorf("the answer is written too early")
			}
			done |= replied
			break
		}
		if strings.Contains(rest, "<unfinished") {
			unfinished[thread] = open{call, file}
			story = append(story, call+" "+filepath.Base(file)+" (begins)")
			continue
		}
		story = append(story, call+" "+filepath.Base(file))
		ended(thread, call, file)
	}
	if done != wrote|flushed|committed|replied {
		t.Errorf("not every step was seen (%04b)", done)
	}
	if t.Failed() {
		t.Logf("all of it:\n%s", b)
	}
	t.Logf("system calls of one PUT:\n%s", strings.Join(story, "\n"))
}
