package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"cairn/server/admin"
	"cairn/store"
)

// eitherWay runs f on the folder of a stopped server, and beside one that has it.
func eitherWay(t *testing.T, f func(t *testing.T, dir string)) {
	t.Helper()
	t.Run("alone", func(t *testing.T) {
		dir, _ := storeWith(t, 64<<10)
		f(t, dir)
		must(t, dir, "", "verify", "--deep")
	})
	t.Run("served", func(t *testing.T) {
		dir, _ := storeWith(t, 64<<10)
		end := served(t, dir)
		defer end()
		f(t, dir)
	})
}

// says runs a command that must end so.
func says(t *testing.T, dir, input string, args []string, wantCode int, wantOut, wantErr string) {
	t.Helper()
	out, errs, code := cairn(t, dir, input, args...)
	match := func(want, got string) bool { return want == got || want != "" && strings.Contains(got, want) }
	if code != wantCode || !match(wantOut, out) || !match(wantErr, errs) {
		t.Errorf("cairn %q: exit code %d, %q, %q; want %d, %q, %q", args, code, out, errs, wantCode, wantOut, wantErr)
	}
}

func TestSnapshot(t *testing.T) {
	eitherWay(t, func(t *testing.T, dir string) {
		stamp := regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d-\d\d-\d\dZ\n$`)
		if out := must(t, dir, "", "snapshot", "ada"); !stamp.MatchString(out) {
			t.Errorf("by default it is called %q", out)
		}
		for _, c := range []struct {
			args      []string
			code      int
			out, errs string
		}{
			{[]string{"snapshot", "ada", "before e\u0301"}, 0, "before e\u0301\n", ""},
			{[]string{"snapshot", "ADA", "before \u00e9"}, 1, "", "has a snapshot named before \u00e9 already"},
			{[]string{"snapshot", "ada", "a/b"}, 1, "", "cannot be the name of a snapshot"},
			{[]string{"snapshot", "ada", "--prefix", "x/"}, 1, "", "cannot be the name of a snapshot"},
			{[]string{"snapshot", "zed"}, 1, "", "cairn: no account named zed\n"},
			{[]string{"snapshot", "zed", "--list"}, 1, "", "cairn: no account named zed\n"},
			{[]string{"snapshot", "ada", "--drop", "no such"}, 1, "", "ada has no snapshot named no such\n  hint: "},
			{[]string{"snapshot", "ada", "x", "--keep", "3"}, 1, "", "hint: leave the name out"},
			{[]string{"snapshot", "ada", "--keep", "256"}, 1, "", "1 to 255"},
			{[]string{"snapshot", "ada", "--keep=-1"}, 1, "", "1 to 255"},
			{[]string{"snapshot", "ada", "--list", "--keep=1"}, 1, "", "hint: say nothing else"},
			{[]string{"snapshot", "ada", "--list", "--drop=x"}, 1, "", "can't be used together"},
			{[]string{"snapshot"}, 1, "", "hint: "},
			{[]string{"snapshot", "ada", "--list"}, 0, "\nbefore e\u0301 ", ""},
			{[]string{"snapshot", "ada", "--drop", "before \u00e9"}, 0, "", "snapshot before e\u0301 of ada dropped\n"},
			{[]string{"snapshot", "ada", "--drop", "before \u00e9"}, 1, "", "ada has no snapshot named"},
		} {
			says(t, dir, "", c.args, c.code, c.out, c.errs)
		}
		if got := strings.Count(must(t, dir, "", "snapshot", "ada", "--list"), "\n"); got != 2 {
			t.Errorf("%d lines list one snapshot", got)
		}
	})
}

// What a job makes, it drops; nothing else.
func TestSnapshot_keep(t *testing.T) {
	eitherWay(t, func(t *testing.T, dir string) {
		day := func(i int) string { return fmt.Sprintf("daily-2026-01-%02dT03-00-00Z", i) }
		others := []string{"daily-by hand", "2026-01-01T03-00-00Z", "weekly-2026-01-01T03-00-00Z", "daily-2026-01-01T03-00-00Z-57"}
		for _, name := range append(others, day(1), day(2), day(3), day(4)) {
			must(t, dir, "", "snapshot", "ada", name)
		}
		out, errs, code := cairn(t, dir, "", "snapshot", "ada", "--prefix", "daily-", "--keep", "3")
		made, dropped, _ := strings.Cut(out, "\n")
		if want := "dropped " + day(2) + "\ndropped " + day(1) + "\n"; code != 0 || errs != "" || !strings.HasPrefix(made, "daily-20") || dropped != want {
			t.Errorf("exit code %d, %q, %q; want %q", code, out, errs, want)
		}
		list := must(t, dir, "", "snapshot", "ada", "--list")
		for _, name := range append(others, day(3), day(4), made) {
			if !strings.Contains(list, "\n"+name+"  ") {
				t.Errorf("%s is gone: %s", name, list)
			}
		}
		if n := strings.Count(list, "\n"); n != 1+7 {
			t.Errorf("%d lines: %s", n, list)
		}
	})
}

func TestSnapshot_limit(t *testing.T) {
	dir, _ := storeWith(t, 64<<10)
	end := served(t, dir)
	defer end()
	c := admin.NewClient(dir)
	for i := range store.MaxSnapshots {
		if _, err := c.MakeSnapshot(t.Context(), "ada", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	says(t, dir, "", []string{"snapshot", "ada"}, 1, "", "cairn: ada has 256 snapshots, and cannot have more\n  hint: ")
}

func TestTooMany(t *testing.T) {
	var list []admin.Snapshot
	for _, name := range []string{"2026-01-03T00-00-00Z", "x", "2026-13-01T00-00-00Z", "2026-01-02T00-00-00Z", "2026-01-01T00-00-00Z"} {
		list = append(list, admin.Snapshot{Name: name})
	}
	for keep, want := range []int{3, 2, 1, 0, 0} {
		if got := tooMany(list, "", keep); len(got) != want || want > 0 && got[len(got)-1].Name != list[4].Name {
			t.Errorf("to keep %d, %v go", keep, got)
		}
	}
}
