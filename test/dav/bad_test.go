package dav

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cairn/test/rig"
)

// rawAnswer sends bytes as they are and reads the answer. cut says that no more will
// come (which net/http takes for a client that has left, so only where it is meant).
func rawAnswer(t *testing.T, s *rig.Server, text string, cut bool) (status int, body string) {
	t.Helper()
	c := s.Raw(t, text)
	defer c.Close()
	if cut {
		c.(interface{ CloseWrite() error }).CloseWrite()
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// TestBadInput sends what nobody should. Each gets its status and a message, changes
// nothing, and leaves the server as it was.
func TestBadInput(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	s.AddUser("bob", "bobs password", 0)
	if r, err := s.Do(rig.Request{Method: "PUT", Path: "bobs.txt", Body: "bob's", User: "bob", Password: "bobs password"}); err != nil || r.Status != 201 {
		t.Fatalf("%+v, %v", r, err)
	}
	s.Must(t, rig.Request{Method: "MKCOL", Path: "folder"}, 201)
	s.Put(t, "old.txt", "the old version")
	s.Put(t, "folder/file", "in a folder")
	before := listing(t, s)
	pid := s.PID()

	put := func(path string, lines ...string) string { return s.Head("PUT", path, lines...) }
	body := func(method, path, xml string) string {
		return s.Head(method, path, "Depth: 0", fmt.Sprintf("Content-Length: %d", len(xml))) + xml
	}
	long := strings.Repeat("n", 256)
	nested := strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000)
	bomb := `<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>` +
		`<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">&c;&c;</x></prop></set></propertyupdate>`
	external := `<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><propfind xmlns="DAV:"><prop><x>&a;</x></prop></propfind>`
	huge := `<propfind xmlns="DAV:"><prop><x xmlns="urn:x">` + strings.Repeat("x", 1<<20) + `</x></prop></propfind>`
	changed := false
	for _, c := range []struct {
		name, request string
		want          []int
		message       bool // the answer says what is wrong
	}{
		{"unknown verb", s.Head("FROBNICATE", "old.txt"), []int{405, 501}, true},
		{"a verb that is no token", "P<T /dav/x HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, true},
		{"PATCH", s.Head("PATCH", "old.txt", "Content-Length: 0"), []int{405, 501}, true},
		{"POST", s.Head("POST", "old.txt", "Content-Length: 0"), []int{405, 501}, true},
		{"not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", []int{0, 400}, false},
		{"no Host", "GET /dav/ HTTP/1.1\r\n\r\n", []int{400}, true},

		{"..", put("../x", "Content-Length: 1") + "x", []int{400, 404}, true},
		{".. inside", put("folder/../x", "Content-Length: 1") + "x", []int{400}, true},
		{".. escaped", put("folder/%2e%2e/x", "Content-Length: 1") + "x", []int{400}, true},
		{"..%2f", put("folder/..%2fx", "Content-Length: 1") + "x", []int{400}, true},
		{"%2f", put("folder%2Fx", "Content-Length: 1") + "x", []int{400}, true},
		{"out of the door", s.Head("GET", "../../etc/passwd"), []int{400, 404}, true},
		{"out of the door, escaped", s.Head("GET", "%2e%2e/%2e%2e/%2e%2e/etc/passwd"), []int{400, 404}, true},
		{"NUL", put("a%00b", "Content-Length: 1") + "x", []int{400}, true},
		{"newline", put("a%0ab", "Content-Length: 1") + "x", []int{400}, true},
		{"DEL", put("a%7fb", "Content-Length: 1") + "x", []int{400}, true},
		{"not UTF-8", put("a%ff%feb", "Content-Length: 1") + "x", []int{400}, true},
		{"half an escape", put("a%2", "Content-Length: 1") + "x", []int{400}, true},
		{"name too long", put(long, "Content-Length: 1") + "x", []int{400}, true},
		{"name too long to read", s.Head("GET", long), []int{400, 404}, true},
		{"257 levels", s.Head("MKCOL", strings.Repeat("d/", 257)), []int{414}, true},
		{"257 levels to read", s.Head("GET", strings.Repeat("d/", 257)), []int{414, 404}, true},
		{"no parent", put("nowhere/x", "Content-Length: 1") + "x", []int{409}, true},
		{"below a file", put("old.txt/x", "Content-Length: 1") + "x", []int{409}, true},
		{"onto a folder", put("folder", "Content-Length: 1") + "x", []int{405}, true},
		{"onto the root", put("", "Content-Length: 1") + "x", []int{405}, true},
		{"DELETE of the root", s.Head("DELETE", ""), []int{403}, true},
		{"MOVE of the root", s.Head("MOVE", "", "Destination: /dav/x"), []int{403}, true},
		{"MOVE over the root", s.Head("MOVE", "folder", "Destination: /dav/", "Overwrite: T"), []int{403}, true},
		{"MOVE into itself", s.Head("MOVE", "folder", "Destination: /dav/folder/x"), []int{403}, true},
		{"MOVE onto itself", s.Head("MOVE", "old.txt", "Destination: /dav/old.txt"), []int{403}, true},
		{"MOVE of nothing over something", s.Head("MOVE", "nothing", "Destination: /dav/old.txt", "Overwrite: T"), []int{404}, true},
		{"MOVE out of the door", s.Head("MOVE", "old.txt", "Destination: /elsewhere/x"), []int{400, 403, 404, 502}, true},
		{"MOVE to ..", s.Head("MOVE", "old.txt", "Destination: /dav/folder/../y"), []int{400}, true},
		{"MOVE to %2f", s.Head("MOVE", "old.txt", "Destination: /dav/folder%2fy"), []int{400}, true},
		{"MOVE to nowhere", s.Head("MOVE", "old.txt"), []int{400}, true},

		{"body too short", put("old.txt", "Content-Length: 100") + "only this", []int{0, 400}, false},
		{"new body too short", put("new.txt", "Content-Length: 100") + "only this", []int{0, 400}, false},
		{"chunked body cut off", put("old.txt", "Transfer-Encoding: chunked") + "5\r\nhello\r\n", []int{0, 400}, false},
		{"chunked body garbled", put("old.txt", "Transfer-Encoding: chunked") + "zz\r\nhello\r\n", []int{0, 400}, false},
		{"longer than a header says", put("old.txt", "Transfer-Encoding: chunked", "X-Expected-Entity-Length: 3") + "5\r\nhello\r\n0\r\n\r\n", []int{400}, true},
		{"shorter than a header says", put("old.txt", "Transfer-Encoding: chunked", "X-Expected-Entity-Length: 9") + "5\r\nhello\r\n0\r\n\r\n", []int{400}, true},
		{"negative length", put("old.txt", "Content-Length: -1"), []int{400}, true},
		{"two lengths", put("old.txt", "Content-Length: 1", "Content-Length: 2") + "xx", []int{400}, true},
		{"impossible length", put("old.txt", "Content-Length: 99999999999999999999"), []int{400}, true},
		{"more than any disk", put("old.txt", "Expect: 100-continue", "Content-Length: 9000000000000000000"), []int{507}, true},
		{"Content-Range", put("old.txt", "Content-Range: bytes 0-1/2", "Content-Length: 2") + "xx", []int{400}, true},
		{"Content-Encoding", put("old.txt", "Content-Encoding: gzip", "Content-Length: 2") + "xx", []int{415}, true},

		{"XML above 1 MiB", body("PROPFIND", "old.txt", huge), []int{413}, true},
		{"XML above 1 MiB, chunked", s.Head("PROPFIND", "old.txt", "Depth: 0", "Transfer-Encoding: chunked") +
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(huge), huge), []int{413}, true},
		{"XML above 1 MiB to PROPPATCH", body("PROPPATCH", "old.txt", huge), []int{413}, true},
		{"XML above 1 MiB to LOCK", body("LOCK", "old.txt", huge), []int{413}, true},
		{"XML nested 10,000 deep", body("PROPFIND", "old.txt", nested), []int{400}, true},
		{"XML nested 10,000 deep to PROPPATCH", body("PROPPATCH", "old.txt", nested), []int{400}, true},
		{"XML nested 10,000 deep to LOCK", body("LOCK", "old.txt", nested), []int{400}, true},
		{"entity bomb", body("PROPPATCH", "old.txt", bomb), []int{400}, true},
		{"external entity", body("PROPFIND", "old.txt", external), []int{400}, true},
		{"XML cut off", body("PROPFIND", "old.txt", `<propfind xmlns="DAV:"><prop>`), []int{400}, true},
		{"another XML", body("PROPFIND", "old.txt", `<html/>`), []int{400}, true},
		{"an empty prefix", body("PROPFIND", "old.txt", `<D:propfind xmlns:D="DAV:"><D:prop><b:x xmlns:b=""/></D:prop></D:propfind>`), []int{400}, true},
		{"MKCOL with a body", body("MKCOL", "made", "<x/>"), []int{415}, true},
		{"Depth", s.Head("PROPFIND", "", "Depth: 2"), []int{400}, true},
		{"If", put("old.txt", "If: (<", "Content-Length: 1") + "x", []int{400}, true},
		{"headers too large", s.Head("GET", "", "X-Large: "+strings.Repeat("x", 200<<10)), []int{431}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, answer := rawAnswer(t, s, c.request, slices.Contains(c.want, 0) || strings.HasSuffix(c.name, "cut off"))
			if !slices.Contains(c.want, status) {
				t.Errorf("got %d, want %v: %.300s", status, c.want, answer)
			}
			if c.message && len(strings.TrimSpace(answer)) < 5 {
				t.Errorf("%d comes without a message: %q", status, answer)
			}
			if strings.Contains(answer, "goroutine") || strings.Contains(answer, s.Dir) {
				t.Errorf("the answer tells of the inside: %.300s", answer)
			}
			changed = true // unless what follows comes to its end
			if now := listing(t, s); now != before {
				t.Fatalf("something changed\nfrom %s\nto   %s", before, now)
			}
			changed = false
		})
		if changed {
			t.Fatal("what comes next would be misled")
		}
	}
	for _, c := range []struct {
		name string
		rig.Request
		want int
	}{
		{"no credentials", rig.Request{Path: "old.txt", User: "-"}, 401},
		{"a wrong password", rig.Request{Path: "old.txt", User: rig.User, Password: "wrong"}, 401},
		{"an unknown name", rig.Request{Path: "old.txt", User: "mallory", Password: "wrong"}, 401},
		{"a name that cannot be", rig.Request{Path: "old.txt", User: "../ada", Password: "wrong"}, 401},
		{"another scheme", rig.Request{Path: "old.txt", User: "-", Header: map[string]string{"Authorization": "Bearer x"}}, 401},
		{"garbled credentials", rig.Request{Path: "old.txt", User: "-", Header: map[string]string{"Authorization": "Basic ***"}}, 401},
		{"a cookie", rig.Request{Path: "old.txt", User: "-", Header: map[string]string{"Cookie": "session=x"}}, 401},
		{"no credentials to write", rig.Request{Method: "PUT", Path: "old.txt", Body: "x", User: "-"}, 401},
		{"another's file", rig.Request{Path: "bobs.txt"}, 404},
		{"another's space", rig.Request{Path: s.URL + "spaces/2/"}, 404},
		{"another's name", rig.Request{Path: s.URL + "dav/../bob/"}, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := s.Do(c.Request)
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != c.want && !(c.want == 404 && r.Status == 400) {
				t.Errorf("got %d, want %d", r.Status, c.want)
			}
			if ask := r.Header.Get("WWW-Authenticate"); (r.Status == 401) != strings.HasPrefix(ask, "Basic ") {
				t.Errorf("%d with WWW-Authenticate %q", r.Status, ask)
			}
			if strings.Contains(r.Body, "bob's") || strings.Contains(r.Body, "the old version") {
				t.Errorf("the answer tells too much: %s", r.Body)
			}
		})
	}
	if now := listing(t, s); now != before {
		t.Errorf("something changed\nfrom %s\nto   %s", before, now)
	}
	if !s.Alive() || s.PID() != pid {
		t.Error("the server did not live through it")
	}
	s.Stop()
	s.Check("--deep")
}

