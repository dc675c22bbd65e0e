package crash

import (
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cairn/test/rig"
)

// epoch is the end of a folder's tag.
var epoch = regexp.MustCompile(`("[0-9a-f]{16}-[0-9a-f]{12})-[0-9a-f]{8}`)

// TestLostDatabase deletes the database of a store that has seen every kind of change.
// Opening it again replays the packs: everything a client can see is as it was.
func TestLostDatabase(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	paths := history(t, s)
	before := sight(t, s, paths)
	s.Stop()
	databases, err := filepath.Glob(filepath.Join(s.Dir, "meta.db*"))
	if err != nil || len(databases) == 0 {
		t.Fatalf("no database to delete: %v", err)
	}
	for _, f := range databases {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	s.Restart()
	after := sight(t, s, paths)
	changed := 0
	epochs := 0
	for i := range before {
		if before[i] == after[i] {
			continue
		}
		// The tags of folders end in the epoch, which is another, so that clients look again.
		if epoch.ReplaceAllString(before[i], "$1") == epoch.ReplaceAllString(after[i], "$1") {
			epochs++
			continue
		}
		if changed++; changed <= 5 {
			t.Errorf("changed\nfrom %.1500s\nto   %.1500s", before[i], after[i])
		}
	}
	t.Logf("%d of %d lines changed, %d in the epoch", changed, len(before), epochs)
	if epochs == 0 {
		t.Error("clients are not told to look again")
	}
	s.Put(t, "afterwards.txt", "writing goes on")
	s.Stop()
	if out := s.Check("--deep"); !strings.Contains(out, "no problem found") {
		t.Errorf("check: %s", out)
	}
}

// history makes 200 files in 10 folders, and changes many: it returns every path that
// was ever used.
func history(t *testing.T, s *rig.Server) (paths []string) {
	rng := rand.New(rand.NewPCG(1, 2))
	put := func(p string) {
		b := make([]byte, rng.IntN(3000))
		rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, p, rng.Uint64()))).Read(b)
		s.Put(t, p, string(b))
	}
	for d := range 10 {
		dir := fmt.Sprintf("folder%%20%d", d)
		s.Must(t, rig.Request{Method: "MKCOL", Path: dir}, 201)
		paths = append(paths, dir)
		for f := range 20 {
			p := fmt.Sprintf("%s/file%d.bin", dir, f)
			put(p)
			paths = append(paths, p)
		}
	}
	s.Put(t, "large.bin", strings.Repeat("three MiB and a bit", 3<<20/19+1000))
	paths = append(paths, "large.bin")
	name := func(i int) string { return fmt.Sprintf("folder%%20%d/file%d.bin", i%10, i/10) }
	for i := range 50 {
		put(name(i))
	}
	for i := range 20 {
		to := fmt.Sprintf("folder%%20%d/renamed%d", (i+3)%10, i)
		s.Must(t, rig.Request{Method: "MOVE", Path: name(50 + i), Header: map[string]string{"Destination": "/dav/" + to}}, 201)
		paths = append(paths, to)
		s.Must(t, rig.Request{Method: "DELETE", Path: name(80 + i)}, 204)
		patch := fmt.Sprintf(`<propertyupdate xmlns="DAV:"><set><prop><c xmlns="urn:%d">%d</c></prop></set></propertyupdate>`, i%3, i)
		s.Must(t, rig.Request{Method: "PROPPATCH", Path: name(110 + i), Body: patch}, 207)
	}
	s.Must(t, rig.Request{Method: "MOVE", Path: name(140), Header: map[string]string{"Destination": "/dav/" + name(141)}}, 204)
	s.Must(t, rig.Request{Method: "COPY", Path: "folder%201", Header: map[string]string{"Destination": "/dav/copy"}}, 201)
	s.Must(t, rig.Request{Method: "MOVE", Path: "folder%202", Header: map[string]string{"Destination": "/dav/folder%203/inside"}}, 201)
	s.Must(t, rig.Request{Method: "DELETE", Path: "folder%204"}, 204)
	paths = append(paths, "copy", "folder%203/inside", "")
	const lockinfo = `<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner>ada</owner></lockinfo>`
	s.Must(t, rig.Request{Method: "LOCK", Path: "large.bin", Body: lockinfo, Header: map[string]string{"Timeout": "Second-3000"}}, 200)
	s.Must(t, rig.Request{Method: "LOCK", Path: "folder%205", Body: lockinfo, Header: map[string]string{"Timeout": "Second-3000"}}, 200)
	return paths
}

var timeout = regexp.MustCompile(`Second-\d+`)

// multistatus is an answer to PROPFIND. Its properties come in any order.
type multistatus struct {
	Response []struct {
		Href     string `xml:"href"`
		Propstat []struct {
			Status string `xml:"status"`
			Prop   struct {
				Any []struct {
					XMLName xml.Name
					Inner   string `xml:",innerxml"`
				} `xml:",any"`
			} `xml:"prop"`
		} `xml:"propstat"`
	} `xml:"response"`
}

// properties are the lines "href status name value" of an answer, in an order of
// their own.
func properties(t *testing.T, body string) (lines []string) {
	t.Helper()
	var m multistatus
	if err := xml.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, r := range m.Response {
		for _, ps := range r.Propstat {
			for _, p := range ps.Prop.Any {
				value := timeout.ReplaceAllString(p.Inner, "Second-N")
				lines = append(lines, fmt.Sprintf("%s %s {%s}%s %s", r.Href, ps.Status, p.XMLName.Space, p.XMLName.Local, value))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// sight is what a client sees at the paths: every property, every byte, every refusal.
func sight(t *testing.T, s *rig.Server, paths []string) (all []string) {
	t.Helper()
	for _, p := range paths {
		for _, body := range []string{
			`<propfind xmlns="DAV:"><allprop/></propfind>`,
			`<propfind xmlns="DAV:"><prop><lockdiscovery/><quota-used-bytes/><getetag/><c xmlns="urn:0"/><c xmlns="urn:1"/><c xmlns="urn:2"/></prop></propfind>`,
		} {
			r := s.Must(t, rig.Request{Method: "PROPFIND", Path: p, Body: body, Header: map[string]string{"Depth": "1"}}, 207, 404)
			if r.Status == 404 {
				all = append(all, "404 "+p)
				continue
			}
			all = append(all, properties(t, r.Body)...)
		}
		r, err := s.Do(rig.Request{Path: p})
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(r.Header.Get("Content-Type"), "octet-stream") {
			all = append(all, fmt.Sprintf("GET %s: %d %s %s %x", p, r.Status, r.Header.Get("ETag"), r.Header.Get("Last-Modified"), sha256.Sum256([]byte(r.Body))))
		}
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"<D:locktoken>", "{urn:2}c 11", "GET large.bin: 200", "/dav/copy/", "404 folder%204", "{DAV:}quota-used-bytes"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is nowhere: this compares too little", want)
		}
	}
	return all
}
