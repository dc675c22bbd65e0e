package dav

import (
	"encoding/xml"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/webdav"

	"cairn/store"
)

// update is the body of a PROPPATCH that sets, and may remove in elements of its own.
func update(set string, remove ...string) string {
	s := `<?xml version="1.0" encoding="utf-8"?><D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x" xmlns:Z="urn:schemas-microsoft-com:">`
	if set != "" {
		s += `<D:set><D:prop>` + set + `</D:prop></D:set>`
	}
	for _, r := range remove {
		s += `<D:remove><D:prop>` + r + `</D:prop></D:remove>`
	}
	return s + `</D:propertyupdate>`
}

// outcome is what a 207 says of each property: its status and what goes with it.
func (a answer) outcome(t *testing.T) map[string]string {
	t.Helper()
	var ms struct {
		Responses []struct {
			Propstats []struct {
				Prop struct {
					Names []struct{ XMLName xml.Name } `xml:",any"`
				} `xml:"DAV: prop"`
				Status string `xml:"DAV: status"`
				Error  struct {
					Inner string `xml:",innerxml"`
				} `xml:"DAV: error"`
			} `xml:"DAV: propstat"`
		} `xml:"DAV: response"`
	}
	if err := xml.Unmarshal([]byte(a.body), &ms); err != nil || len(ms.Responses) != 1 || len(ms.Responses[0].Propstats) == 0 {
		t.Fatalf("%v in %s", err, a.body)
	}
	out := map[string]string{}
	for _, ps := range ms.Responses[0].Propstats {
		for _, n := range ps.Prop.Names {
			if _, twice := out[n.XMLName.Local]; twice {
				t.Errorf("%s is told of twice: %s", n.XMLName.Local, a.body)
			}
			out[n.XMLName.Local] = strings.TrimPrefix(ps.Status, "HTTP/1.1 ") + ps.Error.Inner
		}
	}
	return out
}

func (d *door) node(p store.Path) store.Node {
	d.Helper()
	n, err := d.st.Stat(d.Context(), d.alice, p)
	if err != nil {
		d.Fatal(err)
	}
	return n
}

// Times that clients set are the node's, whatever form they have; those that cannot be
// told are the nearest that can.
func TestProppatchTimes(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "x", want: 201})
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	for _, c := range []struct{ set, modified, created string }{
		{"<D:getlastmodified>Sun, 09 Sep 2001 01:46:40 GMT</D:getlastmodified>", "2001-09-09T01:46:40Z", ""},
		{"<D:getlastmodified>2001-09-09T01:46:41.123456789Z</D:getlastmodified>", "2001-09-09T01:46:41.123456789Z", ""},
		{"<D:getlastmodified> 2001-09-09T03:46:42+02:00\n</D:getlastmodified>", "2001-09-09T01:46:42Z", ""},
		{"<D:getlastmodified><![CDATA[1000000003]]></D:getlastmodified>", "2001-09-09T01:46:43Z", ""},
		{"<D:getlastmodified>Sunday, 09-Sep-01 01:46:44 GMT</D:getlastmodified>", "2001-09-09T01:46:44Z", ""},
		{"<D:getlastmodified>Sun Sep  9 01:46:45 2001</D:getlastmodified>", "2001-09-09T01:46:45Z", ""},
		{"<D:getlastmodified>Sun, 9 Sep 2001 01:46:46 GMT</D:getlastmodified>", "2001-09-09T01:46:46Z", ""},
		{"<D:creationdate>1997-12-01T17:42:21-08:00</D:creationdate>", "", "1997-12-02T01:42:21Z"},
		{"<D:creationdate>Sat, 01 Jan 2000 00:00:00 GMT</D:creationdate>", "", "2000-01-01T00:00:00Z"},
		{"<D:lastmodified>1100000000.000000007</D:lastmodified>", "2004-11-09T11:33:20.000000007Z", ""},
		{"<Z:Win32LastModifiedTime>Sun, 09 Sep 2001 01:46:40 GMT</Z:Win32LastModifiedTime><Z:Win32CreationTime>Sat, 01 Jan 2000 00:00:01 GMT</Z:Win32CreationTime>",
			"2001-09-09T01:46:40Z", "2000-01-01T00:00:01Z"},
		{"<D:getlastmodified>2001-09-09T01:46:50Z</D:getlastmodified><Z:Win32LastModifiedTime>Sun, 09 Sep 2001 01:46:51 GMT</Z:Win32LastModifiedTime>", "2001-09-09T01:46:51Z", ""}, // the last one counts
		{"<Z:Win32LastModifiedTime>Mon, 01 Jan 1601 00:00:00 GMT</Z:Win32LastModifiedTime>", "1970-01-01T00:00:00Z", ""},
		{"<D:getlastmodified>0001-01-01T00:00:00Z</D:getlastmodified>", "1970-01-01T00:00:00Z", ""},
		{"<D:getlastmodified>Fri, 31 Dec 9999 23:59:59 GMT</D:getlastmodified>", "2262-04-11T23:47:15Z", ""},
		{"<D:creationdate>9999-12-31T23:59:59Z</D:creationdate>", "", "2262-04-11T23:47:15Z"},
	} {
		for _, p := range []store.Path{"f", "c"} {
			before := d.node(p)
			a := d.do(req{method: "PROPPATCH", path: "/" + string(p), body: update(c.set), want: 207})
			for name, status := range a.outcome(t) {
				if status != "200 OK" {
					t.Errorf("%s of %s: %s is %s", p, c.set, name, status)
				}
			}
			modified, created := before.ModTime.Format(time.RFC3339Nano), before.Created.Format(time.RFC3339Nano)
			if c.modified != "" {
				modified = c.modified
			}
			if c.created != "" {
				created = c.created
			}
			n := d.node(p)
			if n.ModTime.Format(time.RFC3339Nano) != modified || n.Created.Format(time.RFC3339Nano) != created || n.Version != before.Version {
				t.Errorf("%s: %s makes %v and %v, want %s and %s", p, c.set, n.ModTime, n.Created, modified, created)
			}
			want := "<D:getlastmodified>" + n.ModTime.Format("Mon, 02 Jan 2006 15:04:05 GMT") + "<"
			d.do(req{method: "PROPFIND", path: "/" + string(p), head: depth0, want: 207, has: want})
		}
	}
}

