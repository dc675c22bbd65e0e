package dav

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cairn/server/transfer"
	"cairn/store"
)

// door is the handler over a real store, behind a real server, for user alice. What
// is asked for with the user name "bob" acts as bob in alice's space.
type door struct {
	*testing.T
	st         *store.Store
	srv        *httptest.Server
	alice, bob store.Scope
}

const mount = "/files/dav"

func newDoor(t *testing.T, change func(*Options)) *door {
	t.Helper()
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{Dir: t.TempDir(), UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	d := &door{T: t, st: st}
	for name, sc := range map[string]*store.Scope{"alice": &d.alice, "bob": &d.bob} {
		u, err := st.AddUser(ctx, name, "", 0, false)
		if err != nil {
			t.Fatal(err)
		}
		if *sc, err = st.Home(ctx, u.ID); err != nil {
			t.Fatal(err)
		}
	}
	d.bob.Space, d.bob.Root = d.alice.Space, d.alice.Root
	o := Options{Prefix: mount, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Digests: transfer.NewDigests(st)}
	if change != nil {
		change(&o)
	}
	h := New(st, o)
	d.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sc, name := d.alice, "alice"
		if u, _, _ := r.BasicAuth(); u == "bob" {
			sc, name = d.bob, "bob"
		}
		h.ServeHTTP(w, r.WithContext(WithScope(r.Context(), sc, name)))
	}))
	t.Cleanup(func() {
		d.srv.Close()
		if o.Digests != nil {
			o.Digests.Close()
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// req is one request and what must come of it. path is escaped, below the mount
// unless it begins with "=".
type req struct {
	method, path string
	head         []string // name, value, …
	body         string
	want         int
	has          string // in the answer's body
}

type answer struct {
	*http.Response
	body string
}

func (d *door) do(r req) answer {
	d.Helper()
	target, ok := strings.CutPrefix(r.path, "=")
	if !ok {
		target = mount + r.path
	}
	hr, err := http.NewRequest(r.method, d.srv.URL, strings.NewReader(r.body))
	if err != nil {
		d.Fatal(err)
	}
	if hr.URL.Path, err = url.PathUnescape(target); err != nil {
		hr.URL.Path = target
	}
	hr.URL.RawPath = target
	for i := 0; i+1 < len(r.head); i += 2 {
		k, v := r.head[i], strings.ReplaceAll(r.head[i+1], "{srv}", d.srv.URL)
		switch k {
		case "User":
			hr.SetBasicAuth(v, "x")
		case "Chunked":
			hr.Body, hr.ContentLength = io.NopCloser(strings.NewReader(r.body)), -1
		default:
			hr.Header.Add(k, v)
		}
	}
	res, err := d.srv.Client().Transport.RoundTrip(hr)
	if err != nil {
		d.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.Fatalf("%s %s: body: %v", r.method, r.path, err)
	}
	if res.StatusCode != r.want {
		d.Errorf("%s %s %q: got %d, want %d: %s", r.method, r.path, r.head, res.StatusCode, r.want, body)
	}
	if !strings.Contains(string(body), r.has) {
		d.Errorf("%s %s: %q is not in %s", r.method, r.path, r.has, body)
	}
	return answer{res, string(body)}
}

// all plays requests in order.
func (d *door) all(rs ...req) {
	d.Helper()
	for _, r := range rs {
		d.do(r)
	}
}

// holds checks a file's content; "-" is no file.
func (d *door) holds(path, want string) {
	d.Helper()
	if want == "-" {
		d.do(req{method: "GET", path: path, want: 404})
		return
	}
	if got := d.do(req{method: "GET", path: path, want: 200}).body; got != want {
		d.Errorf("%s holds %.80q, want %.80q", path, got, want)
	}
}
