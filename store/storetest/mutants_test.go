//go:build soak

package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// suite are the commands that must find m, in the order in which they probably do: the
// tests of its own package, the simulations, the rest. SIM_CRASHES and SIM_STRIDE bound
// the simulations, MUTANT_RUN chooses among them, MUTANT_LEVELS is how many commands run.
// TestFlip takes minutes, and finds nothing else.
func (m *mutant) suite() [][]string {
	sims, rest := "^TestSim", "^TestSim|^TestFlip|^TestManyAtOnce"
	if run := os.Getenv("MUTANT_RUN"); run != "" {
		sims = run
	}
	var leaves, own []string
	for _, p := range []string{"pack", "chunk", "meta", "object"} {
		if p = "store/" + p; path.Dir(m.file) == p {
			own = append(own, "./"+p)
		} else {
			leaves = append(leaves, "./"+p)
		}
	}
	if path.Dir(m.file) == "store/object" {
		own = append(own, "./store/storetest")
	}
	all := [][]string{own, {"-run", sims, "./store"}, {"-skip", rest, "./store"}, leaves}
	if own == nil {
		all = all[1:]
	}
	if n, err := strconv.Atoi(os.Getenv("MUTANT_LEVELS")); err == nil {
		all = all[:min(n, len(all))]
	}
	return all
}

const mutantTime = 12 * time.Minute // for one command, with its building

// Each flush, check and order that durability rests on is taken away in turn: the
// suite must notice. MUTANT=regexp chooses some, MUTANT_BASE=no leaves out the run without
// any, which must pass.
func TestMutants(t *testing.T) {
	root := moduleRoot(t)
	only := regexp.MustCompile(os.Getenv("MUTANT"))
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	if os.Getenv("MUTANT_BASE") != "no" {
		if by, err := (&mutant{}).run(t.Context(), t.TempDir(), root); by != "" || err != nil {
			t.Fatalf("without any mutation: %s (%v)", by, err)
		}
	}
	for _, m := range mutants {
		if !only.MatchString(m.name) {
			continue
		}
		begin := time.Now()
		by, err := m.run(t.Context(), t.TempDir(), root)
		switch {
		case err != nil:
			t.Errorf("%s: %v", m.name, err)
			by = "could not be tried"
		case by == "":
			t.Errorf("%s: survived", m.name)
			by = "SURVIVED"
		default:
			by = "killed by " + by
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\n", m.name, m.file, by, time.Since(begin).Round(time.Second))
		t.Logf("%s: %s", m.name, by)
	}
	w.Flush()
	t.Logf("mutants:\n%s", &table)
}

// failing finds the name of the first test that failed.
var failing = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// complaint finds the first thing that it said.
var complaint = regexp.MustCompile(`(?m)^\s+\S+_test\.go:\d+: (?:seed \d+: )?(.{0,140})`)

// run tries the suite against m and returns what found it.
func (m *mutant) run(ctx context.Context, tmp, root string) (by string, err error) {
	overlay := filepath.Join(tmp, "overlay.json")
	if err := m.overlay(root, overlay); err != nil {
		return "", err
	}
	for _, command := range m.suite() {
		ctx, cancel := context.WithTimeout(ctx, mutantTime)
		args := append([]string{"test", "-overlay", overlay, "-count=1", "-failfast", "-vet=off", "-timeout=5m"}, command...)
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		late := ctx.Err() != nil
		cancel()
		var exit *exec.ExitError
		switch {
		case err == nil:
			continue
		case late:
			return "a test that hangs", nil
		case !errors.As(err, &exit):
			return "", err
		case strings.Contains(string(out), "[build failed]") || strings.Contains(string(out), "[setup failed]"):
			return "", fmt.Errorf("it does not build:\n%s", out)
		}
		if found := failing.FindSubmatch(out); found != nil {
			if first := complaint.FindSubmatch(out); first != nil {
				return fmt.Sprintf("%s: %s", found[1], first[1]), nil
			}
			return string(found[1]), nil
		}
		if strings.Contains(string(out), "panic: test timed out") {
			return "a test that hangs", nil
		}
		return "a panic", nil
	}
	return "", nil
}
