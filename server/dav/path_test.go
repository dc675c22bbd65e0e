package dav

import (
	"strings"
	"testing"
)

func TestPaths(t *testing.T) {
	d := newDoor(t, nil)
	long := strings.Repeat("n", 256)
	deep := strings.Repeat("/d", 257)
	d.all(
		req{method: "PUT", path: "/a%20b%25%23%3F+%F0%9F%AA%A8", body: "x", want: 201},
		req{method: "GET", path: "/a%20b%25%23%3F+%F0%9F%AA%A8", want: 200, has: "x"},
		req{method: "PUT", path: "/" + long[:255], body: "x", want: 201},
		req{method: "MKCOL", path: "/c", want: 201},
		req{method: "PUT", path: "//c///f", body: "y", want: 201},
		req{method: "GET", path: "/c/f/", want: 200, has: "y"},
		req{method: "OPTIONS", path: "=/files/dav", want: 200},
		req{method: "OPTIONS", path: "=/files/dav/", want: 200},
		req{method: "PROPFIND", path: "=/files/dav", head: []string{"Depth", "0"}, want: 207, has: "<D:href>/files/dav/</D:href>"},
		req{method: "GET", path: "=/files/davx/c/f", want: 404},
		req{method: "GET", path: "=/files/", want: 404},
	)
	for _, bad := range []struct {
		path string
		want int
	}{
		{"/c%2Ff", 400}, {"/c%2ff", 400}, {"/%2F", 400}, {"/a%00b", 400}, {"/a%01", 400}, {"/a%0A", 400},
		{"/a%7F", 400}, {"/./f", 400}, {"/c/../f", 400}, {"/%2e%2e/f", 400}, {"/c/%2E/f", 400}, {"/c/..", 400},
		{"/%ff%fe", 400}, {"/" + long, 400}, {deep, 414}, {"/..%2f..%2fetc", 400},
	} {
		for _, m := range []string{"GET", "PUT", "DELETE", "MKCOL", "PROPFIND", "LOCK", "OPTIONS"} {
			d.do(req{method: m, path: bad.path, head: []string{"Depth", "0"}, want: bad.want})
		}
		for _, m := range []string{"COPY", "MOVE"} {
			d.do(req{method: m, path: "/c/f", head: []string{"Destination", mount + bad.path}, want: bad.want})
		}
	}
	d.holds("/c/f", "y")
}

func TestMethods(t *testing.T) {
	d := newDoor(t, nil)
	for m, want := range map[string]int{"POST": 405, "PATCH": 405, "SEARCH": 405, "BREW": 501, "mkcol": 501} {
		a := d.do(req{method: m, path: "/", body: "x", want: want})
		if !strings.Contains(a.Header.Get("Allow"), "PROPFIND") {
			t.Errorf("%s: Allow: %q", m, a.Header.Get("Allow"))
		}
	}
	a := d.do(req{method: "OPTIONS", path: "/nothing/here", want: 200})
	if a.Header.Get("DAV") != "1, 2, 3" || a.Header.Get("MS-Author-Via") != "DAV" || a.body != "" {
		t.Errorf("OPTIONS: %v", a.Header)
	}
}
