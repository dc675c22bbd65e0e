package dav

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"cairn/server/transfer"
	"cairn/store"
)

func propfind(inner string) string {
	return `<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:">` + inner + `</D:propfind>`
}

var depth0, depth1 = []string{"Depth", "0"}, []string{"Depth", "1"}

func TestPropfind(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	d.do(req{method: "PUT", path: "/c/a%26b%20%3C%23.txt", body: "12345", want: 201})
	d.do(req{method: "MKCOL", path: "/c/sub", want: 201})
	a := d.do(req{method: "PROPFIND", path: "/c", head: depth1, want: 207})
	for _, want := range []string{"<D:href>/files/dav/c/</D:href>", "<D:href>/files/dav/c/sub/</D:href>", "<D:href>/files/dav/c/a&amp;b%20%3C%23.txt</D:href>",
		"<D:getcontentlength>5</D:getcontentlength>", "<D:getcontenttype>text/plain; charset=utf-8</D:getcontenttype>", "D:creationdate", "<D:displayname>a&amp;b &lt;#.txt</D:displayname>"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%q is not in %s", want, a.body)
		}
	}
	if strings.Contains(a.body, "quota") || strings.Contains(a.body, "lockdiscovery") || a.Header.Get("Content-Type") != "application/xml; charset=utf-8" {
		t.Errorf("%s %s", a.Header.Get("Content-Type"), a.body)
	}
	for _, c := range []struct {
		path, body string
		head       []string
		want       int
		has        string
	}{
		{"/c", "", nil, 403, "<D:propfind-finite-depth/>"},
		{"/c", "", []string{"Depth", "infinity"}, 403, "<D:propfind-finite-depth/>"},
		{"/c", "", []string{"Depth", "2"}, 400, ""},
		{"/c/a%26b%20%3C%23.txt", "", nil, 207, "getetag"},
		{"/none", "", depth0, 404, ""},
		{"/c/a%26b%20%3C%23.txt/x", "", depth0, 404, ""},
		{"/c", propfind("<D:propname/>"), depth0, 207, "<D:creationdate></D:creationdate>"},
		{"/c", propfind("<D:prop><D:getetag/></D:prop>"), depth0, 207, `<D:getetag>"`},
		{"/c", propfind("<D:prop><D:quota-used-bytes/></D:prop>"), depth0, 207, "<D:quota-used-bytes>5<"},
		{"/c", propfind("<D:prop><D:quota-used-bytes/></D:prop>"), []string{"Depth", "0", "User-Agent", "WebDAVFS/3.0"}, 207, "404 Not Found"},
		{"/c", propfind("<D:prop><D:supportedlock/></D:prop>"), depth0, 207, "<D:shared/>"},
		{"/c", propfind("<D:prop><x xmlns='urn:none'/></D:prop>"), depth0, 207, "404 Not Found"},
		{"/c", propfind("<D:allprop/><D:include><D:quota-available-bytes/></D:include>"), depth0, 207, "quota-available-bytes"},
		{"/c", propfind("<D:prop/>"), depth0, 207, ""},
		{"/c", propfind(""), depth0, 400, ""},
		{"/c", propfind("<D:allprop/><D:propname/>"), depth0, 400, ""},
		{"/c", propfind("<D:prop><D:getetag/></D:prop><unknown/>"), depth0, 207, ""},
		{"/c", "<foo/>", depth0, 400, ""},
	} {
		d.do(req{method: "PROPFIND", path: c.path, head: c.head, body: c.body, want: c.want, has: c.has})
	}
}

