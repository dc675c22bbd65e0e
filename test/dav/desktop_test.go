package dav

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"cairn/test/rig"
)

// desktop is a session as GNOME has one, without a screen: a message bus of its own,
// and what is started over it when it is needed (gvfsd, and one process a mount). All of
// it ends with the test.
type desktop struct {
	t   *testing.T
	dir string // home and runtime folder; commands run here
	env []string
}

func startDesktop(t *testing.T) *desktop {
	t.Helper()
	run := rig.Need(t, "dbus-run-session", "dbus-daemon")
	dir := t.TempDir()
	d := &desktop{t: t, dir: dir, env: append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir, "XDG_DATA_HOME="+dir,
		"XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir, "LC_ALL=C.UTF-8", "http_proxy=", "https_proxy=", "all_proxy=",
		// No mount in the file system, no search for cameras and phones, no settings.
		"GVFS_DISABLE_FUSE=1", "GVFS_REMOTE_VOLUME_MONITOR_IGNORE=1", "GSETTINGS_BACKEND=memory")}
	// The session lasts as long as its command, and cat as long as its input.
	cmd := exec.Command(run, "--", "sh", "-c", `echo "$DBUS_SESSION_BUS_ADDRESS"; exec cat`)
	cmd.Dir, cmd.Env = dir, d.env
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	// Nobody may wait for outputs that the session's processes share.
	cmd.WaitDelay = rig.Patience
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the session: %v", err)
		}
		if !rig.Poll(rig.Patience, func() bool { return len(d.processes()) == 0 }) {
			t.Errorf("of the session is left: %v", d.processes())
			for pid := range d.processes() {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if t.Failed() {
			t.Logf("the session said:\n%s", log.String())
		}
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no message bus: %v", err)
	}
	d.env = append(d.env, "DBUS_SESSION_BUS_ADDRESS="+strings.TrimSpace(address))
	return d
}

// processes are those that were started with the session's runtime folder.
func (d *desktop) processes() map[int]string {
	found := map[int]string{}
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range all {
		env, err := os.ReadFile(file) // empty of one that has ended
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00XDG_RUNTIME_DIR="+d.dir+"\x00")) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		args, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		found[pid] = strings.ReplaceAll(strings.TrimRight(string(args), "\x00"), "\x00", " ")
	}
	return found
}

// run runs a command in the session, with an input, and returns what it printed.
func (d *desktop) run(input, name string, args ...string) (stdout, stderr string, err error) {
	d.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = d.dir, d.env
	cmd.Stdin = strings.NewReader(input)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	return out.String(), said.String(), err
}
