package dav

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// take locks what is at an address and returns the token with its <>.
func take(t *testing.T, s *rig.Server, path, scope string, head ...string) string {
	t.Helper()
	r := rig.Request{Method: "LOCK", Path: path, Header: map[string]string{}, Body: fmt.Sprintf(lockinfo, scope)}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header[head[i]] = head[i+1]
	}
	return s.Must(t, r, 200, 201).Header.Get("Lock-Token")
}

// app is the browser app as far as the server sees it: a session.
type app struct {
	t     *testing.T
	s     *rig.Server
	http  http.Client
	token string
}

func signIn(t *testing.T, s *rig.Server) *app {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &app{t: t, s: s, http: http.Client{Jar: jar, Timeout: rig.Patience}}
	var in struct{ Token string }
	a.post("api/v1/session", map[string]string{"name": rig.User, "password": rig.Password}, &in)
	a.token = in.Token
	return a
}

func (a *app) post(path string, body, answer any) {
	a.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	r, err := http.NewRequest("POST", a.s.URL+path, strings.NewReader(string(text)))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Cairn-Token", a.token)
	res, err := a.http.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		a.t.Fatalf("POST %s: %d %s, %v", path, res.StatusCode, b, err)
	}
	if err := json.Unmarshal(b, answer); err != nil {
		a.t.Fatal(err)
	}
}

type problem struct {
	Status              int
	Code, Title, Detail string
}

// operation does one thing and returns what kept it from being done, nil if nothing.
func (a *app) operation(o map[string]any) *problem {
	a.t.Helper()
	var out struct{ Results []struct{ Problem *problem } }
	a.post("api/v1/operations", map[string]any{"operations": []any{o}}, &out)
	return out.Results[0].Problem
}

// tus begins an upload of size bytes to a path, with the first of them.
func tus(t *testing.T, s *rig.Server, path string, size int, first string) *rig.Response {
	t.Helper()
	r, err := s.Do(rig.Request{Method: "POST", Path: s.URL + "tus/", Body: first, Header: map[string]string{
		"Tus-Resumable": "1.0.0", "Upload-Length": strconv.Itoa(size), "Content-Type": "application/offset+octet-stream",
		"Upload-Metadata": "relativePath " + base64.StdEncoding.EncodeToString([]byte(path))}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLockedOverDAV: what is locked over WebDAV is locked for the app and for uploads,
// and the answer says who holds the lock.
func TestLockedOverDAV(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	s.Must(t, rig.Request{Method: "MKCOL", Path: "deep"}, 201)
	for _, f := range []string{"f", "deep/f", "free"} {
		s.Put(t, f, "locked content")
	}
	begun := tus(t, s, "f", 6, "by ")
	if begun.Status != 201 {
		t.Fatalf("%+v", begun)
	}
	rest := rig.Request{Method: "PATCH", Path: "http://" + s.Addr + begun.Header.Get("Location"), Body: "tus", Header: map[string]string{
		"Tus-Resumable": "1.0.0", "Upload-Offset": "3", "Content-Type": "application/offset+octet-stream"}}
	token, deep := take(t, s, "f", "exclusive"), take(t, s, "deep", "shared", "Depth", "infinity")
	a := signIn(t, s)
	says := func(what string, p *problem) {
		t.Helper()
		if p == nil || p.Status != 423 || p.Code != "locked" || !strings.Contains(p.Detail, rig.User+" holds the lock until 2") {
			t.Errorf("%s: %+v, want 423 and who holds the lock", what, p)
		}
	}
	for _, o := range []map[string]any{
		{"op": "remove", "path": "f"}, {"op": "move", "from": "f", "to": "g"},
		{"op": "move", "from": "free", "to": "f", "overwrite": true}, {"op": "copy", "from": "free", "to": "f", "overwrite": true},
		{"op": "remove", "path": "deep/f"}, {"op": "remove", "path": "deep"}, {"op": "mkdir", "path": "deep/new"},
		{"op": "move", "from": "deep", "to": "g"}, {"op": "copy", "from": "free", "to": "deep/new"},
	} {
		says(fmt.Sprint(o), a.operation(o))
	}
	if p := a.operation(map[string]any{"op": "copy", "from": "f", "to": "copied"}); p != nil {
		t.Errorf("a copy of what is locked: %+v", p)
	}
	for _, path := range []string{"f", "deep/f", "deep/new"} {
		r := tus(t, s, path, 6, "by tus")
		p := &problem{Status: r.Status}
		json.Unmarshal([]byte(r.Body), p)
		says("tus to "+path+" "+r.Body, p)
	}
	r := s.Must(t, rest, 423)
	p := &problem{Status: r.Status}
	json.Unmarshal([]byte(r.Body), p)
	says("the last bytes of an upload from before the lock", p)
	for _, f := range []string{"f", "deep/f"} {
		if got := s.Get(t, f); got != "locked content" {
			t.Errorf("%s holds %q", f, got)
		}
	}
	s.Must(t, rig.Request{Method: "UNLOCK", Path: "f", Header: map[string]string{"Lock-Token": token}}, 204)
	s.Must(t, rig.Request{Method: "UNLOCK", Path: "deep", Header: map[string]string{"Lock-Token": deep}}, 204)
	rest.Header["Upload-Offset"], rest.Body = "5", "s" // the rest is kept
	if s.Must(t, rest, 204); s.Get(t, "f") != "by tus" {
		t.Errorf("f holds %q after its upload", s.Get(t, "f"))
	}
	if r := tus(t, s, "deep/new", 3, "new"); r.Status != 201 || s.Get(t, "deep/new") != "new" {
		t.Errorf("tus after UNLOCK: %d %s", r.Status, r.Body)
	}
	if p := a.operation(map[string]any{"op": "remove", "path": "deep"}); p != nil {
		t.Errorf("the app after UNLOCK: %+v", p)
	}
}

// TestLockRunsOut: a lock lasts as long as the server said, no request has to sweep it
// away, and afterwards its token counts for nothing.
func TestLockRunsOut(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	s.Put(t, "f", "1")
	start := time.Now()
	r := s.Must(t, rig.Request{Method: "LOCK", Path: "f", Header: map[string]string{"Timeout": "Second-1"}, Body: fmt.Sprintf(lockinfo, "exclusive")}, 200)
	token := r.Header.Get("Lock-Token")
	if !strings.Contains(r.Body, "<D:timeout>Second-1</D:timeout>") {
		t.Errorf("granted: %s", r.Body)
	}
	locked := 0
	free := rig.Poll(rig.Patience, func() bool {
		r, err := s.Do(rig.Request{Method: "PUT", Path: "f", Body: "2"})
		if err == nil && r.Status == 423 {
			locked++
		}
		return err == nil && r.Status == 204
	})
	if took := time.Since(start); !free || took < time.Second || locked == 0 {
		t.Errorf("free %v after %v, %d times 423", free, took, locked)
	}
	if left := locks(t, s, "f", "0"); left != "" {
		t.Errorf("a lock that is over is told: %s", left)
	}
	with := map[string]string{"If": "(" + token + ")"}
	s.Must(t, rig.Request{Method: "LOCK", Path: "f", Header: with}, 412)
	s.Must(t, rig.Request{Method: "PUT", Path: "f", Header: with, Body: "3"}, 412)
	s.Must(t, rig.Request{Method: "UNLOCK", Path: "f", Header: map[string]string{"Lock-Token": token}}, 409)
	if got := s.Get(t, "f"); got != "2" {
		t.Errorf("f holds %q", got)
	}
}