// Clients that prefer less get less, and are told so.
func TestPropfindPrefers(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	d.do(req{method: "PUT", path: "/c/f", body: "1", want: 201})
	body := propfind("<D:prop><D:getcontentlength/><x xmlns='urn:none'/></D:prop>")
	for _, c := range []struct {
		head          []string
		root, missing bool
		applied       string
	}{
		{depth1, true, true, ""},
		{[]string{"Depth", "1", "Prefer", "return=minimal"}, true, false, "return=minimal"},
		{[]string{"Depth", "1", "Prefer", `respond-async, Return="minimal"; foo=1`}, true, false, "return=minimal"},
		{[]string{"Depth", "1", "Brief", "t"}, true, false, "return=minimal"},
		{[]string{"Depth", "1", "Brief", "f", "Prefer", "return=representation"}, true, true, ""},
		{[]string{"Depth", "1", "Prefer", "depth-noroot"}, false, true, "depth-noroot"},
		{[]string{"Depth", "1,noroot"}, false, true, "depth-noroot"},
		{[]string{"Depth", "1", "Prefer", "return=minimal,depth-noroot"}, false, false, "return=minimal,depth-noroot"},
		{[]string{"Depth", "0", "Prefer", "depth-noroot"}, true, true, ""},
	} {
		a := d.do(req{method: "PROPFIND", path: "/c", head: c.head, body: body, want: 207})
		root, missing := strings.Contains(a.body, "<D:href>/files/dav/c/</D:href>"), strings.Contains(a.body, "404 Not Found")
		if root != c.root || missing != c.missing || strings.Join(a.Header.Values("Preference-Applied"), ",") != c.applied {
			t.Errorf("%q: root %v, missing %v, %q in %s", c.head, root, missing, a.Header.Values("Preference-Applied"), a.body)
		}
		if c.head[1] != "0" && !strings.Contains(a.body, "<D:getcontentlength>1<") {
			t.Errorf("%q: %s", c.head, a.body)
		}
		var any struct{}
		if err := xml.Unmarshal([]byte(a.body), &any); err != nil {
			t.Errorf("%q: %v in %s", c.head, err, a.body)
		}
	}
}