// What cannot be set is refused with everything else, and nothing has changed.
func TestProppatchRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "x", want: 201})
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	const (
		protected = "403 Forbidden<D:cannot-modify-protected-property/>"
		failed    = "424 Failed Dependency"
	)
	for _, c := range []struct {
		body string
		want map[string]string
	}{
		{update("<x:a>1</x:a><D:getetag>x</D:getetag><D:getlastmodified>2001-09-09T01:46:40Z</D:getlastmodified>"),
			map[string]string{"getetag": protected, "a": failed, "getlastmodified": failed}},
		{update("<x:a>1</x:a><D:getlastmodified>yesterday</D:getlastmodified><D:creationdate>2001-09-09T01:46:40Z</D:creationdate>"),
			map[string]string{"getlastmodified": "409 Conflict", "a": failed, "creationdate": failed}},
		{update("<D:getlastmodified/>"), map[string]string{"getlastmodified": "409 Conflict"}},
		{update("<D:getlastmodified><x:t/>2001-09-09T01:46:40Z</D:getlastmodified>"), map[string]string{"getlastmodified": "409 Conflict"}},
		{update("<D:getlastmodified>Sun, 09 Sep 2001 01:46:40 CEST</D:getlastmodified>"), map[string]string{"getlastmodified": "409 Conflict"}},
		{update("<Z:Win32CreationTime>soon</Z:Win32CreationTime><D:displayname>n</D:displayname><x:a/>"),
			map[string]string{"Win32CreationTime": "409 Conflict", "displayname": protected, "a": failed}},
		{update("<x:a>1</x:a>", "<D:getlastmodified/>"), map[string]string{"getlastmodified": protected, "a": failed}},
		{update("", "<D:creationdate/><D:resourcetype/><x:a/>"), map[string]string{"creationdate": protected, "resourcetype": protected, "a": failed}},
		{update("<D:getcontentlength>1</D:getcontentlength><D:resourcetype/><D:lockdiscovery/><D:supportedlock/><D:quota-used-bytes>1</D:quota-used-bytes><D:quota-available-bytes>1</D:quota-available-bytes><D:getcontenttype>a/b</D:getcontenttype>"),
			map[string]string{"getcontentlength": protected, "resourcetype": protected, "lockdiscovery": protected, "supportedlock": protected,
				"quota-used-bytes": protected, "quota-available-bytes": protected, "getcontenttype": protected}},
	} {
		for _, p := range []store.Path{"f", "c"} {
			before, seq := d.node(p), d.node(store.Root).Seq
			for _, minimal := range []string{"return=representation", "return=minimal"} {
				a := d.do(req{method: "PROPPATCH", path: "/" + string(p), head: []string{"Prefer", minimal}, body: c.body, want: 207})
				if got := a.outcome(t); fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("%s: %s\n%v, want %v", p, c.body, got, c.want)
				}
			}
			if n := d.node(p); !n.ModTime.Equal(before.ModTime) || !n.Created.Equal(before.Created) || d.node(store.Root).Seq != seq {
				t.Errorf("%s: %s changed something", p, c.body)
			}
			if props, err := d.st.Props(t.Context(), d.alice, p); err != nil || len(props) > 0 {
				t.Errorf("%s: %v, %v", p, props, err)
			}
		}
	}
	// The root of a space keeps its times, and what Windows says of it.
	a := d.do(req{method: "PROPPATCH", path: "/", body: update("<D:getlastmodified>1</D:getlastmodified>"), want: 207})
	if got := a.outcome(t)["getlastmodified"]; got != protected {
		t.Errorf("the root: %s", got)
	}
	a = d.do(req{method: "PROPPATCH", path: "/", body: update("<Z:Win32LastModifiedTime>Sun, 09 Sep 2001 01:46:40 GMT</Z:Win32LastModifiedTime>"), want: 207})
	if got := a.outcome(t)["Win32LastModifiedTime"]; got != "200 OK" {
		t.Errorf("the root: %s", got)
	}
	var many strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&many, "<x:p%d/>", i)
	}
	for name, r := range map[string]req{
		"nothing":               {body: update(""), want: 400},
		"an empty prop":         {body: `<propertyupdate xmlns="DAV:"><set><prop/></set></propertyupdate>`, want: 400},
		"no prop":               {body: `<propertyupdate xmlns="DAV:"><set/></propertyupdate>`, want: 400},
		"no body":               {want: 400},
		"a DTD":                 {body: "<!DOCTYPE a>" + update("<x:a/>"), want: 400},
		"another root":          {body: propfind("<D:allprop/>"), want: 400},
		"too many names":        {body: update("", many.String()), want: 400},
		"long names":            {body: update(`<a xmlns="urn:` + strings.Repeat("n", maxPropNameBytes) + `"/>`), want: 400},
		"too much":              {body: update("<x:a>"+strings.Repeat("v", 200<<10)+"</x:a>", "<x:c/>") + " ", want: 207},
		"too much in all":       {body: update("<x:a>" + strings.Repeat("v", 200<<10) + "</x:a><x:b>" + strings.Repeat("v", 100<<10) + "</x:b>"), want: 507},
		"that grows as written": {body: update(`<y:a xmlns:y="urn:` + strings.Repeat("n", 20<<10) + `">` + strings.Repeat("<y:b/>", 5000) + "</y:a>"), want: 507},
		"a match of another":    {head: []string{"If-Match", `"x"`}, body: update("<D:getetag/>"), want: 412},
		"none match":            {head: []string{"If-None-Match", "*"}, body: update("<D:getetag/>"), want: 412},
		"an If that fails":      {head: []string{"If", "(<urn:none>)"}, body: update("<D:getetag/>"), want: 412},
		"nothing there":         {path: "/none", body: update("<D:getetag/>"), want: 404},
	} {
		t.Run(name, func(t *testing.T) {
			d := *d
			d.T = t
			if r.method = "PROPPATCH"; r.path == "" {
				r.path = "/f"
			}
			d.do(r)
		})
	}
}

