package tus

import (
	"crypto/sha1"
	"fmt"
	"strings"
	"sync"
	"testing"

	"cairn/test/rig"
)

func (c *client) partial(size int) string {
	c.t.Helper()
	return c.create(int64(size), "", "Upload-Concat", "partial")
}

// join asks for a file of parts.
func (c *client) join(parts []string, meta string, want int, more ...string) *rig.Response {
	c.t.Helper()
	return c.Must(c.t, rig.Request{Method: "POST", Path: c.URL + "tus/",
		Header: header(append(more, "Upload-Concat", "final;"+strings.Join(parts, " "), "Upload-Metadata", meta)...)}, want)
}

// Parts that are sent at the same time, in pieces, become one file in one request, which
// moves none of their bytes; asked again it is the same file.
func TestConcatenation(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	content := noise(3, 5<<20+77)
	cuts := []int{0, 1 << 20, 1<<20 + 1, 1<<20 + 1, 4 << 20, len(content)} // one byte, and none
	parts := make([]string, len(cuts)-1)
	var group sync.WaitGroup
	for i := range parts {
		group.Go(func() {
			b := content[cuts[i]:cuts[i+1]]
			parts[i] = c.partial(len(b))
			half := len(b) / 2
			if len(b) > 0 {
				c.patch(parts[i], 0, b[:half], 204)
				c.patch(parts[i], int64(half), b[half:], 204)
			}
		})
	}
	group.Wait()
	for i, at := range parts {
		r := c.Must(t, rig.Request{Method: "HEAD", Path: at, Header: header()}, 200)
		if r.Header.Get("Upload-Concat") != "partial" || r.Header.Get("Upload-Offset") != fmt.Sprint(cuts[i+1]-cuts[i]) || r.Header.Get("ETag") != "" {
			t.Errorf("part %d: %v", i, r.Header)
		}
	}
	// The addresses may be whole, or paths.
	said := append([]string{strings.TrimPrefix(parts[0], strings.TrimSuffix(c.URL, "/"))}, parts[1:]...)
	sum := sha1.Sum(content)
	meta := metadata("filename", "dir/f", "mtime", "1000000000", "checksum", fmt.Sprintf("SHA1 %x", sum))
	r := c.join(said, meta, 201)
	at, tag := c.resolve(r.Header.Get("Location")), r.Header.Get("ETag")
	if c.Get(t, "dir/f") != string(content) {
		t.Fatal("other bytes come back")
	}
	if f := c.Must(t, rig.Request{Method: "HEAD", Path: "dir/f"}, 200); f.Header.Get("ETag") != tag || tag == "" || f.Header.Get("Last-Modified") != "Sun, 09 Sep 2001 01:46:40 GMT" {
		t.Errorf("%q, and the file %v", tag, f.Header)
	}
	r = c.Must(t, rig.Request{Method: "HEAD", Path: at, Header: header()}, 200)
	if n := len(content); r.Header.Get("Upload-Offset") != fmt.Sprint(n) || r.Header.Get("Upload-Length") != fmt.Sprint(n) || strings.Count(r.Header.Get("Upload-Concat"), "/tus/") != len(parts) {
		t.Errorf("the final one: %v", r.Header)
	}
	if r = c.join(parts, meta, 201); r.Header.Get("ETag") != tag || c.resolve(r.Header.Get("Location")) != at {
		t.Errorf("asked again: %v", r.Header)
	}
	if r = c.join(parts, metadata("filename", "other"), 410); code(r) != "finished" {
		t.Error(r.Body)
	}
	if r = c.patch(at, int64(len(content)), []byte("x"), 403); code(r) != "concatenation" {
		t.Error(r.Body)
	}
	c.patch(parts[0], 0, content[:10], 409)
	c.Kill9()
	c.Restart()
	if c.Get(t, "dir/f") != string(content) {
		t.Error("after a crash other bytes come back")
	}
	c.Stop()
	if out := c.Check("--deep"); !strings.Contains(out, "no problem found") {
		t.Error(out)
	}
}

