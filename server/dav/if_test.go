package dav

import (
	"fmt"
	"strings"
	"testing"

	"cairn/store"
)

func TestParseIf(t *testing.T) {
	h := New(nil, Options{Prefix: mount})
	for s, want := range map[string]struct {
		ok    bool
		lists int
		toks  string
	}{
		"":                 {true, 0, ""},
		`(<a:b>)`:          {true, 1, "a:b"},
		`(<a:b>["e"])`:     {true, 1, "a:b"},
		`(<a:b>) (<c:d>)`:  {true, 2, "a:b c:d"},
		`(<a:b> Not<c:d>)`: {true, 1, "a:b c:d"},
		`(NOT ["e"])`:      {true, 1, ""},
		`(["a) <x> ("])`:   {true, 1, ""},
		`([W/"weak"])`:     {true, 1, ""},
		`</files/dav/x> (<a:b>) (<c:d>) <http://h/files/dav/y>(["e"])`: {true, 3, "a:b c:d"},
		`</elsewhere> (Not <a:b>)`:                                     {true, 1, "a:b"},
		`()`:                                                           {},
		`(Not)`:                                                        {},
		`(<a:b>`:                                                       {},
		`(<a:b)`:                                                       {},
		`(<>)`:                                                         {},
		`<a:b>`:                                                        {},
		`<> (<a:b>)`:                                                   {},
		`</x> </y> (<a:b>)`:                                            {},
		`(<a:b>) </x> (<c:d>)`:                                         {},
		`(["e)`:                                                        {},
		`([e])`:                                                        {},
		`(["e"`:                                                        {},
		`nonsense`:                                                     {},
		`(a:b)`:                                                        {},
		`<relative> (<a:b>)`:                                           {},
		tags(8, 30):                                                    {true, 8, "t:0 t:1 t:2 t:3 t:4 t:5 t:6 t:7"},
		tags(9, 1):                                                     {},
		tags(2, 150):                                                   {true, 2, "t:0 t:1"},
		tags(2, 151):                                                   {},
		strings.Repeat("</files/dav/x> (<a:b>) ", 64): {true, 64, strings.Repeat("a:b ", 63) + "a:b"},
		strings.Repeat(`(<a:b>)`, 65):                 {},
		`(` + strings.Repeat(`<a:b>`, 257) + `)`:      {},
	} {
		ih, err := h.parseIf(s)
		if (err == nil) != want.ok {
			t.Errorf("%.60q: %v", s, err)
			continue
		}
		if err == nil && (len(ih.lists) != want.lists || strings.Join(ih.tokens, " ") != want.toks) {
			t.Errorf("%q: %+v", s, ih)
		}
	}
}

// tags is an If header with n lists, each tagged with a resource of its own.
func tags(n, depth int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<%s/%d%s> (<t:%d>) ", mount, i, strings.Repeat("/d", depth-1), i)
	}
	return b.String()
}

// counting counts what a guard looks at.
type counting struct{ stats, locks int }

func (c *counting) Stat(store.Path) (store.Node, error) {
	c.stats++
	return store.Node{Kind: store.File}, nil
}

func (c *counting) Locks(store.Path) ([]store.Lock, error) { c.locks++; return nil, nil }

// TestGuardLooksOnce checks what the writer pays for a header.
func TestGuardLooksOnce(t *testing.T) {
	h := New(nil, Options{Prefix: mount})
	for s, want := range map[string]counting{
		strings.Repeat(`(<a:b>)`, 60): {0, 1},
		strings.Repeat(`(["x"])`, 60): {1, 0},
		strings.Repeat(`</files/dav/x> (<a:b> ["x"]) (["x"] <a:b>) (Not ["x"] <a:b>) </files/dav/y> (["x"])`, 15): {2, 1},
	} {
		ih, err := h.parseIf(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		var got counting
		if err := h.guard(ih, "f")(&got); err != store.ErrPrecondition || got != want {
			t.Errorf("%.80q: %+v, want %+v: %v", s, got, want, err)
		}
	}
}

func TestIf(t *testing.T) {
	d := newDoor(t, nil)
	tag := d.do(req{method: "PUT", path: "/f", body: "0", want: 201}).Header.Get("ETag")
	tok := d.take("/f", "exclusive", 200)
	other := d.do(req{method: "PUT", path: "/g", body: "0", want: 201}).Header.Get("ETag")
	for _, c := range []struct {
		cond string
		want int
	}{
		{`(` + tok + `)`, 207},
		{`(` + tok + ` [` + tag + `])`, 207},
		{`(` + tok + ` ["x"])`, 412},
		{`(` + tok + ` Not ["x"])`, 207},
		{`(` + tok + ` <urn:y>)`, 412},
		{`(` + tok + ` Not <DAV:no-lock>)`, 207},
		{`(["x"]) (` + tok + `)`, 207},
		{`([` + tag + `])`, 423},
		{`([W/` + tag + `])`, 412},
		{`(Not ` + tok + `)`, 412},
		{`(Not <DAV:no-lock>)`, 423},
		{`</files/dav/g> ([` + other + `]) </files/dav/f> (` + tok + `)`, 207},
		{`</files/dav/g> ([` + other + `])`, 423},
		{`</files/dav/g> ([` + other + `] Not ` + tok + `)`, 207}, // its token is named, and on g it is not
		{`</files/dav/none> (Not ["x"]) (` + tok + `)`, 207},
		{`</else/where> (` + tok + `)`, 412},
		{`</files/dav/%2e%2e> (` + tok + `)`, 412},
		{`garbage`, 400},
	} {
		d.do(req{method: "PROPPATCH", path: "/f", head: []string{"If", c.cond}, body: setProp, want: c.want})
	}
	d.all(
		req{method: "PROPFIND", path: "/f", head: []string{"Depth", "0", "If", `(["x"])`}, want: 412},
		req{method: "DELETE", path: "/g", head: []string{"If", `(["x"])`}, want: 412},
		req{method: "MKCOL", path: "/m", head: []string{"If", `(["x"])`}, want: 412},
		req{method: "MKCOL", path: "/m", head: []string{"If", `(Not ["x"])`}, want: 201},
	)
}