// Elements that nobody knows, and what is in a property to be removed, are ignored; the
// order counts; a language is that of the elements around.
func TestProppatchBody(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "x", want: 201})
	d.do(req{method: "PROPPATCH", path: "/f", want: 207, body: `<D:propertyupdate xmlns:D="DAV:" xmlns="urn:x" xml:lang="en">
		<whatever><D:prop><no/></D:prop></whatever>
		<D:set xml:lang="fr"><D:prop><a>1</a></D:prop><other/><D:prop xml:lang="it"><b xml:lang="de">2</b><c>3</c></D:prop></D:set>
		<D:remove><D:prop><a>with <content/></a><never-there/></D:prop></D:remove>
		<D:set><D:prop><d/><!-- no value --><e xmlns="" k="1"><f xmlns="urn:f" xmlns:g="urn:g" g:k="&lt;"/></e></D:prop></D:set>
	</D:propertyupdate>`})
	props, err := d.st.Props(t.Context(), d.alice, "f")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range props {
		got[p.Name.Space+" "+p.Name.Local] = p.Lang + " " + string(p.Value)
	}
	want := map[string]string{"urn:x b": "de 2", "urn:x c": "it 3", "urn:x d": "en ",
		" e": `en <f xmlns="urn:f" xmlns:a2="urn:g" a2:k="&lt;"></f>`}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
	var any struct{}
	a := d.do(req{method: "PROPFIND", path: "/f", head: depth0, want: 207})
	if err := xml.Unmarshal([]byte(a.body), &any); err != nil {
		t.Errorf("%v in %s", err, a.body)
	}
}

