package dav

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const goodHead = "client: c\nsource: https://example.com/thread\n"

// TestTranscriptErrors: what is no transcript is refused, with its line.
func TestTranscriptErrors(t *testing.T) {
	const step = "### s\nGET {base}a\n=> 200\n"
	for _, c := range []struct{ name, text, want string }{
		{"good", goodHead + step, ""},
		{"no source", "client: c\n" + step, "a source that can be found"},
		{"a vague source", "client: c\nsource: everybody knows\n" + step, "a source that can be found"},
		{"no steps", goodHead, "Apache passes 0 of 0"},
		{"unknown head", goodHead + "colour: blue\n" + step, "x.http:3: neither client"},
		{"no answer", goodHead + "### s\nGET {base}a\n", "without =>"},
		{"no status", goodHead + "### s\nGET {base}a\n=> ok\n", "x.http:5: \"ok\" is no status"},
		{"a fixed path", goodHead + "### s\nGET /dav/a\n=> 200\n", "a path that starts with a variable"},
		{"half a header", goodHead + "### s\nGET {base}a\nDepth 0\n=> 200\n", "no header"},
		{"bytes", goodHead + "### s\nPUT {base}a\n\n@bytes many\n=> 201\n", "want @bytes"},
		{"no reason", goodHead + step + step + step + "~ ETag: any\n", "its reason"},
		{"no line", goodHead + step + step + step + "apache: differs: because of this\n", "its line"},
		{"a poor reason", goodHead + step + step + step + "apache: 404 so\n", "no reason"},
		{"only we pass", goodHead + step + step + "apache: 404 it has no such thing\n", "Apache passes 1 of 2"},
	} {
		_, err := parseTranscript("x", c.text)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// wrong answers GET with what almost suits.
func wrong(w http.ResponseWriter, r *http.Request) {
	if r.Method == "MKCOL" {
		w.WriteHeader(http.StatusCreated)
		return
	}
	w.Header().Set("ETag", `"one"`)
	w.Header().Set("DAV", "1, 2")
	w.Header().Set("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT")
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusMultiStatus)
	w.Write([]byte(`<d:multistatus xmlns:d="DAV:"><d:response><d:href>/f%6Fo</d:href><d:propstat><d:prop><d:getetag>"one"</d:getetag><d:resourcetype/></d:prop>` +
		`<d:status>HTTP/1.1 200 OK</d:status></d:propstat><d:propstat><d:prop><d:source/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>` +
		`<d:response><d:href>/bar</d:href><d:status>HTTP/1.1 423 Locked</d:status></d:response></d:multistatus>`))
}

// TestTranscriptLines: each kind of line holds where it should and fails where it should.
func TestTranscriptLines(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(wrong))
	defer server.Close()
	at := &target{origin: server.URL, root: "/"}
	apache := &target{origin: server.URL, root: "/", apache: true}
	said := func(at *target, lines string) []string {
		const same = "### s\nGET {base}\n=> 207\n"
		tr, err := parseTranscript("x", goodHead+same+same+"### s\nGET {base}\n"+lines)
		if err != nil {
			t.Fatal(err)
		}
		return play(at, tr)
	}
	for line, holds := range map[string]bool{
		`ETag: "one"`: true, `ETag: "two"`: false, `ETag: {e}`: true, `ETag: "{e}"`: true, `ETag: not "two"`: true, `ETag: not "one"`: false,
		`ETag: any`: true, `ETag: none`: false, `Location: none`: true, `Location: any`: false, `Location: *`: false,
		`DAV: has 2`: true, `DAV: has 3`: false, `Last-Modified: recent`: false, `Last-Modified: Thu*`: true,
		`body has 423 Locked`: true, `body has 424`: false, `body empty`: false, `body = x`: false, `bodies x`: false,
		`responses 2`: true, `responses 3`: false, `first /foo`: true, `first /bar`: false,
		`in /foo`: true, `in /foo/`: false, `in /baz`: false, `not in /baz`: true, `not in /foo`: false,
		`in /foo: D:getetag = "one"`: true, `in /foo: D:getetag = "two"`: false, `in /foo: D:getetag 404`: false, `in /foo: D:getetag`: true,
		`in /foo: D:source`: false, `in /foo: D:source 404`: true, `in /foo: D:quota`: false, `in /foo: X:quota`: false,
		`in /foo: D:resourcetype empty`: true, `in /foo: D:resourcetype has D:collection`: false, `in /foo: D:getetag empty`: false,
		`in /bar: 423`: true, `in /bar: 424`: false, `in /foo: 200`: false,
		`xml D:multistatus/D:response/D:status = *423*`: true, `xml D:multistatus/D:response/D:status = *424*`: false,
		`xml D:multistatus/D:error none`: true, `xml D:multistatus/D:response none`: false, `xml D:prop`: false,
	} {
		if got := said(at, "=> 207\n"+line+"\n"); (len(got) == 0) != holds {
			t.Errorf("%s: %v, want it to hold: %v", line, got, holds)
		}
	}
	for lines, want := range map[string]string{
		"=> 200\n": "GET answers 207",
		"=> 200\napache: 207 it does what it likes\n":                     "",
		"=> 207\napache: 200 it does what it likes\n":                     "GET answers 207",
		"=> 207\n~ ETag: none\napache: differs: it has them\n":            "",
		"=> 207\n~ ETag: any\napache: differs: it did not have them\n":    "Apache does this now",
		"=> 207\n~ ETag: {e}\nETag: any\napache: differs: it had none\n":  "Apache does this now",
		"=> 207\n~ DAV: none\nETag: none\napache: differs: it has both\n": "ETag: none",
	} {
		got := strings.Join(said(apache, lines), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", lines, got, want)
		}
	}
	if got := said(at, "X-Twice: {never}\n=> 207\n"); len(got) != 1 || !strings.Contains(got[0], "no step has set {never}") {
		t.Errorf("a variable that nothing sets: %v", got)
	}
}
