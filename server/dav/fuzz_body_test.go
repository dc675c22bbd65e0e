package dav

import (
	"bytes"
	"context"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// oneFile is a store with the file f, its properties and its locks, in memory: nothing
// goes on in it beside the one request, which fuzzing needs to know what is new.
type oneFile struct {
	Store
	node  store.Node
	props []store.Prop
	locks []store.Lock
}

func (o *oneFile) Stat(_ context.Context, _ store.Scope, p store.Path) (store.Node, error) {
	if p != "f" {
		return store.Node{}, store.ErrNotExist
	}
	n := o.node
	n.ID, n.Name, n.Kind = 1, "f", store.File
	return n, nil
}

func (o *oneFile) Props(context.Context, store.Scope, store.Path) ([]store.Prop, error) {
	return slices.Clone(o.props), nil
}

func (o *oneFile) Patch(_ context.Context, _ store.Scope, _ store.Path, patch store.Patch, _ store.Conditions) (store.Node, error) {
	for _, p := range patch.Props {
		o.props = slices.DeleteFunc(o.props, func(q store.Prop) bool { return q.Name == p.Prop.Name })
		if !p.Remove {
			o.props = append(o.props, p.Prop)
		}
	}
	if !patch.ModTime.IsZero() {
		o.node.ModTime = patch.ModTime
	}
	if !patch.Created.IsZero() {
		o.node.Created = patch.Created
	}
	return o.node, nil
}

func (o *oneFile) Lock(_ context.Context, _ store.Scope, _ store.Path, spec store.LockSpec) (store.Lock, bool, error) {
	l := store.Lock{Token: "urn:uuid:1", Owner: spec.Owner, Shared: spec.Shared, Infinite: spec.Infinite, Expires: time.Now().Add(time.Hour)}
	o.locks = []store.Lock{l}
	return l, false, nil
}

func (o *oneFile) Locks(context.Context, store.Scope, store.Path) ([]store.Lock, []store.Path, error) {
	return o.locks, make([]store.Path, len(o.locks)), nil
}

// byDoor sends a request about /f to a handler and returns status and body.
func byDoor(h *Handler, method, depth string, body []byte) (int, string) {
	r := httptest.NewRequest(method, "http://x"+mount+"/f", bytes.NewReader(body))
	if depth != "" {
		r.Header.Set("Depth", depth)
	}
	w := httptest.NewRecorder()
	h.ServeScope(w, r, store.Scope{}, "alice")
	return w.Code, w.Body.String()
}

var deadProp = regexp.MustCompile(`(?s)<D:prop>(.*)</D:prop><D:status>HTTP/1.1 200 OK`)

// FuzzBody sends a body to each method that reads XML, through the door. No
// answer is a failure of the server; each is well-formed; a property that was set is told
// as it was set, so that setting what was told changes nothing; and memory stays within
// what the size of the body allows.
func FuzzBody(f *testing.F) {
	set := func(s string) string {
		return `<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop>` + s + `</D:prop></D:set></D:propertyupdate>`
	}
	for _, s := range []string{
		setProp, set(`<x:a xml:lang="de">v<x:in k="1"/> &amp; w</x:a>`), set(`<a xmlns="urn:y"><![CDATA[<]]></a><D:getetag>x</D:getetag>`),
		set(`<Win32LastModifiedTime xmlns="urn:schemas-microsoft-com:">Sun, 09 Sep 2001 01:46:40 GMT</Win32LastModifiedTime>`), set(`<D:lastmodified>1100000000</D:lastmodified>`),
		`<D:propertyupdate xmlns:D="DAV:"><D:remove><D:prop><x xmlns="urn:x"/></D:prop></D:remove></D:propertyupdate>`,
		propfind("<D:prop><D:getetag/><x xmlns='urn:x'/></D:prop>"), propfind("<D:allprop/><D:include><D:lockdiscovery/></D:include>"), propfind("<D:propname/>"),
		strings.ReplaceAll(lockBody, "%s", "shared"), strings.ReplaceAll(lockBody, "%s", "exclusive"), "<!DOCTYPE a>", "<a xmlns:b=''/>", "\xef\xbb\xbf<a/>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		st := &oneFile{}
		h := New(st, Options{Prefix: mount})
		for _, c := range []struct{ method, depth string }{{"PROPFIND", "0"}, {"PROPFIND", "1"}, {"PROPPATCH", ""}, {"LOCK", "0"}} {
			var status int
			var text string
			frugal(t, 4<<20+2000*len(body), func() { status, text = byDoor(h, c.method, c.depth, body) })
			if status >= 500 && status != 507 {
				t.Fatalf("%s %q: %d %s", c.method, body, status, text)
			}
			if err := checkXML([]byte(text)); err != nil {
				t.Fatalf("%s %q: %d %s: %v", c.method, body, status, text, err)
			}
			if c.method == "PROPPATCH" && status == 207 {
				again(t, st, h, body)
			}
			if c.method == "LOCK" && status == 200 {
				if status, text := byDoor(h, "PROPFIND", "0", []byte(propfind("<D:prop><D:lockdiscovery/></D:prop>"))); status != 207 || checkXML([]byte(text)) != nil || !strings.Contains(text, "urn:uuid:1") {
					t.Fatalf("%q: the lock is told as %d %s", body, status, text)
				}
			}
		}
	})
}

// again sets the dead properties of /f as PROPFIND tells them.
func again(t *testing.T, st *oneFile, h *Handler, body []byte) {
	t.Helper()
	for _, p := range slices.Clone(st.props) {
		ask := []byte(propfind("<D:prop><" + p.Name.Local + ` xmlns="` + escapeXML(p.Name.Space) + `"/></D:prop>`))
		status, told := byDoor(h, "PROPFIND", "0", ask)
		m := deadProp.FindStringSubmatch(told)
		if status != 207 || m == nil {
			t.Fatalf("%q: %+v is not told: %d %s", body, p, status, told)
		}
		status, text := byDoor(h, "PROPPATCH", "", []byte(`<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>`+m[1]+`</D:prop></D:set></D:propertyupdate>`))
		if status != 207 || !strings.Contains(text, "200 OK") {
			t.Fatalf("%q: %s, as told, is not taken: %d %s", body, m[1], status, text)
		}
		if status, now := byDoor(h, "PROPFIND", "0", ask); status != 207 || now != told {
			t.Fatalf("%q: set as told, it is\n%s, not\n%s", body, now, told)
		}
	}
}
