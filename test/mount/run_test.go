package mount

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cairn/test/rig"

	"golang.org/x/sys/unix"
)

// process is `cairn mount`.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	at    string // where it is mounted
	ended chan struct{}
	err   error // of the process, once it has ended

	mu  sync.Mutex
	log bytes.Buffer
}

// Write keeps what the process says.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// command is `cairn mount`, not started, on the data folder data.
func command(t testing.TB, data, at string, flags ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(rig.Binary(t, ""), append([]string{"--data", data, "mount", at}, flags...)...)
	cmd.Env = append(os.Environ(), "CAIRN_UNSAFE_FS=true", "CAIRN_CONFIG="+os.DevNull)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// mount mounts, and takes care that nothing of it survives the test.
func mount(t testing.TB, data string, flags ...string) *process {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil || os.Getuid() != 0 {
		t.Fatalf("this test mounts: it needs root and /dev/fuse (modprobe fuse): %v", err)
	}
	p := &process{t: t, at: t.TempDir(), ended: make(chan struct{})}
	p.cmd = command(t, data, p.at, flags...)
	p.cmd.Stderr = p
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Signal(syscall.SIGTERM)
		if !p.over(10 * time.Second) {
			t.Error("the mount did not end in time")
			p.cmd.Process.Kill()
			<-p.ended
		}
		if mounted(t, p.at) {
			t.Error("something is still mounted")
			unix.Unmount(p.at, unix.MNT_DETACH)
		}
		if t.Failed() {
			t.Logf("the mount said:\n%s", p.said())
		}
	})
	ready := make(chan bool, 1)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			p.Write([]byte(s.Text() + "\n"))
			if strings.HasPrefix(s.Text(), "mounted at ") {
				ready <- true
			}
		}
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	select {
	case <-ready:
	case <-p.ended:
		t.Fatalf("the mount ended at its start: %v", p.err)
	case <-time.After(rig.Patience):
		t.Fatal("nothing is mounted in time")
	}
	return p
}

// over waits for the end of the process.
func (p *process) over(patience time.Duration) bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(patience):
		return false
	}
}

// stop ends the mount as its operator does.
func (p *process) stop() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.endsWell()
}

// endsWell waits for a clean end that leaves nothing mounted.
func (p *process) endsWell() {
	p.t.Helper()
	if !p.over(rig.Patience) {
		p.t.Fatal("the mount does not end")
	}
	if p.err != nil {
		p.t.Errorf("the mount ended with %v", p.err)
	}
	if mounted(p.t, p.at) {
		p.t.Error("something is still mounted")
	}
}

// path is that of something in the mount.
func (p *process) path(names ...string) string {
	return filepath.Join(append([]string{p.at}, names...)...)
}

// mounted reports whether something is mounted at a folder.
func mounted(t testing.TB, at string) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), " "+at+" ")
}

// soon runs what must not hang.
func soon[T any](t testing.TB, what string, patience time.Duration, f func() (T, error)) (T, error) {
	t.Helper()
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-time.After(patience):
		t.Fatalf("%s hangs", what)
	}
	panic("not reached")
}

// failsWith checks the system's word for a failure.
func failsWith(t testing.TB, what string, err error, want syscall.Errno) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
