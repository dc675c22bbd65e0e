package dav

import (
	"strings"
	"testing"
)

// A name that Unicode takes for another's equal (NFC) is that name, and the one it was
// made with stays.
func TestNamesEqualUnderNFC(t *testing.T) {
	const composed, decomposed = "/caf%C3%A9", "/cafe%CC%81"
	d := newDoor(t, nil)
	listed := func(want string) {
		t.Helper()
		a := d.do(req{method: "PROPFIND", path: "/", head: depth1, want: 207})
		if n := strings.Count(a.body, "<D:href>/files/dav/caf"); n != 1 || !strings.Contains(a.body, "<D:href>/files/dav"+want) {
			t.Errorf("%d names, or not %s: %s", n, want, a.body)
		}
	}
	d.all(
		req{method: "PUT", path: composed, body: "1", want: 201},
		req{method: "PUT", path: "/other", body: "2", want: 201},
		req{method: "GET", path: decomposed, want: 200, has: "1"},
		req{method: "PUT", path: decomposed, head: []string{"If-None-Match", "*"}, body: "x", want: 412},
		req{method: "MKCOL", path: decomposed, want: 405},
		req{method: "MKCOL", path: decomposed + "/c", want: 409},
		req{method: "COPY", path: "/other", head: to(mount+decomposed, "Overwrite", "F"), want: 412},
		req{method: "MOVE", path: "/other", head: to(mount+decomposed, "Overwrite", "F"), want: 412},
		req{method: "COPY", path: composed, head: to(mount + decomposed), want: 403},
	)
	listed(composed)
	d.do(req{method: "PUT", path: decomposed, body: "3", want: 204})
	listed(composed)
	d.holds(composed, "3")
	tok := d.take(decomposed, "exclusive", 200)
	d.all(
		req{method: "PUT", path: composed, body: "x", want: 423},
		req{method: "PUT", path: composed, head: []string{"If", "</files/dav" + decomposed + "> (" + tok + ")"}, body: "4", want: 204},
		req{method: "UNLOCK", path: composed, head: []string{"Lock-Token", tok}, want: 204},
		req{method: "DELETE", path: decomposed, want: 204},
		req{method: "PUT", path: decomposed, body: "5", want: 201},
	)
	listed(decomposed)
	d.holds(composed, "5")
	d.do(req{method: "MOVE", path: composed, head: to(mount + composed), want: 403})
	d.do(req{method: "MOVE", path: decomposed, head: to(mount + composed), want: 201}) // only another spelling
	listed(composed)
	d.holds(decomposed, "5")
}

// A path has 256 levels and no more.
func TestLevels(t *testing.T) {
	d := newDoor(t, nil)
	deep := func(n int) string { return strings.Repeat("/d", n) }
	for i := range 255 {
		d.do(req{method: "MKCOL", path: deep(i + 1), want: 201})
	}
	d.all(
		req{method: "PUT", path: deep(255) + "/f", body: "deep", want: 201},
		req{method: "MKCOL", path: deep(256), want: 201},
		req{method: "PUT", path: deep(256) + "/f", body: "x", want: 414},
		req{method: "MKCOL", path: deep(257), want: 414},
		req{method: "LOCK", path: deep(257), body: exclusive, want: 414},
		req{method: "COPY", path: deep(255) + "/f", head: to(mount + deep(256) + "/f"), want: 414},
		req{method: "MOVE", path: deep(255) + "/f", head: to(mount + deep(256) + "/f"), want: 414},
		req{method: "PROPFIND", path: deep(255), head: depth1, want: 207, has: deep(255) + "/f</D:href>"},
		req{method: "PROPFIND", path: deep(256), head: depth1, want: 207},
		req{method: "COPY", path: deep(255) + "/f", head: to(mount + "/f"), want: 201},
		req{method: "DELETE", path: deep(255) + "/f", want: 204},
	)
	d.holds("/f", "deep")
}