func TestPropfindMany(t *testing.T) {
	d := newDoor(t, nil)
	const n = 2500
	for i := range n {
		if _, err := d.st.Mkdir(t.Context(), d.alice, store.Path(fmt.Sprintf("d%04d", i)), store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	a := d.do(req{method: "PROPFIND", path: "/", head: depth1, body: propfind("<D:prop><D:getetag/><D:resourcetype/><D:creationdate/></D:prop>"), want: 207})
	var ms struct {
		Responses []struct {
			Href string `xml:"DAV: href"`
		} `xml:"DAV: response"`
	}
	if err := xml.Unmarshal([]byte(a.body), &ms); err != nil {
		t.Fatal(err)
	}
	if len(ms.Responses) != n+1 {
		t.Fatalf("%d responses, want %d", len(ms.Responses), n+1)
	}
	for i, r := range ms.Responses[1:] {
		if want := fmt.Sprintf("%s/d%04d/", mount, i); r.Href != want {
			t.Fatalf("response %d is %s, want %s", i, r.Href, want)
		}
	}
}

func TestBadXML(t *testing.T) {
	d := newDoor(t, nil)
	deep := propfind(strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000))
	var wide strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&wide, "<p%d xmlns='urn:p'/>", i)
	}
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"nested deep":        {deep, 400},
		"nested deep, open":  {strings.Repeat("<a>", 200_000), 400},
		"too large":          {propfind("<!-- " + strings.Repeat("x", 1<<20) + " -->"), 413},
		"large":              {propfind("<!-- " + strings.Repeat("x", 1<<19) + " --><D:allprop/>"), 207},
		"many elements":      {propfind(strings.Repeat("<a/>", 10_001)), 400},
		"many names":         {propfind("<D:prop>" + wide.String() + "</D:prop>"), 400},
		"empty prefix":       {`<D:propfind xmlns:D="DAV:"><D:prop><b:foo xmlns:b=""/></D:prop></D:propfind>`, 400},
		"unknown prefix":     {propfind("<D:prop><b:foo/></D:prop>"), 400},
		"dtd":                {`<!DOCTYPE x [<!ENTITY a "aaaa">]>` + propfind("<D:allprop/>"), 400},
		"entity":             {propfind("<D:prop>&a;</D:prop>"), 400},
		"not utf-8":          {propfind("<D:prop>\xff</D:prop>"), 400},
		"utf-16":             {"\xfe\xff\x00<\x00a\x00/\x00>", 400},
		"latin-1":            {`<?xml version="1.0" encoding="iso-8859-1"?><D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>`, 400},
		"cut off":            {`<D:propfind xmlns:D="DAV:"><D:allprop/>`, 400},
		"crossed":            {`<D:propfind xmlns:D="DAV:"><a><b></a></b></D:propfind>`, 400},
		"two roots":          {propfind("<D:allprop/>") + "<a/>", 400},
		"text":               {"hello", 400},
		"byte order mark":    {"\xef\xbb\xbf" + propfind("<D:allprop/>"), 207},
		"only white space":   {" \n ", 207},
		"comments are fine":  {propfind("<!-- a --><D:allprop/><?pi x?>"), 207},
		"local name empty":   {propfind("<D:prop><D:/></D:prop>"), 400},
		"name with colons":   {propfind("<D:prop><D:a:b/></D:prop>"), 400},
		"prefix empty":       {propfind("<D:prop><:a/></D:prop>"), 400},
		"nested bad name":    {`<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><p xmlns="urn:p"><D:a:b/></p></D:prop></D:set></D:propertyupdate>`, 400},
		"owner, bad name":    {`<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner><a b:="1"/></D:owner></D:lockinfo>`, 400},
		"attribute, colons":  {propfind("<D:prop><a D:b:c='1'/></D:prop>"), 400},
		"attribute twice":    {propfind("<D:prop><a b='1' b='2'/></D:prop>"), 400},
		"attribute twice, 2": {propfind("<D:prop><a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/></D:prop>"), 400},
		"xml element":        {propfind("<D:prop><xml:a/></D:prop>"), 400},
		"xmlns element":      {propfind("<D:prop><xmlns:a/></D:prop>"), 400},
		"xmlns declared":     {propfind("<D:prop><a xmlns:xmlns='urn:x'/></D:prop>"), 400},
		"xml declared":       {propfind("<D:prop><a xmlns:xml='http://www.w3.org/XML/1998/namespace'/></D:prop>"), 400},
		"xml by default":     {propfind("<D:prop><a xmlns='http://www.w3.org/XML/1998/namespace'/></D:prop>"), 400},
		"xml by another":     {propfind("<D:prop><x:a xmlns:x='http://www.w3.org/XML/1998/namespace'/></D:prop>"), 400},
		"xmlns by default":   {propfind("<D:prop><a xmlns='http://www.w3.org/2000/xmlns/'/></D:prop>"), 400},
		"xmlns by another":   {propfind("<D:prop><x:a xmlns:x='http://www.w3.org/2000/xmlns/'/></D:prop>"), 400},
		"no sort of element": {propfind("<!ELEMENT a>"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			d := &door{T: t, st: d.st, srv: d.srv, alice: d.alice, bob: d.bob}
			d.do(req{method: "PROPFIND", path: "/", head: depth0, body: c.body, want: c.want})
			if c.want >= 400 {
				d.do(req{method: "PROPPATCH", path: "/", body: c.body, want: c.want})
				d.do(req{method: "LOCK", path: "/new", body: c.body, want: c.want})
			}
		})
	}
	d.holds("/new", "-")
}

