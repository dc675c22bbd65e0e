package crash

import (
	"encoding/xml"
	"fmt"
	"testing"

	"cairn/test/rig"
)

// activeLock is a lock as lockdiscovery tells it.
type activeLock struct {
	Exclusive *struct{} `xml:"DAV: lockscope>exclusive"`
	Shared    *struct{} `xml:"DAV: lockscope>shared"`
	Depth     string    `xml:"DAV: depth"`
	Token     string    `xml:"DAV: locktoken>href"`
	Root      string    `xml:"DAV: lockroot>href"`
	Owner     struct {
		Editor struct {
			Seat string `xml:"urn:words seat,attr"`
			Text string `xml:",chardata"`
			B    struct {
				XMLName xml.Name
			} `xml:"urn:words b"`
		} `xml:"urn:words editor"`
		Href string `xml:"DAV: href"`
	} `xml:"DAV: owner"`
}

// String is all of it that must not change.
func (l activeLock) String() string {
	return fmt.Sprint(l.Exclusive != nil, l.Shared != nil, l.Depth, l.Token, l.Root, l.Owner)
}

// locksOf are the locks that cover what is at an address.
func locksOf(t *testing.T, s *rig.Server, path string) []activeLock {
	t.Helper()
	r := s.Must(t, rig.Request{Method: "PROPFIND", Path: path, Header: map[string]string{"Depth": "0"},
		Body: `<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/></D:prop></D:propfind>`}, 207)
	var m struct {
		Locks []activeLock `xml:"DAV: response>propstat>prop>lockdiscovery>activelock"`
	}
	if err := xml.Unmarshal([]byte(r.Body), &m); err != nil {
		t.Fatalf("%v: %s", err, r.Body)
	}
	return m.Locks
}

// TestKillLocks ends the server with SIGKILL while locks are held: each is there
// afterwards, with its token, owner, depth and scope, and does what it did.
func TestKillLocks(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	s.Must(t, rig.Request{Method: "MKCOL", Path: "tree"}, 201)
	s.Must(t, rig.Request{Method: "MKCOL", Path: "flat"}, 201)
	for _, f := range []string{"tree/in", "flat/in", "alone", "many"} {
		s.Put(t, f, "before")
	}
	with := func(name, token string) map[string]string { return map[string]string{name: token} }
	type held struct{ path, scope, depth, token, told string }
	var all []*held
	for _, h := range []held{
		{path: "tree", scope: "exclusive", depth: "infinity"}, {path: "flat", scope: "shared", depth: "0"},
		{path: "alone", scope: "exclusive", depth: "0"}, {path: "new", scope: "exclusive", depth: "0"},
		{path: "many", scope: "shared", depth: "0"}, {path: "many", scope: "shared", depth: "infinity"},
	} {
		r := s.Must(t, rig.Request{Method: "LOCK", Path: h.path, Header: map[string]string{"Depth": h.depth, "Timeout": "Second-3000"},
			Body: `<?xml version="1.0"?><lockinfo xmlns="DAV:" xmlns:w="urn:words"><lockscope><` + h.scope + `/></lockscope><locktype><write/></locktype>` +
				`<owner><w:editor w:seat="2">M&amp;M<w:b/></w:editor><href>http://m.example</href></owner></lockinfo>`}, 200, 201)
		h.token = r.Header.Get("Lock-Token")
		all = append(all, &h)
	}
	for _, h := range all {
		for _, l := range locksOf(t, s, h.path) {
			if "<"+l.Token+">" == h.token {
				h.told = l.String()
			}
		}
		if o := fmt.Sprintf("%v", locksOf(t, s, h.path)[0].Owner); h.told == "" || o != "{{2 M&M {{urn:words b}}} http://m.example}" {
			t.Fatalf("%s: %q, owner %s", h.path, h.told, o)
		}
	}
	s.Kill9()
	s.Restart()
	for _, h := range all {
		found := false
		for _, l := range locksOf(t, s, h.path) {
			found = found || l.String() == h.told
		}
		if !found {
			t.Errorf("%s: %s is not among %v", h.path, h.told, locksOf(t, s, h.path))
		}
	}
	for _, c := range []struct {
		path string
		held *held
		want int
	}{{"tree/in", all[0], 204}, {"tree/more", all[0], 201}, {"alone", all[2], 204}, {"new", all[3], 204}, {"many", all[4], 204}, {"many", all[5], 204}} {
		s.Must(t, rig.Request{Method: "PUT", Path: c.path, Body: "without"}, 423)
		s.Must(t, rig.Request{Method: "PUT", Path: c.path, Body: "after", Header: with("If", "("+c.held.token+")")}, c.want)
	}
	// Depth 0 protects which members there are, not what is in them.
	s.Must(t, rig.Request{Method: "PUT", Path: "flat/new", Body: "without"}, 423)
	s.Must(t, rig.Request{Method: "PUT", Path: "flat/in", Body: "after"}, 204)
	s.Must(t, rig.Request{Method: "LOCK", Path: "alone", Header: with("If", "("+all[2].token+")")}, 200)
	for _, h := range all {
		s.Must(t, rig.Request{Method: "UNLOCK", Path: h.path, Header: with("Lock-Token", h.token)}, 204)
	}
	// What was unlocked stays so.
	s.Kill9()
	s.Restart()
	for _, f := range []string{"tree/in", "flat/in", "alone", "new", "many"} {
		if left := locksOf(t, s, f); len(left) > 0 {
			t.Errorf("%s: %v is there again", f, left)
		}
		if got := s.Get(t, f); got != "after" {
			t.Errorf("%s holds %q", f, got)
		}
		s.Put(t, f, "free")
	}
	s.Stop()
	s.Check("--deep")
}
