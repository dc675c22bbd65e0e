package mount

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/test/rig"

	"golang.org/x/sys/unix"
)

// TestOverwritten: who has a file open reads on in what it was, whatever happens to it.
func TestOverwritten(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	r := rand.New(rand.NewPCG(3, 4))
	old, fresh := noise(r, 8<<20), noise(r, 5<<20)
	s.Put(t, "file", old)
	p := mount(t, s.Dir, "--user", rig.User)
	name := p.path("files", "file")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1<<20)
	if _, err := io.ReadFull(f, got); err != nil {
		t.Fatal(err)
	}
	s.Put(t, "file", fresh)
	ino := before.Sys().(*syscall.Stat_t).Ino
	if !rig.Poll(rig.Patience, func() bool {
		now, err := os.ReadFile(name)
		return err == nil && string(now) == fresh
	}) {
		t.Error("what was written is never shown")
	}
	if info, err := os.Stat(name); err != nil || info.Sys().(*syscall.Stat_t).Ino != ino {
		t.Errorf("the inode number has changed by an overwrite (%v)", err)
	}
	s.Must(t, rig.Request{Method: "DELETE", Path: "file"}, 204)
	if !rig.Poll(rig.Patience, func() bool { _, err := os.Stat(name); return os.IsNotExist(err) }) {
		t.Error("what was removed is still shown")
	}
	rest, err := io.ReadAll(f)
	if err != nil || string(got)+string(rest) != old {
		t.Errorf("the open file ends with %d other bytes (%v)", len(rest), err)
	}
	if after, err := f.Stat(); err != nil || after.Size() != int64(len(old)) || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("stat of the open file: %v, %v", after, err)
	}
}

