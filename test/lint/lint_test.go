// Package lint holds the rules of the house as a test: who may import whom, where SQL
// and file-system calls may stand, what the top level may hold. Each rule carries
// fixtures that it must complain about and fixtures that it must not, so a rule that
// cannot fail fails itself. CONTRIBUTING.md explains the rooms.
package lint

import (
	"strings"
	"testing"
)

// A rule looks at one file and says what is wrong with it.
type rule struct {
	name     string
	check    func(file) []string
	fixtures []fixture
}

// A fixture is a made-up file. want is part of the complaint; "" means none.
type fixture struct{ path, text, want string }

func rules() []rule {
	return []rule{
		topLevel(), machinePaths(),
		layers(), sqlPlace(), fileSystemPlace(),
		formatted(), packageNames(), noInit(), noSkip(), thinMain(),
		webFlow(),
	}
}

func TestRepository(t *testing.T) {
	files := repository(t)
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) {
			for _, f := range files {
				for _, complaint := range rule.check(f) {
					t.Errorf("%s: %s", f.path, complaint)
				}
			}
		})
	}
}

func TestRulesCanFail(t *testing.T) {
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) {
			complained, silent := 0, 0
			for _, fixture := range rule.fixtures {
				got := strings.Join(rule.check(parse(fixture.path, fixture.text)), "; ")
				if (fixture.want == "") != (got == "") || !strings.Contains(got, fixture.want) {
					t.Errorf("%s\n%s\ngot %q, want %q", fixture.path, fixture.text, got, fixture.want)
				}
				if fixture.want == "" {
					silent++
				} else {
					complained++
				}
			}
			if complained == 0 || silent == 0 {
				t.Errorf("fixtures: %d bad, %d good; want some of each", complained, silent)
			}
		})
	}
}
