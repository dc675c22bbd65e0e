package dav

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"cairn/test/rig"
)

// recorder is a proxy that remembers what passes, and writes a transcript of it.
type recorder struct {
	base     string // path of the folder that clients are sent to
	upstream string
	server   *httptest.Server

	mu     sync.Mutex
	passed []*exchange
}

// exchange is a request and its answer.
type exchange struct {
	req        *http.Request
	body       string
	resp       *http.Response
	answer     string
	incomplete bool
}

// record starts a recorder in front of a target, for clients that work in its folder at
// the path base, with slashes at both ends.
func record(t *testing.T, to *target, base string) *recorder {
	t.Helper()
	r := &recorder{base: base, upstream: to.origin}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

// ServeHTTP passes a request on as it is, Host too, and keeps both sides.
func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	e := &exchange{req: req, body: string(body), incomplete: err != nil}
	r.mu.Lock()
	r.passed = append(r.passed, e)
	r.mu.Unlock()
	out, err := http.NewRequestWithContext(req.Context(), req.Method, r.upstream+req.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	out.Header, out.Host, out.ContentLength = req.Header.Clone(), req.Host, int64(len(body))
	if len(body) == 0 {
		out.Body = http.NoBody
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header.Set("User-Agent", "")
	}
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	plain := answer
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if z, err := gzip.NewReader(bytes.NewReader(answer)); err == nil {
			plain, _ = io.ReadAll(z)
		}
	}
	r.mu.Lock()
	e.resp, e.answer = resp, string(plain)
	r.mu.Unlock()
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	w.Header().Del("Connection") // it is about the other connection
	w.WriteHeader(resp.StatusCode)
	w.Write(answer)
}

// draft is what passed as a transcript. What the client needs of each answer is for a
// reader to say: the draft says all that looks like it.
func (r *recorder) draft(client, source string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := &draft{r: r, names: map[string]string{}}
	fmt.Fprintf(&d.out, "client: %s\n", client)
	for _, e := range r.passed {
		if agent := e.req.UserAgent(); agent != "" {
			fmt.Fprintf(&d.out, "agent: %s\n", agent)
			break
		}
	}
	fmt.Fprintf(&d.out, "source: %s\n", source)
	for _, e := range r.passed {
		if e.resp != nil && !e.incomplete {
			d.exchange(e)
		}
	}
	return d.out.String()
}

type draft struct {
	r     *recorder
	out   strings.Builder
	names map[string]string // value to variable, of lock tokens, ETags, times
}

// boring are headers of requests that the player sends by itself, or that say nothing.
var boring = []string{"Authorization", "User-Agent", "Content-Length", "Connection", "Te", "Accept-Encoding", "Host"}

func (d *draft) exchange(e *exchange) {
	target := d.path(e.req.URL.RequestURI())
	fmt.Fprintf(&d.out, "\n### %s %s\n%s %s\n", e.req.Method, strings.TrimPrefix(target, "{base}"), e.req.Method, target)
	if e.req.Header.Get("Authorization") == "" {
		d.out.WriteString("Authorization: none\n")
	}
	for _, k := range sortedKeys(e.req.Header) {
		if !slices.Contains(boring, k) {
			for _, v := range e.req.Header[k] {
				fmt.Fprintf(&d.out, "%s: %s\n", k, d.known(d.path(v)))
			}
		}
	}
	if e.body != "" {
		body := d.known(d.path(e.body))
		if len(body) > 2000 || strings.ContainsAny(body, "\x00\xff") {
			body = fmt.Sprintf("@bytes %d seed 1", len(e.body))
		}
		fmt.Fprintf(&d.out, "\n%s\n", strings.TrimSpace(body))
	}
	fmt.Fprintf(&d.out, "=> %d\n", e.resp.StatusCode)
	for name, variable := range map[string]string{"Etag": "etag", "Lock-Token": "token", "Last-Modified": "time"} {
		if v := e.resp.Header.Get(name); v != "" {
			token := strings.Trim(v, "<>")
			fmt.Fprintf(&d.out, "%s: %s\n", name, strings.Replace(v, token, d.name(token, variable), 1))
		}
	}
	for _, name := range []string{"Dav", "Content-Range", "Location", "Www-Authenticate"} {
		if v := e.resp.Header.Get(name); v != "" {
			fmt.Fprintf(&d.out, "%s: %s\n", name, d.path(v))
		}
	}
	if root, err := parseTree(e.answer); err == nil && root.local == "multistatus" {
		d.multistatus(root)
	}
}

// multistatus writes a line for each property that is there.
func (d *draft) multistatus(root *element) {
	for _, r := range root.children("DAV:", "response") {
		href := r.first("DAV:", "href")
		for _, ps := range r.children("DAV:", "propstat") {
			for _, p := range ps.first("DAV:", "prop").below {
				status := ps.first("DAV:", "status").text
				line := fmt.Sprintf("in %s: %s:%s", d.path(href.text), map[bool]string{true: "D", false: p.space}[p.space == "DAV:"], p.local)
				switch {
				case !strings.Contains(status, " 200 "):
					line += " " + strings.Fields(status)[1]
				case p.local == "getetag":
					line += " = " + d.name(p.text, "etag")
				case p.local == "getcontentlength":
					line += " = " + p.text
				}
				d.out.WriteString(line + "\n")
			}
		}
	}
}

// path puts variables for addresses.
func (d *draft) path(text string) string {
	proxy, _ := url.Parse(d.r.server.URL)
	return strings.NewReplacer(d.r.base, "{base}", d.r.server.URL, "{origin}", proxy.Host, "{host}").Replace(text)
}

// name is the variable that stands for a value from now on.
func (d *draft) name(value, kind string) string {
	if _, ok := d.names[value]; !ok {
		d.names[value] = fmt.Sprintf("{%s%d}", kind, len(d.names)+1)
	}
	return d.names[value]
}

// known puts variables for the values that have them.
func (d *draft) known(text string) string {
	for value, name := range d.names {
		text = strings.ReplaceAll(text, value, name)
	}
	return text
}

func sortedKeys(h http.Header) (keys []string) {
	for k := range h {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// TestRecord: what is recorded of a client can be read and played.
func TestRecord(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	s.Must(t, rig.Request{Method: "MKCOL", Path: "here/"}, 201)
	r := record(t, ours(s), "/dav/here/")
	curl := rig.Need(t, "curl", "curl")
	at := r.server.URL + r.base
	account := rig.User + ":" + rig.Password
	rig.MustRun(t, t.TempDir(), nil, curl, "-sS", "-u", account, "-X", "PUT", "-d", "content", at+"a%20b")
	rig.MustRun(t, t.TempDir(), nil, curl, "-sS", "-u", account, "-X", "MOVE", "-H", "Destination: "+at+"c", at+"a%20b")
	rig.MustRun(t, t.TempDir(), nil, curl, "-sS", "-u", account, "-X", "PROPFIND", "-H", "Depth: 1", at)
	text := r.draft("curl", "recorded 2026-11-30: by this test")
	for _, want := range []string{"PUT {base}a%20b\n", "Destination: {origin}{base}c\n", "in {base}c: D:getcontentlength = 7\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	tr, err := parseTranscript("curl", text)
	if err != nil {
		t.Fatal(err)
	}
	if found := play(ours(s), tr); len(found) > 0 {
		t.Errorf("what was recorded does not play:\n%s\n%s", strings.Join(found, "\n"), text)
	}
}