// A PROPPATCH that is done is answered without a body to who prefers that.
func TestProppatchPrefers(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "x", want: 201})
	for _, c := range []struct {
		head    []string
		want    int
		applied string
	}{
		{nil, 207, ""},
		{[]string{"Prefer", "return=minimal"}, 200, "return=minimal"},
		{[]string{"Prefer", "return=minimal, depth-noroot"}, 200, "return=minimal"},
		{[]string{"Brief", "t"}, 200, "return=minimal"},
		{[]string{"Brief", "f", "Prefer", "return=representation"}, 207, ""},
	} {
		a := d.do(req{method: "PROPPATCH", path: "/f", head: c.head, body: update("<x:a>1</x:a>"), want: c.want})
		if (a.body == "") != (c.want == 200) || strings.Join(a.Header.Values("Preference-Applied"), ",") != c.applied {
			t.Errorf("%q: %v, %q", c.head, a.Header, a.body)
		}
	}
}

// A locked resource is patched with its token alone; another user is not helped by it.
func TestProppatchLocked(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	d.do(req{method: "PUT", path: "/c/f", body: "x", want: 201})
	for _, p := range []string{"/c/f", "/c"} {
		a := d.do(req{method: "LOCK", path: p, body: fmt.Sprintf(lockBody, "exclusive"), want: 200})
		token := a.Header.Get("Lock-Token")
		body := update("<x:a>1</x:a><D:getlastmodified>2001-09-09T01:46:40Z</D:getlastmodified>")
		before := d.node(store.Path(p[1:]))
		d.all(
			req{method: "PROPPATCH", path: p, body: body, want: 423, has: "lock-token-submitted"},
			req{method: "PROPPATCH", path: p, head: []string{"User", "bob", "If", "(" + token + ")"}, body: body, want: 423},
			req{method: "PROPPATCH", path: p, head: []string{"If", "(" + token + `) (["none"])`}, body: update("<D:getetag/>"), want: 207},
			req{method: "PROPPATCH", path: p, head: []string{"If", "(<urn:none>)"}, body: body, want: 412},
		)
		if n := d.node(store.Path(p[1:])); !n.ModTime.Equal(before.ModTime) {
			t.Errorf("%s was changed while it was locked", p)
		}
		d.do(req{method: "PROPPATCH", path: p, head: []string{"If", "(" + token + ")"}, body: body, want: 207, has: "200 OK"})
		if n := d.node(store.Path(p[1:])); n.ModTime.Unix() != 1_000_000_000 {
			t.Errorf("%s: %v", p, n.ModTime)
		}
		d.do(req{method: "UNLOCK", path: p, head: []string{"Lock-Token", token}, want: 204})
	}
}

