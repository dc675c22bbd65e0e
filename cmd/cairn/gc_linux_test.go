package main

import (
	"os"
	"strings"
	"testing"

	"cairn/server/admin"
	"cairn/store"
)

func TestGC(t *testing.T) {
	dir, _ := storeWith(t, 64<<10)
	out, errs, code := cairn(t, dir, "", "gc", "--dry-run")
	if code != 0 || errs != "" || !strings.Contains(out, "gc would give back ") {
		t.Errorf("dry: exit code %d, %q, %q", code, out, errs)
	}
	out, errs, code = cairn(t, dir, "", "gc", "--full")
	if code != 0 || errs != "" || !strings.Contains(out, " given back: ") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	if out, errs, code := cairn(t, dir, "", "verify", "--deep"); code != 0 {
		t.Errorf("verify afterwards: exit code %d, %q, %q", code, out, errs)
	}
	// A server has the folder, and does it.
	end := served(t, dir)
	out, errs, code = cairn(t, dir, "", "gc", "--full")
	if code != 0 || errs != "" || !strings.Contains(out, " given back: ") {
		t.Errorf("beside a server: exit code %d, %q, %q", code, out, errs)
	}
	end()
	empty := t.TempDir()
	if out, errs, code := cairn(t, empty, "", "gc"); code != 1 || out != "" || !strings.Contains(errs, "hint:") {
		t.Errorf("in an empty folder: exit code %d, %q, %q", code, out, errs)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("an empty folder now has %v (%v)", left, err)
	}
}

// served has a folder as a server has it, until end.
func served(t *testing.T, dir string) (end func()) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := serveAdmin(dir, admin.Local{Store: s}, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		stop()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