// TestServerGone: without its server a mount fails soon, and never hangs; it goes on with
// the next server.
func TestServerGone(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	r := rand.New(rand.NewPCG(5, 6))
	content := noise(r, 6<<20)
	s.Put(t, "file", content)
	s.Put(t, "other", "small")
	p := mount(t, s.Dir, "--user", rig.User)
	f, err := os.Open(p.path("files", "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s.Kill9()
	_, err = soon(t, "reading", 10*time.Second, func() (int, error) { return f.ReadAt(make([]byte, 100), 4<<20) })
	failsWith(t, "reading", err, syscall.EIO)
	_, err = soon(t, "listing", 10*time.Second, func() ([]os.DirEntry, error) { return os.ReadDir(p.path("trash")) })
	failsWith(t, "listing", err, syscall.EIO)
	_, err = soon(t, "opening", 10*time.Second, func() ([]byte, error) { return os.ReadFile(p.path("files", "other")) })
	failsWith(t, "opening", err, syscall.EIO)
	s.Restart()
	if !rig.Poll(rig.Patience, func() bool {
		got, err := os.ReadFile(p.path("files", "file"))
		return err == nil && string(got) == content
	}) {
		t.Error("it does not go on with the next server")
	}
	s.Kill9()
	f.Close()
	p.stop()
}

// TestServerSilent: a server that stops in mid-answer holds no program that is killed.
func TestServerSilent(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	s.Put(t, "file", noise(rand.New(rand.NewPCG(7, 8)), 3<<20))
	p := mount(t, s.Dir, "--user", rig.User)
	if _, err := os.Stat(p.path("files", "file")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(s.PID(), syscall.SIGCONT)
	cat := command(t, s.Dir, p.at) // replaced by a reader
	cat.Path, cat.Args = rig.Need(t, "cat", "coreutils"), []string{"cat", p.path("files", "file")}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cat.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		t.Error("a reader ended although the server does not answer")
	case <-time.After(300 * time.Millisecond):
	}
	cat.Process.Kill()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("a reader cannot be killed")
	}
	p.stop()
}

// TestDamage: bytes that are damaged cannot be read; all others can.
func TestDamage(t *testing.T) {
	s := rig.Start(t, rig.Options{Args: []string{"--verify-reads"}})
	content := noise(rand.New(rand.NewPCG(9, 10)), 24<<20)
	s.Put(t, "damaged", content)
	s.Put(t, "sound", content[100:5<<20])
	s.Stop()
	s.Restart() // it seals the pack: of one that is not, all behind the damage is lost
	s.Stop()
	const bad, far = 12 << 20, 5 << 20 // no chunk is longer than 4 MiB
	damage(t, s.Dir, []byte(content[bad:bad+64]))
	for _, mode := range []string{"alone", "served"} {
		t.Run(mode, func(t *testing.T) {
			if mode == "served" {
				s.Restart()
			}
			p := mount(t, s.Dir, "--user", rig.User, "--verify-reads")
			f, err := os.Open(p.path("files", "damaged"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			_, err = f.ReadAt(make([]byte, 1), bad)
			failsWith(t, "the damaged place", err, syscall.EIO)
			for _, part := range []struct{ from, to int }{{0, bad - far}, {bad + far, len(content)}} {
				got := make([]byte, part.to-part.from)
				if _, err := f.ReadAt(got, int64(part.from)); err != nil || string(got) != content[part.from:part.to] {
					t.Errorf("bytes %d to %d: %v", part.from, part.to, err)
				}
			}
			if got, err := os.ReadFile(p.path("files", "sound")); err != nil || string(got) != content[100:5<<20] {
				t.Errorf("another file: %v", err)
			}
			if !rig.Poll(10*time.Second, func() bool { return strings.Contains(p.said(), "damaged") }) {
				t.Errorf("nobody is told of it: %q", p.said())
			}
			f.Close()
			p.stop()
		})
	}
}

// damage changes a byte of the pack that holds some.
func damage(t *testing.T, data string, some []byte) {
	t.Helper()
	packs, _ := filepath.Glob(filepath.Join(data, "packs", "*", "*.pack"))
	for _, name := range packs {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(text, some); i >= 0 {
			text[i+len(some)/2] ^= 1
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("no pack holds the file")
}

// TestEnd ends mounts in the ways that people end them, and refuses what cannot be.
func TestEnd(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	s.Put(t, "file", "content")
	for _, mode := range []string{"served", "alone"} {
		if mode == "alone" {
			s.Stop()
		}
		t.Run(mode, func(t *testing.T) {
			for _, end := range []struct {
				name string
				do   func(p *process) error
			}{
				{"SIGINT", func(p *process) error { return p.cmd.Process.Signal(syscall.SIGINT) }},
				{"SIGTERM", func(p *process) error { return p.cmd.Process.Signal(syscall.SIGTERM) }},
				{"umount", func(p *process) error { return unix.Unmount(p.at, 0) }},
				{"fusermount3", func(p *process) error {
					rig.MustRun(t, "", nil, rig.Need(t, "fusermount3", "fuse3"), "-u", p.at)
					return nil
				}},
			} {
				p := mount(t, s.Dir)
				if err := end.do(p); err != nil {
					t.Errorf("%s: %v", end.name, err)
				}
				p.endsWell()
			}
			// With a file that is still open.
			p := mount(t, s.Dir, "--user", rig.User)
			f, err := os.Open(p.path("files", "file"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			p.stop()
			_, err = soon(t, "reading what is not mounted any more", 10*time.Second, func() (int, error) { return f.Read(make([]byte, 1)) })
			if err == nil {
				t.Error("a file of no mount can be read")
			}
		})
	}
	p := mount(t, s.Dir)
	for _, c := range []struct {
		what, want string
		args       []string
	}{
		{"a mount beside a mount", "in use", []string{t.TempDir()}},
		{"an account that is not there", "no account named zed", []string{t.TempDir(), "--user", "zed"}},
		{"no folder", "no such file", []string{filepath.Join(t.TempDir(), "missing")}},
		{"over the data folder", "lies in", []string{s.Dir}},
	} {
		if strings.HasPrefix(c.what, "an account") {
			p.stop()
		}
		out, err := command(t, s.Dir, c.args[0], c.args[1:]...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, %q", c.what, err, out)
		}
	}
}