// Windows reads back what it set, to the letter, until the node's time is another; then
// that one.
func TestProppatchWin32(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "x", want: 201})
	set := update(`<Z:Win32CreationTime>Mon, 01 Jan 1601 00:00:00 GMT</Z:Win32CreationTime><Z:Win32LastAccessTime>Sun, 09 Sep 2001 01:46:41 GMT</Z:Win32LastAccessTime>` +
		`<Z:Win32LastModifiedTime>Sun, 09 Sep 2001 01:46:40 GMT</Z:Win32LastModifiedTime><Z:Win32FileAttributes>00000020</Z:Win32FileAttributes>`)
	d.do(req{method: "PROPPATCH", path: "/f", body: set, want: 207, has: "200 OK"})
	read := func(path string, want map[string]string) {
		t.Helper()
		for _, body := range []string{"", propfind(`<D:prop xmlns:Z="urn:schemas-microsoft-com:"><Z:Win32CreationTime/><Z:Win32LastAccessTime/><Z:Win32LastModifiedTime/><Z:Win32FileAttributes/></D:prop>`)} {
			a := d.do(req{method: "PROPFIND", path: path, head: depth0, body: body, want: 207})
			for name, value := range want {
				if !strings.Contains(a.body, "<"+name+` xmlns="urn:schemas-microsoft-com:">`+value+"</"+name+">") {
					t.Errorf("%s of %s is not %s: %s", name, path, value, a.body)
				}
			}
		}
	}
	want := map[string]string{"Win32CreationTime": "Mon, 01 Jan 1601 00:00:00 GMT", "Win32LastAccessTime": "Sun, 09 Sep 2001 01:46:41 GMT",
		"Win32LastModifiedTime": "Sun, 09 Sep 2001 01:46:40 GMT", "Win32FileAttributes": "00000020"}
	read("/f", want)
	d.do(req{method: "MOVE", path: "/f", head: to(mount + "/g"), want: 201})
	read("/g", want)
	d.do(req{method: "COPY", path: "/g", head: to(mount + "/h"), want: 201})
	d.do(req{method: "PUT", path: "/g", head: []string{"X-OC-Mtime", "1100000000"}, body: "y", want: 204})
	want["Win32LastModifiedTime"] = "Tue, 09 Nov 2004 11:33:20 GMT"
	read("/g", want)
	d.do(req{method: "PROPPATCH", path: "/g", body: update("", "<Z:Win32LastModifiedTime/>"), want: 207, has: "200 OK"})
	d.do(req{method: "PROPFIND", path: "/g", head: depth0, body: propfind(`<D:prop xmlns:Z="urn:schemas-microsoft-com:"><Z:Win32LastModifiedTime/></D:prop>`), want: 207, has: "404 Not Found"})
	if n := d.node("g"); n.ModTime.Unix() != 1_100_000_000 {
		t.Errorf("the time went with the property: %v", n.ModTime)
	}
	want["Win32LastModifiedTime"] = "Sun, 09 Sep 2001 01:46:40 GMT" // h is a copy: as old, and made later
	want["Win32CreationTime"] = d.node("h").Created.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	read("/h", want)
}

// Patches at once are each whole.
func TestProppatchTogether(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "x", want: 201})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 10 {
				n := 1_000_000_000 + i*10 + j
				d.do(req{method: "PROPPATCH", path: "/f", body: update(fmt.Sprintf("<x:n>%d</x:n><D:getlastmodified>%d</D:getlastmodified>", n, n)), want: 207, has: "200 OK"})
			}
		})
	}
	group.Wait()
	props, err := d.st.Props(t.Context(), d.alice, "f")
	if err != nil || len(props) != 1 || string(props[0].Value) != fmt.Sprint(d.node("f").ModTime.Unix()) {
		t.Errorf("%v with %v, %v", d.node("f").ModTime, props, err)
	}
}

func FuzzPropertyUpdate(f *testing.F) {
	f.Add([]byte(update("<x:a xml:lang='de'>v<x:in k='1'/></x:a><D:getlastmodified>1</D:getlastmodified>", "<x:b/>")))
	f.Add([]byte(`<propertyupdate xmlns="DAV:"><set><prop><a xmlns="" b="&amp;"/></prop></set></propertyupdate>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkXML(body) != nil {
			return
		}
		patches, err := parsePropertyUpdate(body)
		if err != nil {
			return
		}
		patch, stats := settle(patches, false)
		if len(stats) == 0 || len(stats) == 1 && stats[0].Status != 200 && stats[0].Status == webdav.StatusFailedDependency {
			t.Fatalf("%q: %v", body, stats)
		}
		for _, p := range patch.Props {
			if err := checkXML([]byte("<D:v xmlns:D='DAV:'>" + string(p.Value) + "</D:v>")); err != nil {
				t.Fatalf("%q: value %q: %v", body, p.Value, err)
			}
		}
	})
}
