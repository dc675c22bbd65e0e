package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/store"
)

func TestRebuild(t *testing.T) {
	dir, _ := storeWith(t, 64<<10)
	db := filepath.Join(dir, "meta.db")
	if err := os.WriteFile(db, []byte("this is no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := cairn(t, dir, "", "rebuild")
	if code != 0 || errs != "" || !strings.HasPrefix(out, "The database is made again, from all ") || !strings.Contains(out, "The old one is meta.db.before-") {
		t.Fatalf("exit code %d, %q, %q", code, out, errs)
	}
	if out, errs, code := cairn(t, dir, "", "verify", "--deep"); code != 0 {
		t.Errorf("verify afterwards: exit code %d, %q, %q", code, out, errs)
	}
	// A server has the folder.
	s, err := store.Open(t.Context(), store.Options{Dir: dir, UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	if out, errs, code := cairn(t, dir, "", "rebuild"); code != 1 || out != "" || !strings.Contains(errs, "is using "+dir) {
		t.Errorf("beside a server: exit code %d, %q, %q", code, out, errs)
	}
	s.Close()
	empty := t.TempDir()
	if out, errs, code := cairn(t, empty, "", "rebuild"); code != 1 || out != "" || !strings.Contains(errs, "hint:") {
		t.Errorf("in an empty folder: exit code %d, %q, %q", code, out, errs)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("an empty folder now has %v (%v)", left, err)
	}
}
