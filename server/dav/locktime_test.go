package dav

import (
	"fmt"
	"testing"
	"time"
)

// overtime waits until a lock of a second that is taken now has run out. Those of a
// second that were taken before have, too.
func (d *door) overtime() {
	d.Helper()
	d.ask(req{method: "PUT", path: "/clock", body: "x"})
	d.take("/clock", "exclusive", 200, "Timeout", "Second-1")
	for deadline := time.Now().Add(30 * time.Second); d.ask(req{method: "PUT", path: "/clock", body: "x"}).StatusCode != 204; {
		if time.Now().After(deadline) {
			d.Fatal("a lock of a second does not end")
		}
	}
}

// TestLockDuringPut: a lock may be refreshed while a PUT under it is on its way, and
// then holds until that is done. One that ran out meanwhile protects nothing, so the
// PUT that relied on it fails rather than overwrite what somebody else has written.
func TestLockDuringPut(t *testing.T) {
	for _, c := range []struct {
		name      string
		meanwhile func(d *door, tok string)
		want      int
		holds     string
	}{
		{"refreshed", func(d *door, tok string) {
			d.do(req{method: "LOCK", path: "/f", head: []string{"If", "(" + tok + ")", "Timeout", "Second-600"}, want: 200, has: "Second-600"})
			d.overtime()
			d.do(req{method: "PUT", path: "/f", body: "bob", head: []string{"User", "bob"}, want: 423})
		}, 204, "begun"},
		{"ran out", func(d *door, tok string) { d.overtime() }, 412, "old"},
		{"ran out, and another wrote", func(d *door, tok string) {
			d.overtime()
			d.do(req{method: "PUT", path: "/f", body: "bob", head: []string{"User", "bob"}, want: 204})
		}, 412, "bob"},
		{"ran out, and another locked", func(d *door, tok string) {
			d.overtime()
			d.take("/f", "exclusive", 200, "User", "bob")
		}, 412, "old"},
		{"released", func(d *door, tok string) {
			d.do(req{method: "UNLOCK", path: "/f", head: []string{"Lock-Token", tok}, want: 204})
		}, 412, "old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDoor(t, nil)
			d.do(req{method: "PUT", path: "/f", body: "old", want: 201})
			tok := d.take("/f", "exclusive", 200, "Timeout", "Second-1")
			d.do(req{method: "LOCK", path: "/f", head: []string{"If", "(" + tok + ")", "Timeout", "Second-1"}, want: 200})
			finish, err := d.begin("PUT", "/f", "If", "("+tok+")")
			if err != nil {
				t.Fatal(err)
			}
			c.meanwhile(d, tok)
			a, err := finish()
			if err != nil || a.StatusCode != c.want {
				t.Errorf("the PUT: %v, %v, want %d", a, err, c.want)
			}
			d.holds("/f", c.holds)
		})
	}
}

// TestLockLimit: one person holds so many locks in a space and no more; others may go
// on, and what was released or ran out counts no more.
func TestLockLimit(t *testing.T) {
	d := newDoor(t, nil)
	for i := range 199 {
		d.take(fmt.Sprintf("/f%d", i), "exclusive", 201)
	}
	d.take("/last", "shared", 201, "Timeout", "Second-1")
	d.do(req{method: "LOCK", path: "/more", body: exclusive, want: 403, has: "too many locks"})
	d.do(req{method: "GET", path: "/more", want: 404})
	d.take("/bobs", "exclusive", 201, "User", "bob")
	for deadline := time.Now().Add(30 * time.Second); ; {
		if a := d.ask(req{method: "LOCK", path: "/more", body: exclusive}); a.StatusCode == 201 {
			break
		} else if a.StatusCode != 403 || time.Now().After(deadline) {
			t.Fatalf("after the time of one: %d %s", a.StatusCode, a.body)
		}
	}
	d.take("/again", "exclusive", 403)
	d.do(req{method: "UNLOCK", path: "/f0", head: []string{"Lock-Token", d.tokens[0]}, want: 204})
	d.take("/again", "exclusive", 201)
}