// TestForeignDestination: a server that knows its address moves nothing to others.
func TestForeignDestination(t *testing.T) {
	s := rig.Start(t, rig.Options{BaseURL: "https://files.example.com/files/"})
	s.Put(t, "a", "content")
	for _, c := range []struct {
		destination string
		want        int
	}{
		{"https://elsewhere.example.com/files/dav/b", 502},
		{"https://files.example.com/dav/b", 403},
		{"https://files.example.com/files/dav/b", 201},
	} {
		r, err := s.Do(rig.Request{Method: "COPY", Path: "a", Header: map[string]string{"Destination": c.destination}})
		if err != nil || r.Status != c.want {
			t.Errorf("%s: %+v, %v, want %d", c.destination, r, err, c.want)
		}
	}
}

// listing is all there is in the space: addresses, ETags, sizes, dead properties.
func listing(t *testing.T, s *rig.Server) string {
	t.Helper()
	var lines []string
	for _, folder := range []string{"", "folder"} {
		r := s.Must(t, rig.Request{Method: "PROPFIND", Path: folder, Header: map[string]string{"Depth": "1"},
			Body: `<propfind xmlns="DAV:"><prop><getetag/><getcontentlength/><lockdiscovery/><x xmlns="urn:x"/></prop></propfind>`}, 207)
		var m struct {
			Response []struct {
				Href     string `xml:"href"`
				Propstat []struct {
					Prop struct {
						Any []struct {
							XMLName xml.Name
							Inner   string `xml:",innerxml"`
						} `xml:",any"`
					} `xml:"prop"`
				} `xml:"propstat"`
			} `xml:"response"`
		}
		if err := xml.Unmarshal([]byte(r.Body), &m); err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Response {
			for _, ps := range r.Propstat {
				for _, p := range ps.Prop.Any {
					lines = append(lines, r.Href+" "+p.XMLName.Local+" "+p.Inner)
				}
			}
		}
	}
	slices.Sort(lines)
	if s.Get(t, "old.txt") != "the old version" {
		t.Error("the old version is gone")
	}
	return strings.Join(lines, "\n")
}
