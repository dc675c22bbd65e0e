package dav

import (
	"fmt"
	"testing"
)

// Dead properties go where their resource goes (RFC 4918 §9.8.2, §9.9.1): those of a
// folder and of what is in it too. A copy has its own; what is replaced loses its own.
func TestPropertiesFollow(t *testing.T) {
	d := newDoor(t, nil)
	set := func(path, v string) {
		t.Helper()
		body := fmt.Sprintf(`<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="urn:x">%s</x></D:prop></D:set></D:propertyupdate>`, v)
		d.do(req{method: "PROPPATCH", path: path, body: body, want: 207, has: "200 OK"})
	}
	has := func(path, v string) {
		t.Helper()
		want := `<x xmlns="urn:x">` + v + `</x>`
		if v == "" {
			want = "404 Not Found"
		}
		d.do(req{method: "PROPFIND", path: path, head: depth0, body: propfind(`<D:prop><x xmlns="urn:x"/></D:prop>`), want: 207, has: want})
	}
	for _, p := range []string{"/c", "/c/in", "/old"} {
		d.do(req{method: "MKCOL", path: p, want: 201})
	}
	for _, p := range []string{"/c/in/f", "/f", "/g", "/plain", "/old/f"} {
		d.do(req{method: "PUT", path: p, body: "x", want: 201})
	}
	for _, p := range []string{"/c", "/c/in", "/c/in/f", "/f", "/g", "/old", "/old/f"} {
		set(p, "of "+p)
	}
	for _, step := range []struct {
		req
		have map[string]string // afterwards
	}{
		{req{method: "COPY", path: "/f", head: to(mount + "/f2")}, map[string]string{"/f": "of /f", "/f2": "of /f"}},
		{req{method: "COPY", path: "/c", head: to(mount + "/c2")}, map[string]string{"/c2": "of /c", "/c2/in": "of /c/in", "/c2/in/f": "of /c/in/f"}},
		{req{method: "COPY", path: "/c", head: to(mount+"/flat", "Depth", "0")}, map[string]string{"/flat": "of /c"}},
		{req{method: "MOVE", path: "/c2", head: to(mount + "/c3")}, map[string]string{"/c3": "of /c", "/c3/in/f": "of /c/in/f"}},
		{req{method: "COPY", path: "/c", head: to(mount + "/old")}, map[string]string{"/old": "of /c", "/old/in": "of /c/in", "/old/in/f": "of /c/in/f"}},
		{req{method: "COPY", path: "/plain", head: to(mount + "/g")}, map[string]string{"/g": ""}},
		{req{method: "MOVE", path: "/f2", head: to(mount + "/c3/f2")}, map[string]string{"/c3/f2": "of /f"}},
		{req{method: "PUT", path: "/c3/f2", body: "new"}, map[string]string{"/c3/f2": "of /f"}},
	} {
		if a := d.ask(step.req); a.StatusCode > 204 {
			t.Fatalf("%s %s: %d %s", step.method, step.path, a.StatusCode, a.body)
		}
		for path, v := range step.have {
			has(path, v)
		}
	}
	set("/c3/in/f", "of the copy")
	has("/c/in/f", "of /c/in/f")
	d.do(req{method: "DELETE", path: "/c3/f2", want: 204})
	d.do(req{method: "PUT", path: "/plain2", body: "x", want: 201})
	has("/plain2", "")
}

// What is moved over another file brings its properties, whichever of the two nodes the
// name keeps.
func TestPropertiesOfMoveOver(t *testing.T) {
	d := newDoor(t, nil)
	d.all(
		req{method: "PUT", path: "/f", body: "f", want: 201},
		req{method: "PUT", path: "/g", body: "g", want: 201},
		req{method: "PROPPATCH", path: "/f", body: setProp, want: 207},
		req{method: "MOVE", path: "/f", head: to(mount + "/g"), want: 204},
		req{method: "PROPFIND", path: "/g", head: depth0, body: propfind(`<D:prop><x xmlns="urn:x"/></D:prop>`), want: 207, has: `<x xmlns="urn:x">v</x>`},
	)
}
