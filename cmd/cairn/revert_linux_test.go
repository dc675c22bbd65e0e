package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// change does to a folder's files what people do, with the server stopped or not.
func change(t *testing.T, dir string, f func(s *store.Store, sc store.Scope)) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	u, err := s.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := s.Home(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	f(s, sc)
}

func put(t *testing.T, s *store.Store, sc store.Scope, p store.Path, content string) {
	t.Helper()
	if _, err := s.Put(t.Context(), sc, p, strings.NewReader(content), store.PutOptions{Size: -1, Parents: true}); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, s *store.Store, sc store.Scope, p store.Path) string {
	t.Helper()
	c, err := s.Open(t.Context(), sc, p)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	var b bytes.Buffer
	if _, err := c.WriteRange(t.Context(), &b, 0, c.Node().Size); err != nil {
		t.Error(err)
	}
	return b.String()
}

func TestRevert(t *testing.T) {
	for _, mode := range []string{"alone", "served"} {
		t.Run(mode, func(t *testing.T) {
			dir, _ := storeWith(t, 64<<10)
			change(t, dir, func(s *store.Store, sc store.Scope) {
				put(t, s, sc, "d/f", "one")
				put(t, s, sc, "d/g", "two")
			})
			must(t, dir, "", "snapshot", "ada", "before")
			change(t, dir, func(s *store.Store, sc store.Scope) {
				put(t, s, sc, "d/f", "one, changed")
				put(t, s, sc, "d/new", "new")
				put(t, s, sc, "new", "new")
				if err := s.Remove(t.Context(), sc, "d/g", store.Conditions{}); err != nil {
					t.Fatal(err)
				}
			})
			end := func() {}
			if mode == "served" {
				end = served(t, dir)
			}
			for _, c := range []struct {
				input     string
				args      []string
				code      int
				out, errs string
			}{
				{"", []string{"revert", "zed", "before"}, 1, "", "cairn: no account named zed\n"},
				{"", []string{"revert", "ada", "after"}, 1, "", "ada has no snapshot named after\n"},
				{"", []string{"revert", "ada", "before", "d/../x", "--yes"}, 1, "", "is not a path"},
				{"", []string{"revert", "ada", "before", "d/new", "--yes"}, 1, "", "the snapshot before does not show d/new"},
				{"n\n", []string{"revert", "ada", "before", "d"}, 1, "", "Make d of ada what they were in before, made 20"},
				{"\n", []string{"revert", "ada", "before"}, 1, "", "nothing was changed"},
				{"y\n", []string{"revert", "ada", "before", "/d/"}, 0, "1 put back where they were, 1 written again, 1 moved to the trash.\n", "[y/N]"},
				{"", []string{"revert", "ada", "before", "d", "--yes"}, 0, "0 put back where they were, 0 written again, 0 moved to the trash.\n", ""},
				{"", []string{"revert", "ada", "before", "--yes"}, 0, "0 put back where they were, 0 written again, 1 moved to the trash.\n", ""},
			} {
				says(t, dir, c.input, c.args, c.code, c.out, c.errs)
			}
			end()
			change(t, dir, func(s *store.Store, sc store.Scope) {
				for p, want := range map[store.Path]string{"d/f": "one", "d/g": "two"} {
					if got := content(t, s, sc, p); got != want {
						t.Errorf("%s: %q, want %q", p, got, want)
					}
				}
				if _, err := s.Stat(t.Context(), sc, "new"); err == nil {
					t.Error("what was new is there still")
				}
			})
			must(t, dir, "", "verify", "--deep")
		})
	}
}

// What cannot be brought back, or only in part, is said.
func TestRevert_refused(t *testing.T) {
	dir, _ := storeWith(t, 64<<10)
	must(t, dir, "", "snapshot", "ada", "before")
	change(t, dir, func(s *store.Store, sc store.Scope) {
		put(t, s, sc, "film", "short")
		if err := s.SetQuota(t.Context(), sc.User, 10<<10); err != nil {
			t.Fatal(err)
		}
	})
	end := served(t, dir)
	revert := []string{"revert", "ada", "before", "--yes"}
	says(t, dir, "", revert, 1, "", "cairn: the quota does not allow it: ")
	must(t, dir, "", "user", "quota", "ada", "0")
	end()
	change(t, dir, func(s *store.Store, sc store.Scope) {
		if _, _, err := s.Lock(t.Context(), sc, "film", store.LockSpec{Timeout: time.Hour}); err != nil {
			t.Fatal(err)
		}
	})
	says(t, dir, "", revert, 1, "", "cairn: somebody has locked what would change: ")
	end = served(t, dir)
	defer end()
	says(t, dir, "", revert, 1, "", "cairn: somebody has locked what would change: ")
}

func TestUndo(t *testing.T) {
	for _, mode := range []string{"alone", "served"} {
		t.Run(mode, func(t *testing.T) {
			dir, _ := storeWith(t, 64<<10)
			change(t, dir, func(s *store.Store, sc store.Scope) {
				put(t, s, sc, "a", "one")
				put(t, s, sc, "b", "one")
			})
			must(t, dir, "", "snapshot", "ada", "before")
			m := regexp.MustCompile(`\nbefore .* ([0-9]+)\n`).FindStringSubmatch(must(t, dir, "", "snapshot", "ada", "--list"))
			if m == nil {
				t.Fatal("the list tells no change")
			}
			var after int64
			fmt.Sscan(m[1], &after)
			change(t, dir, func(s *store.Store, sc store.Scope) {
				put(t, s, sc, "a", "two")
				put(t, s, sc, "b", "two")
				put(t, s, sc, "c", "two")
				put(t, s, sc, "b", "three")
			})
			end := func() {}
			if mode == "served" {
				end = served(t, dir)
			}
			from, to := fmt.Sprint("--after=", after), fmt.Sprint("--upto=", after+3)
			for _, c := range []struct {
				input     string
				args      []string
				code      int
				out, errs string
			}{
				{"", []string{"undo", "ada"}, 1, "", "missing flags: --after"},
				{"", []string{"undo", "zed", from}, 1, "", "cairn: no account named zed\n"},
				{"", []string{"undo", "ada", "--after=-1"}, 1, "", "hint: "},
				{"", []string{"undo", "ada", "--after=7", "--upto=7"}, 1, "", "no change is after 7 and not after 7"},
				{"n\n", []string{"undo", "ada", from}, 1, "", fmt.Sprintf("Take the changes of ada from %d up to the newest back?", after+1)},
				{"y\n", []string{"undo", "ada", from, to}, 1, "0 put back where they were, 1 written again, 1 moved to the trash.\n1 left as it is:\n  b: ", "[y/N]"},
			} {
				says(t, dir, c.input, c.args, c.code, c.out, c.errs)
			}
			end()
			change(t, dir, func(s *store.Store, sc store.Scope) {
				if a, b := content(t, s, sc, "a"), content(t, s, sc, "b"); a != "one" || b != "three" {
					t.Errorf("%q, %q", a, b)
				}
				if _, err := s.Stat(t.Context(), sc, "c"); err == nil {
					t.Error("what was made is there still")
				}
			})
		})
	}
}
