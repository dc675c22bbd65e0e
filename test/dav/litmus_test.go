package dav

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"cairn/test/rig"
)

var litmusSuites = []string{"basic", "copymove", "http", "props", "locks"}

// litmusExpected are the tests of litmus 0.13 that do not pass, by suite. A test that
// newly fails, or newly passes, fails TestLitmus until this list says so too.
var litmusExpected = map[string][]string{
	"basic":    {},
	"copymove": {},
	"http":     {},
	"props":    {},
	"locks":    {},
}

// litmusCount is how many tests each suite has.
var litmusCount = map[string]int{"basic": 16, "copymove": 13, "http": 4, "props": 30, "locks": 41}

var litmusLine = regexp.MustCompile(`(?m)^\s*\d+\. (\w+)\.* (.*)$`)

func TestLitmus(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	for _, suite := range litmusSuites {
		t.Run(suite, func(t *testing.T) { litmus(t, s, suite) })
	}
}

// litmus runs one suite and compares what does not pass, warnings included, with the
// list.
func litmus(t *testing.T, s *rig.Server, suite string) {
	bin := rig.Need(t, "litmus", "litmus")
	// It writes its log to the working folder, and ends with 1 if a test fails.
	out, _ := rig.Run(t, t.TempDir(), []string{"TESTS=" + suite}, bin, "-k", s.DAV, rig.User, rig.Password)
	passed := 0
	var other []string
	for _, m := range litmusLine.FindAllStringSubmatch(strings.ReplaceAll(out, "\r", "\n"), -1) {
		switch {
		case m[2] == "pass":
			passed++
		case strings.HasPrefix(m[2], "WARNING"), strings.HasPrefix(m[2], "FAIL"), strings.HasPrefix(m[2], "SKIPPED"):
			word, _, _ := strings.Cut(m[2], " ")
			other = append(other, m[1]+" "+strings.Trim(word, ":"))
			t.Logf("%s: %s", m[1], m[2])
		}
	}
	slices.Sort(other)
	other = slices.Compact(other)
	// A test that warns, then passes, has a line of each kind.
	t.Logf("%s: %d of %d pass", suite, passed, litmusCount[suite])
	if passed+len(other) < litmusCount[suite] {
		t.Errorf("only %d results of %d", passed+len(other), litmusCount[suite])
	}
	if want := litmusExpected[suite]; !slices.Equal(other, want) {
		t.Errorf("does not pass: %q, the list says %q\n%s", other, want, out)
	}
}