// TestLargeXML checks that slow senders of large bodies hold up nobody else, and
// that one user cannot send any number of them.
func TestLargeXML(t *testing.T) {
	d := newDoor(t, nil)
	large := propfind("<!-- " + strings.Repeat("x", 900<<10) + " --><D:allprop/>")
	const mine = transfer.MaxUserArriving / (900 << 10) // as many fit
	refused := make(chan bool)
	for range mine + 5 {
		c := d.raw()
		fmt.Fprintf(c, "PROPFIND %s/ HTTP/1.1\r\nHost: x\r\nDepth: 0\r\nContent-Length: %d\r\n\r\n%s", mount, len(large), large[:smallBody+1])
		go func() {
			if res, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil {
				refused <- res.StatusCode == 503 && res.Header.Get("Retry-After") != ""
			}
		}()
	}
	for i := range 5 { // which ones, is their race
		if !<-refused {
			t.Fatalf("%d of the 5 too many have another answer than 503", i)
		}
	}
	d.all(
		req{method: "PROPFIND", path: "/", head: depth0, want: 207},
		req{method: "PROPFIND", path: "/", head: depth0, body: large, want: 503},
		req{method: "PROPFIND", path: "/", head: []string{"Depth", "0", "User", "bob"}, body: large, want: 207},
		req{method: "PROPFIND", path: "/", head: []string{"Depth", "0", "User", "bob", "Chunked", ""}, body: large, want: 207},
		req{method: "PROPFIND", path: "/", head: []string{"Depth", "0", "User", "bob", "Chunked", ""}, body: large + strings.Repeat(" ", 200<<10), want: 413},
		req{method: "PROPFIND", path: "/", head: []string{"Depth", "0", "User", "bob"}, body: large, want: 207},
	)
}

func TestProppatch(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "PUT", path: "/f", body: "x", want: 201})
	d.do(req{method: "MKCOL", path: "/c", want: 201})
	upd := func(s string) string {
		return `<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop>` + s + `</D:prop></D:set></D:propertyupdate>`
	}
	both := propfind(`<D:prop><a xmlns="urn:x"/><b xmlns="urn:x"/></D:prop>`)
	for _, p := range []string{"/f", "/c", "/c/", "/"} {
		d.all(
			req{method: "PROPPATCH", path: p, body: upd(`<x:a xml:lang="de">v<x:in k="1"/> &amp; w</x:a>`), want: 207, has: "HTTP/1.1 200 OK"},
			req{method: "PROPFIND", path: p, head: depth0, body: both, want: 207, has: "&amp; w</a>"},
			req{method: "PROPFIND", path: p, head: depth0, body: both, want: 207, has: `lang="de"`},
			req{method: "PROPFIND", path: p, head: depth0, want: 207, has: "&amp; w</a>"},
			// a protected property fails the others
			req{method: "PROPPATCH", path: p, body: upd(`<x:b>v</x:b><D:getetag>"x"</D:getetag>`), want: 207, has: "403 Forbidden"},
			req{method: "PROPPATCH", path: p, body: upd(`<x:b>v</x:b><D:quota-used-bytes>1</D:quota-used-bytes>`), want: 207, has: "424 Failed Dependency"},
			req{method: "PROPFIND", path: p, head: depth0, body: both, want: 207, has: "404 Not Found"},
			req{method: "PROPPATCH", path: p, head: []string{"If-Match", `"x"`}, body: setProp, want: 412},
			req{method: "PROPPATCH", path: p, body: propfind("<D:allprop/>"), want: 400},
			req{method: "PROPPATCH", path: p, want: 400},
		)
	}
	d.all(
		req{method: "PROPPATCH", path: "/none", body: setProp, want: 404},
		req{method: "PROPPATCH", path: "/f", body: upd("<x:big>" + strings.Repeat("x", 300<<10) + "</x:big>"), want: 507},
		req{method: "COPY", path: "/f", head: to(mount + "/g"), want: 201},
		req{method: "PROPFIND", path: "/g", head: depth0, body: both, want: 207, has: "&amp; w</a>"},
		req{method: "PROPPATCH", path: "/f", body: upd(`<Win32LastModifiedTime xmlns="urn:schemas-microsoft-com:">Sun, 09 Sep 2001 01:46:40 GMT</Win32LastModifiedTime>`), want: 207, has: "200 OK"},
		req{method: "PROPFIND", path: "/f", head: depth0, want: 207, has: "<D:getlastmodified>Sun, 09 Sep 2001 01:46:40 GMT<"},
		req{method: "PROPPATCH", path: "/f", body: upd(`<D:lastmodified>1100000000</D:lastmodified>`), want: 207, has: "200 OK"},
		req{method: "PROPFIND", path: "/f", head: depth0, want: 207, has: "<D:getlastmodified>Tue, 09 Nov 2004 11:33:20 GMT<"},
	)
}

