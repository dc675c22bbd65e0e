package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cairn/server/auth"
	"cairn/store"

	"github.com/labstack/echo/v4"
)

// door is the API over a real store, behind a real server. Requests act as alice, or
// as whom their User header names; "nobody" is not signed in, "root" is an administrator.
type door struct {
	*testing.T
	st         *store.Store
	srv        *httptest.Server
	alice, bob store.Scope
}

func newDoor(t *testing.T, change func(*Options)) *door {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	d := &door{T: t, st: st}
	people := map[string]auth.Principal{}
	for name, sc := range map[string]*store.Scope{"alice": &d.alice, "bob": &d.bob} {
		u, err := st.AddUser(t.Context(), name, "", 0, false)
		if err != nil {
			t.Fatal(err)
		}
		if *sc, err = st.Home(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		people[name] = auth.Principal{User: u.ID, Name: name}
	}
	root, err := st.AddUser(t.Context(), "root", "", 0, true)
	if err != nil {
		t.Fatal(err)
	}
	people["root"] = auth.Principal{User: root.ID, Name: "root", Admin: true}
	o := Options{Store: st, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Scope: func(ctx context.Context, p auth.Principal) (store.Scope, error) { return st.Home(ctx, p.User) }}
	if change != nil {
		change(&o)
	}
	e := echo.New()
	New(o).Mount(e)
	e.POST(SessionPath, func(echo.Context) error { return nil })
	e.Any("/*", func(echo.Context) error { t.Error("a request went past the API"); return nil })
	d.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get("User")
		if name == "" {
			name = "alice"
		}
		if p, ok := people[name]; ok {
			r = r.WithContext(auth.WithPrincipal(r.Context(), p))
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		d.srv.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// req is one request and what must come of it. path is escaped and below /api/v1. A
// body goes as JSON unless head says otherwise.
type req struct {
	method, path string
	head         []string // name, value, …
	body         string
	chunked      bool
	want         int
	code         string // of the problem
	has          string // in the answer's body
}

type answer struct {
	*http.Response
	body string
}

func (d *door) do(r req) answer {
	d.Helper()
	hr, err := http.NewRequestWithContext(d.Context(), r.method, d.srv.URL, strings.NewReader(r.body))
	if err != nil {
		d.Fatal(err)
	}
	hr.URL.Opaque = "/api/v1" + r.path // as it is
	if r.method == "POST" {
		hr.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(r.head); i += 2 {
		hr.Header.Set(r.head[i], r.head[i+1])
	}
	if r.chunked {
		hr.Body, hr.ContentLength = io.NopCloser(strings.NewReader(r.body)), -1
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
	if r.want == 0 {
		r.want = 200
	}
	if res.StatusCode != r.want {
		d.Errorf("%s %.100s %.200s: got %d, want %d: %.300s", r.method, r.path, r.body, res.StatusCode, r.want, body)
	}
	if !strings.Contains(string(body), r.has) {
		d.Errorf("%s %.100s: %q is not in %.300s", r.method, r.path, r.has, body)
	}
	if res.StatusCode >= 400 && res.StatusCode != 416 && r.method != "HEAD" {
		var p struct {
			Status      int
			Code, Title string
		}
		err := json.Unmarshal(body, &p)
		if err != nil || p.Status != res.StatusCode || p.Title == "" || r.code != "" && p.Code != r.code ||
			res.Header.Get("Content-Type") != "application/problem+json" || res.Header.Get("Cache-Control") != "no-store" {
			d.Errorf("%s %.100s %.200s: got %s, %v, want %s as a problem", r.method, r.path, r.body, body, err, r.code)
		}
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

// into reads an answer's JSON.
func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if ct := a.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v: %.300s", err, a.body)
	}
}

// put stores a file of alice's.
func (d *door) put(path, text string) store.Node {
	d.Helper()
	w, err := d.st.Put(d.Context(), d.alice, store.Path(path), strings.NewReader(text), store.PutOptions{Size: int64(len(text)), Parents: true})
	if err != nil {
		d.Fatal(err)
	}
	return w.Node
}

// operate plays operations and returns what became of them.
func (d *door) operate(operations string) []result {
	d.Helper()
	var out struct{ Results []result }
	d.do(req{method: "POST", path: "/operations", body: `{"operations":[` + operations + `]}`}).into(d, &out)
	return out.Results
}

// one plays one operation; code is that of its problem, "" if it is to be done.
func (d *door) one(operation, code string) result {
	d.Helper()
	rs := d.operate(operation)
	if len(rs) != 1 {
		d.Fatalf("%s: %d results", operation, len(rs))
	}
	got := ""
	if rs[0].Problem != nil {
		got = rs[0].Problem.Code
	}
	if got != code {
		d.Errorf("%.200s: %q, want %q", operation, got, code)
	}
	return rs[0]
}

// holds checks what alice's file holds; "-" is no file.
func (d *door) holds(path, want string) {
	d.Helper()
	c, err := d.st.Open(d.Context(), d.alice, store.Path(path))
	if want == "-" {
		if err == nil {
			c.Close()
			d.Errorf("%s is there", path)
		}
		return
	}
	if err != nil {
		d.Errorf("%s: %v", path, err)
		return
	}
	defer c.Close()
	if got, err := io.ReadAll(c); err != nil || string(got) != want {
		d.Errorf("%s holds %.80q, %v, want %.80q", path, got, err, want)
	}
}
