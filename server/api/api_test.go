package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/server/transfer"
)

func TestRoutes(t *testing.T) {
	d := newDoor(t, nil)
	d.all(
		req{method: "GET", path: "", want: 404, code: "not-found"},
		req{method: "GET", path: "/", want: 404, code: "not-found"},
		req{method: "GET", path: "/nothing", want: 404, code: "not-found"},
		req{method: "BREW", path: "/nothing", want: 404, code: "not-found"},
		req{method: "GET", path: "/files/", want: 404, code: "not-found"},
		req{method: "GET", path: "/content/a.txt", want: 404, code: "not-found"},
		req{method: "GET", path: "/uploads/x", want: 404, code: "not-found"},
		req{method: "POST", path: "/uploads//finish", want: 404, code: "not-found"},
		req{method: "POST", path: "/uploads/x/finish/", want: 404, code: "not-found"},
		req{method: "HEAD", path: "/files"},
		req{method: "HEAD", path: "/uploads"},
	)
	for path, want := range map[string]string{
		"/files": "GET, HEAD", "/content": "GET, HEAD", "/uploads": "GET, HEAD",
		"/lookup": "POST", "/operations": "POST", "/uploads/x/finish": "POST", "/session": "POST",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "MKCOL", "BREW"} {
			if slices.Contains(strings.Split(want, ", "), method) {
				continue
			}
			if got := d.do(req{method: method, path: path, want: 405, code: "method"}).Header.Get("Allow"); got != want {
				t.Errorf("%s %s: Allow %q, want %q", method, path, got, want)
			}
		}
	}
}

func TestNobody(t *testing.T) {
	d := newDoor(t, nil)
	d.put("a", "x")
	nobody := []string{"User", "nobody"}
	d.all(
		req{method: "GET", path: "/files", head: nobody, want: 401, code: "unauthorized"},
		req{method: "GET", path: "/content?path=a", head: nobody, want: 401, code: "unauthorized"},
		req{method: "POST", path: "/operations", head: nobody, body: `{"operations":[{"op":"remove","path":"a"}]}`, want: 401, code: "unauthorized"},
		req{method: "GET", path: "/content?path=a", head: []string{"User", "bob"}, want: 404, code: "not-found"},
	)
	d.holds("a", "x")
}

