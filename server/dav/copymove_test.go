package dav

import (
	"net/url"
	"strings"
	"testing"
)

// to makes the head of a COPY or MOVE.
func to(dst string, more ...string) []string {
	return append([]string{"Destination", dst}, more...)
}

func TestCopyMove(t *testing.T) {
	d := newDoor(t, nil)
	for _, p := range []string{"/a", "/a/in", "/b"} {
		d.do(req{method: "MKCOL", path: p, want: 201})
	}
	d.all(
		req{method: "PUT", path: "/a/f", body: "af", want: 201},
		req{method: "PUT", path: "/f", body: "f", want: 201},
		req{method: "PUT", path: "/g", body: "g", want: 201},
	)
	for _, m := range []string{"COPY", "MOVE"} {
		d.all(
			req{method: m, path: "/f", want: 400},
			req{method: m, path: "/f", head: to(""), want: 400},
			req{method: m, path: "/f", head: to("g"), want: 400},
			req{method: m, path: "/f", head: to("//host" + mount + "/g"), want: 400},
			req{method: m, path: "/f", head: to("ftp://host" + mount + "/g"), want: 400},
			req{method: m, path: "/f", head: to(mount + "/g?x"), want: 400},
			req{method: m, path: "/f", head: to(mount + "/%zz"), want: 400},
			req{method: m, path: "/f", head: to("http:g"), want: 400},
			req{method: m, path: "/f", head: to("mailto:x@y"), want: 400},
			req{method: m, path: "/f", head: to("/elsewhere/g"), want: 403},
			req{method: m, path: "/f", head: to("http://h/elsewhere/g"), want: 403},
			req{method: m, path: "/f", head: to(mount+"/g", "Overwrite", "maybe"), want: 400},
			req{method: m, path: "/f", head: to(mount+"/g", "Overwrite", "F"), want: 412},
			req{method: m, path: "/f", head: to(mount+"/g", "Depth", "1"), want: 400},
			req{method: m, path: "/f", head: to(mount+"/g", "If-Match", `"x"`), want: 412},
			req{method: m, path: "/f", head: to(mount+"/g", "If", `(["x"])`), want: 412},
			req{method: m, path: "/f", head: to(mount + "/no/g"), want: 409},
			req{method: m, path: "/f", head: to(mount + "/g/below"), want: 409},
			req{method: m, path: "/none", head: to(mount + "/g"), want: 404},
			req{method: m, path: "/f", head: to(mount + "/f"), want: 403},
			req{method: m, path: "/f", head: to(mount + "/f/"), want: 403},
			req{method: m, path: "/f", head: to(mount + "/%66"), want: 403},
			req{method: m, path: "/f", head: to(mount + "//f"), want: 403},
			req{method: m, path: "/a", head: to(mount + "/a/"), want: 403},
			req{method: m, path: "/a", head: to(mount + "/a/in/x"), want: 403},
			req{method: m, path: "/a/in", head: to(mount + "/a"), want: 403},
			req{method: m, path: "/a/f", head: to(mount + "/a"), want: 403},
			req{method: m, path: "/f", head: to(mount + "/"), want: 403},
			req{method: m, path: "/", head: to(mount + "/r"), want: 403},
		)
	}
	d.holds("/f", "f")
	d.holds("/g", "g")
	d.holds("/a/f", "af")
	d.all(
		req{method: "MOVE", path: "/a", head: to(mount+"/x", "Depth", "0"), want: 400},
		req{method: "COPY", path: "/f", head: to("https://some.proxy:99" + mount + "/h%20h"), want: 201},
		req{method: "COPY", path: "/f", head: to("{srv}" + mount + "/g"), want: 204},
		req{method: "MOVE", path: "/g", head: to(mount + "/h%20h"), want: 204},
		req{method: "COPY", path: "/a", head: to(mount+"/shallow", "Depth", "0"), want: 201},
		req{method: "COPY", path: "/a/", head: to(mount + "/deep/"), want: 201},
		req{method: "COPY", path: "/a", head: to(mount + "/b"), want: 204},
		req{method: "MOVE", path: "/b", head: to(mount+"/moved", "Overwrite", "F"), want: 201},
		req{method: "MOVE", path: "/f", head: to(mount + "/moved"), want: 204},
	)
	d.holds("/h%20h", "f")
	d.holds("/g", "-")
	d.holds("/f", "-")
	d.holds("/shallow/f", "-")
	d.holds("/deep/f", "af")
	d.holds("/moved", "f")
}

func TestDestinationOfAnother(t *testing.T) {
	d := newDoor(t, func(o *Options) { o.BaseURL, _ = url.Parse("https://files.example/files") })
	d.all(
		req{method: "PUT", path: "/f", body: "f", want: 201},
		req{method: "COPY", path: "/f", head: to("https://other.example" + mount + "/g"), want: 502},
		req{method: "COPY", path: "/f", head: to("http://FILES.example:8081" + mount + "/g"), want: 201},
		req{method: "COPY", path: "/f", head: to(mount + "/h"), want: 201},
	)
	if a := d.do(req{method: "GET", path: "/", want: 200}); !strings.Contains(a.body, "https://files.example/files/dav/") {
		t.Errorf("the page does not name the address: %s", a.body)
	}
}