// What cannot be joined leaves everything as it was.
func TestConcatenation_refused(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.AddUser("eve", "another password", 0)
	a, b, whole := c.partial(5), c.partial(6), c.create(3, metadata("filename", "whole"))
	c.patch(a, 0, []byte("hello"), 204)
	c.patch(b, 0, []byte(" worl"), 204)
	f := metadata("filename", "f")
	for _, q := range []struct {
		what  string
		parts []string
		meta  string
		want  int
		code  string
	}{
		{"an unfinished part", []string{a, b}, f, 400, "incomplete"},
		{"no part", []string{a, whole}, f, 400, "incomplete"},
		{"nothing", nil, f, 400, "concatenation"},
		{"no address", []string{"x"}, f, 404, "not-found"},
		{"no such upload", []string{c.URL + "tus/00000000000000000000000000000000"}, f, 404, "not-found"},
		{"no name", []string{a}, "", 400, "bad-metadata"},
	} {
		if r := c.join(q.parts, q.meta, q.want); code(r) != q.code {
			t.Errorf("%s: %s, want %s", q.what, r.Body, q.code)
		}
	}
	c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/", User: "eve", Password: "another password",
		Header: header("Upload-Concat", "final;"+a, "Upload-Metadata", f)}, 404)
	c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/", Body: "x",
		Header: header("Upload-Concat", "final;"+a, "Upload-Metadata", f, "Content-Type", "application/offset+octet-stream")}, 403)
	c.Must(t, rig.Request{Method: "HEAD", Path: "f"}, 404)
	c.patch(b, 5, []byte("d"), 204)
	parts := []string{a, b}
	wrong := metadata("filename", "f", "checksum", "SHA1 0000000000000000000000000000000000000000")
	if r := c.join(parts, wrong, 460); code(r) != "wrong-digest" {
		t.Error(r.Body)
	}
	if r := c.join(parts, metadata("filename", "f", "dir", "none"), 409); code(r) != "no-parent" {
		t.Error(r.Body)
	}
	c.Put(t, "f", "there")
	c.join(parts, f, 412, "If-None-Match", "*")
	c.join(parts, f, 412, "If-Match", `"other"`)
	if c.Get(t, "f") != "there" {
		t.Error("the old version is gone")
	}
	c.join(parts, metadata("filename", "g"), 201)
	if c.Get(t, "g") != "hello world" {
		t.Error(c.Get(t, "g"))
	}
	// A part may stand there twice.
	d := c.partial(2)
	c.patch(d, 0, []byte("ha"), 204)
	c.join([]string{d, d, d}, metadata("filename", "h"), 201)
	if c.Get(t, "h") != "hahaha" {
		t.Error(c.Get(t, "h"))
	}
}

// POST of a folder begins an upload into it, as ownCloud's and rclone's clients do.
func TestCreationInFolder(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.Must(t, rig.Request{Method: "MKCOL", Path: "d%20%C3%BC"}, 201)
	r := c.Must(t, rig.Request{Method: "OPTIONS", Path: "", User: "-"}, 200)
	if r.Header.Get("Tus-Resumable") != "1.0.0" || !strings.Contains(r.Header.Get("Tus-Extension"), "creation-with-upload") || !strings.Contains(r.Header.Get("Allow"), "POST") {
		t.Errorf("OPTIONS: %v", r.Header)
	}
	post := func(path, meta string, want int, more ...string) *rig.Response {
		t.Helper()
		return c.Must(t, rig.Request{Method: "POST", Path: path, Header: header(append(more, "Upload-Length", "5", "Upload-Metadata", meta)...)}, want)
	}
	for path, name := range map[string]string{"": "f", "d%20%C3%BC": "f", "d%20%C3%BC/": "deep/er/g"} {
		at := c.resolve(post(path, metadata("filename", name), 201).Header.Get("Location"))
		c.patch(at, 0, []byte("hello"), 204)
		if got := c.Get(t, strings.TrimPrefix(strings.TrimSuffix(path, "/")+"/"+name, "/")); got != "hello" {
			t.Errorf("%s/%s holds %q", path, name, got)
		}
	}
	post("none", metadata("filename", "f"), 409)
	post("f", metadata("filename", "f"), 409)
	post("d%20%C3%BC", metadata("filename", "x", "dir", "y"), 400)
	post("", metadata("filename", "../x"), 400)
	post("%2e%2e/", metadata("filename", "x"), 400)
	c.Must(t, rig.Request{Method: "POST", Path: "", Body: "x"}, 405)
	c.Must(t, rig.Request{Method: "POST", Path: "", User: "-", Header: header("Upload-Length", "5", "Upload-Metadata", metadata("filename", "f"))}, 401)
	// Where the server's address is known, Location is a whole one.
	known := rig.Start(t, rig.Options{BaseURL: "https://files.example/x/"})
	r, err := known.Do(rig.Request{Method: "POST", Path: "", Header: header("Upload-Length", "5", "Upload-Metadata", metadata("filename", "f"))})
	if err != nil || r.Status != 201 || !strings.HasPrefix(r.Header.Get("Location"), "https://files.example/x/tus/") {
		t.Errorf("%+v, %v", r, err)
	}
}
