package dav

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
)

func syncBody(token, level, more string) string {
	return fmt.Sprintf(`<?xml version="1.0"?><D:sync-collection xmlns:D="DAV:"><D:sync-token>%s</D:sync-token>`+
		`<D:sync-level>%s</D:sync-level>%s<D:prop><D:getetag/></D:prop></D:sync-collection>`, token, level, more)
}

var (
	tokenOf  = regexp.MustCompile(`<D:sync-token>([^<]*)</D:sync-token>`)
	hrefStat = regexp.MustCompile(`<D:response><D:href>` + mount + `([^<]*)</D:href>(?:<D:propstat>.*?)?<D:status>HTTP/1.1 (\d+)`)
)

// sync asks for changes, and returns them as "PATH STATUS", sorted, and the next token.
func (d *door) sync(path, token, level, more string) (told []string, next string) {
	d.Helper()
	a := d.do(req{"REPORT", path, []string{"Depth", "0"}, syncBody(token, level, more), 207, ""})
	for _, m := range hrefStat.FindAllStringSubmatch(a.body, -1) {
		told = append(told, m[1]+" "+m[2])
	}
	if m := tokenOf.FindStringSubmatch(a.body); m != nil {
		next = m[1]
	}
	slices.Sort(told)
	return told, next
}

// TestSync is RFC 6578: what has changed since a token, and nothing else.
func TestSync(t *testing.T) {
	d := newDoor(t, func(o *Options) { o.InfiniteDepth = 100 })
	d.all(
		req{"MKCOL", "/a", nil, "", 201, ""},
		req{"MKCOL", "/a/in", nil, "", 201, ""},
		req{"PUT", "/a/x", nil, "x", 201, ""},
		req{"PUT", "/a/in/y", nil, "y", 201, ""},
		req{"PUT", "/z", nil, "z", 201, ""},
	)
	want := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	all, token := d.sync("/a/", "", "infinite", "")
	want(all, "/a/in/ 200", "/a/in/y 200", "/a/x 200")
	flat, flatToken := d.sync("/a/", "", "1", "")
	want(flat, "/a/in/ 200", "/a/x 200")
	if a := d.do(req{"PROPFIND", "/a/", []string{"Depth", "0"},
		`<D:propfind xmlns:D="DAV:"><D:prop><D:sync-token/><D:supported-report-set/></D:prop></D:propfind>`, 207, "<D:sync-collection/>"}); tokenOf.FindStringSubmatch(a.body)[1] != token {
		t.Errorf("the property is not %s: %s", token, a.body)
	}
	none, _ := d.sync("/a/", token, "infinite", "")
	want(none)
	d.all(
		req{"PUT", "/a/x", nil, "other", 204, ""},
		req{"DELETE", "/a/in/y", nil, "", 204, ""},
		req{"PUT", "/elsewhere", nil, "z", 201, ""},
		req{"MOVE", "/z", []string{"Destination", mount + "/a/in/a%20%26b"}, "", 201, ""},
		req{"MOVE", "/a/in", []string{"Destination", mount + "/a/out"}, "", 201, ""},
	)
	some, next := d.sync("/a/", token, "infinite", "")
	want(some, "/a/in/ 404", "/a/in/y 404", "/a/out/ 200", "/a/out/a%20&amp;b 200", "/a/x 200")
	some, _ = d.sync("/a/", flatToken, "1", "")
	want(some, "/a/in/ 404", "/a/out/ 200", "/a/x 200")
	none, _ = d.sync("/a/", next, "infinite", "")
	want(none)

	// Some at a time.
	seen := map[string]bool{}
	for rounds := 0; token != next; rounds++ {
		var part []string
		part, token = d.sync("/a/", token, "infinite", "<D:limit><D:nresults>1</D:nresults></D:limit>")
		for _, p := range part {
			seen[p] = true
		}
		if rounds > 20 {
			t.Fatalf("no end: %v", part)
		}
	}
	for _, p := range []string{"/a/ 507", "/a/in/ 404", "/a/out/ 200", "/a/x 200"} {
		if !seen[p] {
			t.Errorf("%s was not told: %v", p, seen)
		}
	}
}