// What is wrong with a body is wrong at every address that takes one.
func TestBodies(t *testing.T) {
	d := newDoor(t, nil)
	id := strings.Repeat("0", 32)
	nested := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	for _, a := range []struct{ path, good, key string }{
		{"/lookup", `{"paths":[]}`, "paths"},
		{"/operations", `{"operations":[]}`, "operations"},
		{"/uploads/" + id + "/finish", "", "path"},
	} {
		post := func(body string, want int, code string, head ...string) {
			t.Helper()
			for _, chunked := range []bool{false, true} {
				d.do(req{method: "POST", path: a.path, body: body, want: want, code: code, head: head, chunked: chunked})
			}
		}
		for _, head := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json2", "rubbish;;"} {
			post(a.good, 415, "media-type", "Content-Type", head)
		}
		for _, body := range []string{
			"", " ", "{", "null x", "[]", `"x"`, "7", `{"` + a.key + `":`, `{"more":1}`, `{"` + a.key + `":7}`, `{"` + a.key + `":{}}`,
			"{} {}", "{}{", "{\"\xff\":1}", nested, strings.Repeat(`{"`+a.key+`":`, 20_000), "<xml/>",
		} {
			post(body, 400, "bad-json")
		}
		for _, size := range []int{smallBody - 1, smallBody, smallBody + 1, maxBodyBytes - 2, maxBodyBytes} {
			post(strings.Repeat(" ", size), 400, "bad-json")
		}
		post(`{"`+a.key+`":`+strings.Repeat(" ", maxBodyBytes), 413, "too-large")
		post(strings.Repeat(" ", 8<<20), 413, "too-large")
		if a.good != "" {
			post(a.good, 200, "", "Content-Type", "application/json; charset=utf-8")
			post(a.good+strings.Repeat("\n", maxBodyBytes-len(a.good)), 200, "")
			post(`{"`+a.key+`":null}`, 400, "bad-json")
			post(`{"`+a.key+`":[null`+strings.Repeat(",null", maxItems)+`]}`, 400, "")
		}
	}
	var paths []string
	for i := range maxItems + 1 {
		paths = append(paths, fmt.Sprintf("%q", fmt.Sprint(i)))
	}
	d.all(
		req{method: "POST", path: "/lookup", body: `{"paths":[` + strings.Join(paths, ",") + `]}`, want: 400, code: "too-many"},
		req{method: "POST", path: "/lookup", body: `{"paths":[` + strings.Join(paths[1:], ",") + `]}`},
		req{method: "POST", path: "/operations", body: `{"operations":[{}` + strings.Repeat(",{}", 200_000) + `]}`, want: 400, code: "too-many"},
		req{method: "POST", path: "/operations", body: `{"operations":[{"op":"mkdir","path":"a","mode":7}]}`, want: 400, code: "bad-json"},
		req{method: "POST", path: "/operations", body: `{"operations":[{"op":"mkdir","path":7}]}`, want: 400, code: "bad-json"},
		req{method: "POST", path: "/operations", body: `{"operations":[{"op":"mkdir","path":"a","parents":"yes"}]}`, want: 400, code: "bad-json", has: "parents"},
		req{method: "POST", path: "/operations", body: `{"operations":[{"op":"mkdir","path":"a"},7]}`, want: 400, code: "bad-json"},
		req{method: "POST", path: "/lookup", body: `{"paths":["a",` + nested + `]}`, want: 400, code: "bad-json"},
	)
	d.holds("a", "-")
	if n, err := d.st.List(t.Context(), d.alice, "", "", 1); err != nil || len(n) > 0 {
		t.Errorf("a refused request has made %v, %v", n, err)
	}
}

// A body has to be there in time, and large ones take turns in memory.
func TestBodies_slow(t *testing.T) {
	d := newDoor(t, func(o *Options) { o.ReadTimeout = 200 * time.Millisecond })
	hang := make(chan struct{})
	defer close(hang)
	r, err := http.NewRequestWithContext(t.Context(), "POST", d.srv.URL+"/api/v1/lookup", hanging{strings.NewReader(`{"paths":[`), hang})
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 100
	r.Header.Set("Content-Type", "application/json")
	res, err := d.srv.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusRequestTimeout {
		t.Errorf("got %d, want 408", res.StatusCode)
	}
}

// hanging is a body whose end does not come before the test's.
type hanging struct {
	*strings.Reader
	end chan struct{}
}

func (h hanging) Read(p []byte) (int, error) {
	if h.Len() > 0 {
		return h.Reader.Read(p)
	}
	<-h.end
	return 0, fmt.Errorf("the test is over")
}

func TestBodies_arriving(t *testing.T) {
	st := newDoor(t, nil)
	a := New(Options{Store: st.st})
	q := func(size int64) *request {
		r, _ := http.NewRequest("POST", "/", strings.NewReader(strings.Repeat(" ", int(size))))
		q := &request{a: a, r: r, sc: st.alice, w: nil}
		w := &nowhere{}
		q.body = transfer.NewBody(w, r, 0)
		return q
	}
	first := q(1 << 20)
	if _, err := first.text(); err != nil {
		t.Fatal(err)
	}
	second := q(1 << 20)
	if _, err := second.text(); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a second large body of one user: %v, want 503", err)
	}
	if _, err := q(smallBody - 1).text(); err != nil {
		t.Errorf("a small one: %v", err)
	}
	first.forget()
	second.forget()
	third := q(1 << 20)
	if _, err := third.text(); err != nil {
		t.Errorf("after the first has gone: %v", err)
	}
	third.forget()
	if !a.arriving.Take(st.alice.User, transfer.MaxUserArriving) {
		t.Error("something was kept")
	}
}

// nowhere is a writer without deadlines.
type nowhere struct{ http.ResponseWriter }
