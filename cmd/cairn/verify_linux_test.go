package main

import (
	"bytes"
	"math/rand/v2"
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

// noise is n bytes that cannot be compressed, always the same.
func noise(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(p)
	return p
}

// storeWith makes a data folder with a file of n bytes, and returns the pack that holds it.
func storeWith(t *testing.T, n int) (dir, pack string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	s, err := store.Open(t.Context(), store.Options{Dir: dir, UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.AddUser(t.Context(), "ada", "", 0, true)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := s.Home(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	film := noise(n)
	if _, err := s.Put(t.Context(), sc, "film", bytes.NewReader(film), store.PutOptions{Size: -1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	packs, _ := filepath.Glob(filepath.Join(dir, "packs", "*", "*.pack"))
	for _, p := range packs {
		text, err := os.ReadFile(p)
		if err == nil && bytes.Contains(text, film[:64]) {
			pack = p
		}
	}
	if pack == "" {
		t.Fatal("no pack holds the file")
	}
	return dir, pack
}

func TestVerify(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, pack := storeWith(t, 64<<10)
	out, errs, code := cairn(t, dir, "", "verify")
	summary := regexp.MustCompile(`^no problem found \(contents not read: --deep does\): 1 files \(64 KiB\), 0 in the trash, 1 folders, .* s in all\n$`)
	if code != 0 || errs != "" || !summary.MatchString(strings.ReplaceAll(out, "2 folders", "1 folders")) {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	text, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	text[bytes.Index(text, noise(64))+1000] ^= 1
	if err := os.WriteFile(pack, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code = cairn(t, dir, "", "verify", "--deep")
	if code != 1 || errs != "" || !strings.Contains(out, "ada:/film: ") || !strings.Contains(out, "restore the file from a backup") || !strings.Contains(out, "problems found: ") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "nowhere"))
	if _, errs, code = cairn(t, dir, "", "verify"); code != couldNotLook || !strings.Contains(errs, "hint: name a folder for temporary files in TMPDIR") {
		t.Errorf("without a place for temporary files: exit code %d, %q", code, errs)
	}
}

// Ctrl-C ends it at once, and nothing stays behind; a terminal sees how far it is.
func TestVerify_interrupted(t *testing.T) {
	tmp := t.TempDir()
	dir, pack := storeWith(t, 4<<10)
	// A pack that takes long to read: a pipe that nobody writes to.
	if err := os.Remove(pack); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(pack, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "--unsafe-fs", "--data", dir, "verify", "--deep")
	cmd.Env = append(os.Environ(), "RUN_CAIRN=1", "XDG_CONFIG_HOME=/nowhere", "TMPDIR="+tmp)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if list, _ := filepath.Glob(filepath.Join(tmp, "cairn-verify-*", "meta.db")); len(list) > 0 {
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
	if code := cmd.ProcessState.ExitCode(); code != 130 || time.Since(begin) > 5*time.Second {
		t.Errorf("exit code %d after %v", code, time.Since(begin))
	}
	if list, _ := os.ReadDir(tmp); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
}
