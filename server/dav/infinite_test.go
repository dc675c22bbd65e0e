package dav

import (
	"encoding/xml"
	"fmt"
	"maps"
	"strings"
	"testing"

	"cairn/store"
)

// hrefs are the responses of a 207, and the status of those that have one of their own.
func (a answer) hrefs(t *testing.T) map[string]string {
	t.Helper()
	var ms struct {
		Responses []struct {
			Href   string `xml:"DAV: href"`
			Status string `xml:"DAV: status"`
		} `xml:"DAV: response"`
	}
	if err := xml.Unmarshal([]byte(a.body), &ms); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	out := map[string]string{}
	for _, r := range ms.Responses {
		if _, twice := out[r.Href]; twice && r.Status == "" {
			t.Errorf("%s is told of twice", r.Href)
		}
		out[r.Href] = r.Status
	}
	return out
}

// A whole tree is listed if that was switched on, each node once, up to the number allowed;
// what is more is said to be missing.
func TestPropfindInfinite(t *testing.T) {
	const most = 700
	d := newDoor(t, func(o *Options) { o.InfiniteDepth = most })
	want := map[string]string{mount + "/t/": ""}
	add := func(p store.Path, folder bool) {
		href := mount + "/" + string(p)
		if folder {
			href += "/"
		}
		want[href] = ""
	}
	make := func(p store.Path) {
		if _, err := d.st.Mkdir(t.Context(), d.alice, p, store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	make("t")
	for i := range 100 { // folders among files, more than one page of both
		p := store.Path(fmt.Sprintf("t/%03d", i))
		if i%3 == 0 {
			if _, err := d.st.Put(t.Context(), d.alice, p, strings.NewReader("x"), store.PutOptions{Size: 1}); err != nil {
				t.Fatal(err)
			}
			add(p, false)
			continue
		}
		make(p)
		add(p, true)
		for j := range i % 5 {
			make(p.Join(fmt.Sprint("s", j)))
			add(p.Join(fmt.Sprint("s", j)), true)
		}
	}
	deep := store.Path("t/001")
	for range 200 {
		deep = deep.Join("d")
		make(deep)
		add(deep, true)
	}
	for _, head := range [][]string{{"Depth", "infinity"}, nil} {
		a := d.do(req{method: "PROPFIND", path: "/t", head: head, body: propfind("<D:prop><D:getetag/></D:prop>"), want: 207})
		if got := a.hrefs(t); !maps.Equal(got, want) {
			t.Errorf("%d nodes, want %d", len(got), len(want))
		}
	}
	if got := d.do(req{method: "PROPFIND", path: "/t", head: depth1, want: 207}).hrefs(t); len(got) != 101 {
		t.Errorf("depth 1 has %d", len(got))
	}
	a := d.do(req{method: "PROPFIND", path: "/t", head: []string{"Depth", "infinity", "Prefer", "depth-noroot"}, want: 207})
	if got := a.hrefs(t); len(got) != len(want)-1 {
		t.Errorf("without the root %d, want %d", len(got), len(want)-1)
	}
	for i := range most {
		make(store.Path(fmt.Sprintf("t/002/m%d", i)))
	}
	a = d.do(req{method: "PROPFIND", path: "/t", head: []string{"Depth", "infinity"}, body: propfind("<D:prop><D:getetag/></D:prop>"), want: 207, has: "number-of-matches-within-limits"})
	if got := a.hrefs(t); len(got) != most+1 || got[mount+"/t/"] != "HTTP/1.1 507 Insufficient Storage" {
		t.Errorf("%d nodes, the root %q", len(got), got[mount+"/t/"])
	}
}

// The quota goes to who asks for it by name, in Apple's old words too; to Finder only if
// that was switched on.
func TestQuotaProperties(t *testing.T) {
	finder := "WebDAVFS/3.0.0 (03008000) Darwin/24.4.0 (arm64)"
	names := propfind("<D:prop><D:quota-used-bytes/><D:quota-available-bytes/><D:quota/><D:quotaused/></D:prop>")
	for _, c := range []struct {
		agent string
		on    bool
		told  bool
	}{{"x", false, true}, {finder, false, false}, {finder, true, true}} {
		d := newDoor(t, func(o *Options) { o.FinderQuota = c.on })
		if err := d.st.SetQuota(t.Context(), d.alice.User, 1<<20); err != nil {
			t.Fatal(err)
		}
		d.do(req{method: "PUT", path: "/f", body: strings.Repeat("x", 1025), want: 201})
		a := d.do(req{method: "PROPFIND", path: "/", head: []string{"Depth", "0", "User-Agent", c.agent}, body: names, want: 207})
		for _, want := range []string{"<D:quota-used-bytes>1025<", fmt.Sprintf("<D:quota-available-bytes>%d<", 1<<20-1025), "<D:quota>2048<", "<D:quotaused>3<"} {
			if strings.Contains(a.body, want) != c.told {
				t.Errorf("%s, %v: %s in %s", c.agent, c.on, want, a.body)
			}
		}
		for _, body := range []string{"", propfind("<D:allprop/>"), propfind("<D:propname/>"), propfind("<D:prop><D:getetag/></D:prop>")} {
			if a := d.do(req{method: "PROPFIND", path: "/", head: depth1, body: body, want: 207}); strings.Contains(a.body, "quota") {
				t.Errorf("%q: %s", body, a.body)
			}
		}
		d.do(req{method: "PROPFIND", path: "/f", head: depth0, body: names, want: 207, has: "404 Not Found"})
		d.do(req{method: "PROPPATCH", path: "/", body: update("<D:quota>1</D:quota>"), want: 207, has: "403 Forbidden"})
	}
}
