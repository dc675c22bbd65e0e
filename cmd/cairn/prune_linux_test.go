package main

import (
	"strings"
	"testing"

	"cairn/store"
)

func TestPrune(t *testing.T) {
	dir, _ := storeWith(t, 64<<10)
	s, err := store.Open(t.Context(), store.Options{Dir: dir, UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := s.Home(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two!"} {
		if _, err := s.Put(t.Context(), sc, "f", strings.NewReader(text), store.PutOptions{Size: -1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Remove(t.Context(), sc, "film", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := cairn(t, dir, "", "prune"); code != 1 || !strings.Contains(errs, "is using "+dir) {
		t.Errorf("beside a server: exit code %d, %q, %q", code, out, errs)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	none := []string{"--keep-versions=0", "--keep-trash=0"}
	for _, c := range []struct {
		args []string
		want string
	}{
		{none, "Dropped 0 older versions and 0 entries of the trash, 0 B in all.\n"}, // they are younger than a day
		{append(none, "--keep-minimum=0", "--dry-run"), "Would drop 1 older version and 1 entry of the trash, 64 KiB in all.\n"},
		{append(none, "--keep-minimum=0"), "Dropped 1 older version and 1 entry of the trash, 64 KiB in all.\n"},
		{append(none, "--keep-minimum=0"), "Dropped 0 older versions and 0 entries of the trash, 0 B in all.\n"},
	} {
		if out, errs, code := cairn(t, dir, "", append([]string{"prune"}, c.args...)...); code != 0 || errs != "" || out != c.want {
			t.Errorf("%v: exit code %d, %q, %q, want %q", c.args, code, out, errs, c.want)
		}
	}
	if out, errs, code := cairn(t, dir, "", "verify", "--deep"); code != 0 {
		t.Errorf("verify afterwards: exit code %d, %q, %q", code, out, errs)
	}
	if out, errs, code := cairn(t, t.TempDir(), "", "prune"); code != 1 || out != "" || !strings.Contains(errs, "hint:") {
		t.Errorf("in an empty folder: exit code %d, %q, %q", code, out, errs)
	}
}
