package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBackupAndRestore(t *testing.T) {
	dir, _ := storeWith(t, 64<<10)
	backups := filepath.Join(t.TempDir(), "backups")
	out, errs, code := cairn(t, dir, "", "backup", backups)
	if code != 0 || errs != "" || !strings.Contains(out, "of them are new") {
		t.Fatalf("exit code %d, %q, %q", code, out, errs)
	}
	// A server has the folder, and does it.
	end := served(t, dir)
	if out, errs, code := cairn(t, dir, "", "backup", backups); code != 0 || errs != "" {
		t.Errorf("beside a server: exit code %d, %q, %q", code, out, errs)
	}
	end()
	if out, errs, code := cairn(t, dir, "", "backup", filepath.Join(dir, "b")); code != 1 || !strings.Contains(errs, "data folder") {
		t.Errorf("into the data folder: exit code %d, %q, %q", code, out, errs)
	}
	to := filepath.Join(t.TempDir(), "restored") // and into a folder that is there, as a mount is
	for range 2 {
		if err := os.MkdirAll(to, 0o700); err != nil {
			t.Fatal(err)
		}
		if out, errs, code := cairn(t, to, "", "restore", backups); code != 0 || errs != "" {
			t.Fatalf("restore: exit code %d, %q, %q", code, out, errs)
		}
		if out, errs, code := cairn(t, to, "", "verify", "--deep"); code != 0 {
			t.Errorf("verify: exit code %d, %q, %q", code, out, errs)
		}
		if out, errs, code := cairn(t, to, "", "restore", backups); code != 1 || !strings.Contains(errs, "empty") {
			t.Errorf("over a store: exit code %d, %q, %q", code, out, errs)
		}
		to = filepath.Join(t.TempDir(), "mount")
	}
	list, err := os.ReadDir(backups)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	one := filepath.Join(backups, list[len(list)-1].Name())
	if out, errs, code := cairn(t, one, "", "verify"); code == 0 {
		t.Logf("verify of a backup itself: %q, %q", out, errs)
	}
	if out, errs, code := cairn(t, one, "", "gc"); code != 1 || !strings.Contains(errs, "backup") {
		t.Errorf("gc of a backup: exit code %d, %q, %q", code, out, errs)
	}
}