// TestSync_tooMuch: a tree that is larger than what is listed at once is refused before
// anything is written, and its folders are told.
func TestSync_tooMuch(t *testing.T) {
	d := newDoor(t, func(o *Options) { o.InfiniteDepth = 2 })
	d.all(req{"MKCOL", "/a", nil, "", 201, ""}, req{"MKCOL", "/a/in", nil, "", 201, ""}, req{"PUT", "/a/in/f", nil, "f", 201, ""},
		req{"REPORT", "/a/", nil, syncBody("", "infinite", ""), 207, "</D:multistatus>"},
		req{"PUT", "/a/in/g", nil, "g", 201, ""}, req{"PUT", "/a/h", nil, "h", 201, ""},
		req{"REPORT", "/a/", nil, syncBody("", "infinite", ""), 507, "<D:number-of-matches-within-limits/>"},
		req{"REPORT", "/a/", nil, syncBody("", "1", ""), 207, "<D:href>" + mount + "/a/in/</D:href>"})
}

// TestSync_refused are tokens that say nothing, and what is no sync-collection.
func TestSync_refused(t *testing.T) {
	d := newDoor(t, nil)
	d.all(req{"MKCOL", "/a", nil, "", 201, ""}, req{"PUT", "/f", nil, "f", 201, ""}, req{"PUT", "/a/f", nil, "f", 201, ""}, req{"PUT", "/a/g", nil, "f", 201, ""})
	_, token := d.sync("/a/", "", "1", "")
	m := regexp.MustCompile(`^(urn:x-cairn:sync:)(\d+):(\d+):(\d+)$`).FindStringSubmatch(token)
	if m == nil {
		t.Fatalf("token %q", token)
	}
	for _, bad := range []string{"x", m[1], m[1] + "1:2", m[1] + "1:2:3:4", m[1] + "a:b:c", // no tokens
		m[1] + m[2] + "1:" + m[3] + ":" + m[4],      // of another epoch: before a rebuild, or a backup was restored
		m[1] + m[2] + ":" + m[3] + "1:" + m[4],      // of another space
		m[1] + m[2] + ":" + m[3] + ":" + m[4] + "0", // still to come
		m[1] + m[2] + ":" + m[3] + ":-1"} {
		d.do(req{"REPORT", "/a/", nil, syncBody(bad, "1", ""), 403, "<D:valid-sync-token/>"})
	}
	d.all(
		req{"REPORT", "/a/", nil, syncBody("", "infinite", ""), 403, "<D:sync-traversal-supported/>"},
		req{"REPORT", "/a/", nil, syncBody("", "1", "<D:limit><D:nresults>1</D:nresults></D:limit>"), 507, "<D:number-of-matches-within-limits/>"},
		req{"REPORT", "/a/", nil, syncBody("", "1", "<D:limit><D:nresults>0</D:nresults></D:limit>"), 400, ""},
		req{"REPORT", "/a/", nil, syncBody("", "2", ""), 400, ""},
		req{"REPORT", "/a/", []string{"Depth", "1"}, syncBody("", "1", ""), 400, ""},
		req{"REPORT", "/a/", nil, `<D:expand-property xmlns:D="DAV:"/>`, 403, "<D:supported-report/>"},
		req{"REPORT", "/a/", nil, "", 400, ""},
		req{"REPORT", "/f", nil, syncBody("", "1", ""), 403, "<D:supported-report/>"},
		req{"REPORT", "/none", nil, syncBody("", "1", ""), 404, ""},
		req{"REPORT", "/a/", []string{"If-Match", `"x"`}, syncBody("", "1", ""), 412, ""},
	)
}
