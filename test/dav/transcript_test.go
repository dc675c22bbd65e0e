package dav

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/test/rig"
)

// transcripts is where they lie; its README says how one is read and written.
const transcripts = "testdata/transcripts"

// TestTranscripts plays what clients say, step by step, and checks that they get what
// they need: from the server, from the server behind nginx, and from Apache's mod_dav.
// Where Apache answers otherwise the transcript says how and why, and that it still does
// is checked too: what only one server does, clients cannot need.
func TestTranscripts(t *testing.T) {
	all := readTranscripts(t)
	for _, to := range []struct {
		name  string
		start func(testing.TB) *target
	}{
		{"cairn", func(t testing.TB) *target { return ours(rig.Start(t, rig.Options{})) }},
		{"nginx", func(t testing.TB) *target { return ours(rig.StartProxied(t, rig.Options{})) }},
		{"apache", startApache},
	} {
		t.Run(to.name, func(t *testing.T) {
			at := to.start(t)
			for _, tr := range all {
				t.Run(tr.name, func(t *testing.T) {
					for _, complaint := range play(at, tr) {
						t.Errorf("%s\nclient: %s", complaint, tr.client)
					}
				})
			}
		})
	}
}

// target is a server that transcripts are played against.
type target struct {
	origin string // scheme and host, without a slash at its end
	root   string // path of the account's space, with slashes at both ends
	apache bool   // judged by what transcripts say of Apache
	// settle is called after each step, with the path of the fresh folder below root; nil
	// for a server that needs no time.
	settle func(folder string) error
}

func ours(s *rig.Server) *target {
	host, p, _ := strings.Cut(strings.TrimPrefix(s.DAV, "http://"), "/")
	return &target{origin: "http://" + host, root: "/" + p}
}

// readTranscripts reads them all, in the order of their names.
func readTranscripts(t *testing.T) []*transcript {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(transcripts, "*.http"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	slices.Sort(files)
	var all []*transcript
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := parseTranscript(strings.TrimSuffix(path.Base(f), ".http"), string(b))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tr)
	}
	return all
}
