package storetest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutant is a change of one file, or of several, that makes the store break a promise.
type mutant struct {
	name     string
	file     string // from the root of the module
	old, new string // old stands there once
	also     *mutant
}

// The table of mutants is in step with the code: make soak would find out too late.
func TestMutantsFit(t *testing.T) {
	root := moduleRoot(t)
	for _, m := range mutants {
		if err := m.overlay(root, filepath.Join(t.TempDir(), "overlay.json")); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// overlay writes the mutated file and the list that lays it over the original.
func (m *mutant) overlay(root, overlay string) error {
	replace := map[string]string{}
	for ; m != nil && m.file != ""; m = m.also {
		path := filepath.Join(root, filepath.FromSlash(m.file))
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := strings.Count(string(text), m.old); n != 1 {
			return fmt.Errorf("%s: the text to change is there %d times", m.file, n)
		}
		replace[path] = filepath.Join(filepath.Dir(overlay), filepath.Base(m.file))
		if err := os.WriteFile(replace[path], []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
			return err
		}
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return err
	}
	return os.WriteFile(overlay, list, 0o600)
}