func FuzzXML(f *testing.F) {
	for _, s := range []string{propfind("<D:prop><D:getetag/></D:prop>"), "<a xmlns:b='c'><b:d/></a>", fmt.Sprintf(lockBody, "shared"), "<!DOCTYPE a>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkXML(body) != nil {
			return
		}
		if a, err := parsePropfind(body); err == nil {
			var b bytes.Buffer
			m := &multistatus{Writer: bufio.NewWriter(&b), a: a}
			m.lost(&member{Node: &store.Node{}})
			m.Flush()
			if err := checkXML([]byte("<D:v xmlns:D='DAV:'>" + b.String() + "</D:v>")); err != nil {
				t.Fatalf("%q becomes %q: %v", body, b.String(), err)
			}
		}
		if spec, err := parseLockInfo(body); err == nil {
			if err := checkXML([]byte("<D:owner xmlns:D='DAV:'>" + spec.Owner + "</D:owner>")); err != nil {
				t.Fatalf("%q: owner %q: %v", body, spec.Owner, err)
			}
		}
	})
}

// A listing is compressed for who takes that, whole or in pages, and goes out as it is for others,
// and when too many are under way.
func TestPropfindGzip(t *testing.T) {
	d := newDoor(t, nil)
	d.do(req{method: "MKCOL", path: "/few", want: 201})
	d.do(req{method: "MKCOL", path: "/many", want: 201})
	const n = 700
	for i := range n {
		if _, err := d.st.Mkdir(t.Context(), d.alice, store.Path(fmt.Sprintf("many/d%04d", i)), store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(path, accept string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest("PROPFIND", d.srv.URL+mount+path, strings.NewReader(propfind("<D:prop><D:getetag/><D:resourcetype/></D:prop>")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Depth", "1")
		r.Header.Set("Accept-Encoding", accept)
		resp, err := d.srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var body io.Reader = resp.Body
		if resp.Header.Get("Content-Encoding") == "gzip" {
			if body, err = gzip.NewReader(resp.Body); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(text)
	}
	for _, c := range []struct {
		path, accept, coding string
		responses            int
	}{
		{"/many", "gzip", "gzip", n + 1},
		{"/many", "deflate, GZip;q=0.5", "gzip", n + 1},
		{"/many", "gzip;q=0", "", n + 1},
		{"/many", "identity", "", n + 1},
		{"/many", "*", "", n + 1},
		{"/few", "gzip", "", 1}, // not worth it
		{"/", "gzip", "", 3},
	} {
		resp, text := ask(c.path, c.accept)
		if resp.Header.Get("Content-Encoding") != c.coding || strings.Count(text, "<D:response>") != c.responses || !strings.HasSuffix(text, "</D:multistatus>") {
			t.Errorf("%s, %q: %v, %d responses", c.path, c.accept, resp.Header, strings.Count(text, "<D:response>"))
		}
		if resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s, %q: Vary: %q", c.path, c.accept, resp.Header.Get("Vary"))
		}
	}
	h := New(d.st, Options{Prefix: mount})
	d.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(WithScope(r.Context(), d.alice, "alice")))
	})
	for range maxZippers {
		<-h.zippers
	}
	if resp, text := ask("/many", "gzip"); resp.Header.Get("Content-Encoding") != "" || strings.Count(text, "<D:response>") != n+1 {
		t.Errorf("without a free writer: %v", resp.Header)
	}
	for range maxZippers {
		h.zippers <- nil
	}
	for range 3 * maxZippers {
		if resp, _ := ask("/many", "gzip"); resp.Header.Get("Content-Encoding") != "gzip" {
			t.Fatal("a writer was not given back")
		}
	}
}
