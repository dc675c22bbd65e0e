package dav

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cairn/test/rig"
)

func TestDavfs(t *testing.T) { davfs(t, rig.Start(t, rig.Options{})) }

// davfs mounts the space with davfs2 and works in it by path. (Listing a folder of
// this mount fails with EINVAL on recent kernels, whatever the server.)
func davfs(t *testing.T, s *rig.Server) {
	mount := rig.Need(t, "mount.davfs", "davfs2")
	umount := rig.Need(t, "umount", "mount")
	if _, err := os.Stat("/dev/fuse"); err != nil || os.Getuid() != 0 {
		t.Fatalf("this test mounts: it needs root and /dev/fuse (modprobe fuse): %v", err)
	}
	dir := t.TempDir()
	at, conf, secrets := filepath.Join(dir, "at"), filepath.Join(dir, "conf"), filepath.Join(dir, "secrets")
	for _, d := range []string{at, filepath.Join(dir, "cache")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		conf:    fmt.Sprintf("secrets %s\ncache_dir %s/cache\nask_auth 0\nuse_locks 1\ndelay_upload 0\n", secrets, dir),
		secrets: fmt.Sprintf("%s %s \"%s\"\n", at, rig.User, rig.Password),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The client gives up root and must reach its cache.
	for d, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o711, dir: 0o711, filepath.Join(dir, "cache"): 0o777} {
		if err := os.Chmod(d, mode); err != nil {
			t.Fatal(err)
		}
	}
	rig.MustRun(t, dir, []string{"LC_ALL=C"}, mount, s.DAV, at, "-o", "conf="+conf+",uid=0,gid=0")
	mounted := true
	unmount := func() {
		if mounted {
			mounted = false
			if out, err := rig.Run(t, dir, nil, umount, at); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		}
	}
	t.Cleanup(unmount)
	content := random("davfs", 2<<20+5)
	file, renamed := filepath.Join(at, "folder", "a file"), filepath.Join(at, "folder", "renamed")
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"mkdir", func() error { return os.Mkdir(filepath.Dir(file), 0o700) }},
		{"write", func() error { return os.WriteFile(file, content, 0o600) }},
		{"read", func() error { return holds(file, content) }},
		{"overwrite", func() error { return os.WriteFile(file, content[:1000], 0o600) }},
		{"rename", func() error { return os.Rename(file, renamed) }},
		{"read renamed", func() error { return holds(renamed, content[:1000]) }},
		{"write another", func() error { return os.WriteFile(file, content, 0o600) }},
		{"remove", func() error { return os.Remove(renamed) }},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	unmount() // waits until all is sent
	if got := s.Get(t, "folder/a%20file"); got != string(content) {
		t.Errorf("the server has %d bytes, not the %d that were written, or others", len(got), len(content))
	}
	s.Must(t, rig.Request{Path: "folder/renamed"}, 404)
}

func holds(file string, want []byte) error {
	got, err := os.ReadFile(file)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s holds %d bytes, not the %d that were written, or others", file, len(got), len(want))
	}
	return err
}
