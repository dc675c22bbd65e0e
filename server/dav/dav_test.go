package dav

import (
	"context"
	"fmt"
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
	dir        string // of st
	srv        *httptest.Server
	alice, bob store.Scope
	tokens     []string // of the LOCKs so far, with their <>
	reopen     func()   // what a restart of the server leaves is what there is from now on
}

const mount = "/files/dav"

func newDoor(t *testing.T, change func(*Options)) *door {
	t.Helper()
	ctx := context.Background()
	d := &door{T: t, dir: t.TempDir()}
	st, err := store.Open(ctx, store.Options{Dir: d.dir, UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	d.st = st
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
	d.srv = httptest.NewServer(d.over(st, o))
	d.reopen = func() {
		o.Digests.Close()
		if err := d.st.Close(); err != nil {
			t.Fatal(err)
		}
		if d.st, err = store.Open(ctx, store.Options{Dir: d.dir, UnsafeFS: true}); err != nil {
			t.Fatal(err)
		}
		if o.Digests != nil {
			o.Digests = transfer.NewDigests(d.st)
		}
		d.srv.Config.Handler = d.over(d.st, o)
	}
	t.Cleanup(func() {
		d.srv.Close()
		o.Digests.Close()
		if err := d.st.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// over is the handler over any store, for those who sign in as alice or bob.
func (d *door) over(st Store, o Options) http.Handler {
	h := New(st, o)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sc, name := d.alice, "alice"
		if u, _, _ := r.BasicAuth(); u == "bob" {
			sc, name = d.bob, "bob"
		}
		h.ServeHTTP(w, r.WithContext(WithScope(r.Context(), sc, name)))
	})
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
	a := d.ask(r)
	if a.StatusCode != r.want {
		d.Errorf("%s %s %q: got %d, want %d: %s", r.method, r.path, r.head, a.StatusCode, r.want, a.body)
	}
	if !strings.Contains(a.body, r.has) {
		d.Errorf("%s %s: %q is not in %s", r.method, r.path, r.has, a.body)
	}
	return a
}

// ask sends a request, whatever comes of it. In header values {srv} stands for the
// server's address, {1} for the token of the first LOCK that was answered with one.
func (d *door) ask(r req) answer {
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
		k, v := r.head[i], d.expand(r.head[i+1])
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
	if token := res.Header.Get("Lock-Token"); token != "" {
		d.tokens = append(d.tokens, token)
	}
	return answer{res, string(body)}
}

// expand puts address and tokens into a header value.
func (d *door) expand(v string) string {
	v = strings.ReplaceAll(v, "{srv}", d.srv.URL)
	for n, token := range d.tokens {
		v = strings.ReplaceAll(v, fmt.Sprintf("{%d}", n+1), token)
	}
	return v
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
