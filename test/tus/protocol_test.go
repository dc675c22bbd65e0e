package tus

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"cairn/test/rig"
)

// both runs a test at the server itself, and through Debian's nginx below a base path.
func both(t *testing.T, f func(t *testing.T, c *client)) {
	t.Run("direct", func(t *testing.T) { f(t, &client{rig.Start(t, rig.Options{}), t}) })
	t.Run("nginx", func(t *testing.T) { f(t, &client{rig.StartProxied(t, rig.Options{}), t}) })
}

func TestUpload(t *testing.T) {
	both(t, func(t *testing.T, c *client) {
		content := noise(1, 20<<20+123)
		at := c.create(int64(len(content)), metadata("filename", "film – ünïcode.mp4", "filetype", "video/mp4", "mtime", "1600000000.25"))
		for sent := 0; sent < len(content); {
			end := min(sent+8<<20, len(content))
			resp := c.patch(at, int64(sent), content[sent:end], 204)
			if got := resp.Header.Get("Upload-Offset"); got != fmt.Sprint(end) {
				t.Fatalf("Upload-Offset %s after %d", got, end)
			}
			if sent = end; sent == len(content) && (resp.Header.Get("ETag") == "" || len(resp.Header.Get("OC-FileId")) != 16 ||
				resp.Header.Get("Last-Modified") != "Sun, 13 Sep 2020 12:26:40 GMT") {
				t.Errorf("the last answer tells nothing of the file: %v", resp.Header)
			}
		}
		file := c.Must(t, rig.Request{Path: "film%20%E2%80%93%20%C3%BCn%C3%AFcode.mp4"}, 200)
		if !bytes.Equal([]byte(file.Body), content) {
			t.Error("other bytes come back over WebDAV")
		}
		if got := file.Header.Get("Last-Modified"); got != "Sun, 13 Sep 2020 12:26:40 GMT" {
			t.Errorf("modified %s", got)
		}
		if got := c.offset(at); got != int64(len(content)) {
			t.Errorf("a finished upload says %d", got)
		}
		// The last request again: the client did not see its answer.
		c.patch(at, int64(len(content)), nil, 204)
		c.Must(t, rig.Request{Method: "DELETE", Path: at, Header: header()}, 204)
		c.Must(t, rig.Request{Method: "HEAD", Path: at, Header: header()}, 404)
		c.Must(t, rig.Request{Method: "HEAD", Path: "film%20%E2%80%93%20%C3%BCn%C3%AFcode.mp4"}, 200)
	})
}

func TestCreationWithUpload(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	post := func(size, body string, more ...string) *rig.Response {
		h := header(append(more, "Upload-Metadata", metadata("filename", "f"), "Content-Type", "application/offset+octet-stream")...)
		if size != "" {
			h["Upload-Length"] = size
		}
		return c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/", Header: h, Body: body}, 201, 413)
	}
	if r := post("5", "hello"); r.Status != 201 || r.Header.Get("Upload-Offset") != "5" || r.Header.Get("ETag") == "" || c.Get(t, "f") != "hello" {
		t.Errorf("whole: %d %v", r.Status, r.Header)
	}
	r := post("5", "he")
	if r.Status != 201 || r.Header.Get("Upload-Offset") != "2" || c.Get(t, "f") != "hello" {
		t.Errorf("a part: %d %v", r.Status, r.Header)
	}
	c.patch(c.resolve(r.Header.Get("Location")), 2, []byte("yho"), 204)
	if c.Get(t, "f") != "heyho" {
		t.Error("the parts are not the file")
	}
	if r := post("5", "hello!"); r.Status != 413 || code(r) != "too-long" {
		t.Errorf("too much: %d %s", r.Status, r.Body)
	}
	if r := post("0", ""); r.Status != 201 || c.Get(t, "f") != "" {
		t.Errorf("nothing: %d, %q", r.Status, c.Get(t, "f"))
	}
}

// Of what is refused behind its last byte the address is told, however small it is; nothing is
// left of what is refused before the first.
func TestCreationWithUpload_refused(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.Must(t, rig.Request{Method: "MKCOL", Path: "d"}, 201)
	c.Put(t, "taken", "old")
	post := func(body, name string, want int, more ...string) *rig.Response {
		h := header(append(more, "Upload-Length", strconv.Itoa(len(body)), "Upload-Metadata", metadata("filename", name), "Content-Type", "application/offset+octet-stream")...)
		return c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/", Header: h, Body: body}, want)
	}
	for _, body := range []string{"x", "xy"} {
		r := post(body, "d", 409)
		at := r.Header.Get("Location")
		if at == "" || code(r) != "is-a-folder" {
			t.Fatalf("%q: %v %s", body, r.Header, r.Body)
		}
		head := c.Must(t, rig.Request{Method: "HEAD", Path: c.resolve(at), Header: header()}, 200)
		if got := head.Header.Get("Upload-Offset"); got != strconv.Itoa(len(body)-1) {
			t.Errorf("%q: it is at %s", body, got)
		}
		c.Must(t, rig.Request{Method: "DELETE", Path: c.resolve(at), Header: header()}, 204)
	}
	if r := post("new", "taken", 412, "If-None-Match", "*"); r.Header.Get("Location") != "" || c.Get(t, "taken") != "old" {
		t.Errorf("refused before: %v", r.Header)
	}
}

func TestDeferredLength(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	at := c.resolve(c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/",
		Header: header("Upload-Defer-Length", "1", "Upload-Metadata", metadata("filename", "f"))}, 201).Header.Get("Location"))
	c.patch(at, 0, []byte("one "), 204)
	if r := c.Must(t, rig.Request{Method: "HEAD", Path: at, Header: header()}, 200); r.Header.Get("Upload-Defer-Length") != "1" || r.Header.Get("Upload-Offset") != "4" {
		t.Errorf("%v", r.Header)
	}
	h := chunk(4)
	h["Upload-Length"] = "7"
	c.Must(t, rig.Request{Method: "PATCH", Path: at, Header: h, Body: "two"}, 204)
	if c.Get(t, "f") != "one two" {
		t.Error(c.Get(t, "f"))
	}
}

func TestOptionsAndMethods(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	r := c.Must(t, rig.Request{Method: "OPTIONS", Path: c.URL + "tus/", User: "-"}, 200)
	if r.Header.Get("Tus-Version") != "1.0.0" || r.Header.Get("Tus-Extension") != "creation,creation-with-upload,termination,concatenation,creation-defer-length,checksum,expiration" {
		t.Errorf("%v", r.Header)
	}
	r = c.Must(t, rig.Request{Method: "OPTIONS", Path: c.URL + "tus/", User: "-", Header: map[string]string{
		"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}}, 200)
	for k := range r.Header {
		if strings.HasPrefix(k, "Access-Control-") {
			t.Errorf("another origin is told %s: %s", k, r.Header.Get(k))
		}
	}
	at := c.create(5, metadata("filename", "f"))
	for _, q := range []struct {
		method, path string
		header       map[string]string
		body         string
		want         int
		code         string
	}{
		{"GET", c.URL + "tus/", nil, "", 405, "method"},
		{"GET", at, nil, "", 405, "method"},
		{"PUT", at, header(), "x", 405, "method"},
		{"POST", c.URL + "tus/", map[string]string{"Upload-Length": "1"}, "", 412, "tus-version"},
		{"POST", c.URL + "tus/", header("Upload-Metadata", metadata("filename", "f")), "", 400, "upload-length"},
		{"POST", c.URL + "tus/", header("Upload-Length", "-1", "Upload-Metadata", metadata("filename", "f")), "", 400, "upload-length"},
		{"POST", c.URL + "tus/", header("Upload-Length", "99999999999999999999", "Upload-Metadata", metadata("filename", "f")), "", 400, "upload-length"},
		{"POST", c.URL + "tus/", header("Upload-Length", "9223372036854775807", "Upload-Metadata", metadata("filename", "f")), "", 507, "disk-full"},
		{"PATCH", at, header("Upload-Offset", "0"), "hello", 415, "media-type"},
		{"PATCH", at, header("Content-Type", "application/offset+octet-stream"), "hello", 400, "upload-offset"},
		{"PATCH", at, chunk(-1), "hello", 400, "upload-offset"},
		{"PATCH", at, chunk(1), "ello", 409, "wrong-offset"},
		{"PATCH", at, chunk(0), "hello!", 413, "too-long"},
		{"HEAD", c.URL + "tus/00000000000000000000000000000000", header(), "", 404, ""},
		{"HEAD", c.URL + "tus/nonsense", header(), "", 404, ""},
		{"HEAD", at + "/", header(), "", 404, ""},
		{"HEAD", strings.Replace(at, "/tus/", "/tus/%2e%2e/", 1), header(), "", 404, ""},
		{"HEAD", strings.Replace(at, "/tus/", "/tus//", 1), header(), "", 404, ""},
	} {
		r := c.Must(t, rig.Request{Method: q.method, Path: q.path, Header: q.header, Body: q.body}, q.want)
		if q.code != "" && (code(r) != q.code || r.Header.Get("Content-Type") != "application/problem+json") {
			t.Errorf("%s %s: %s %s, want %s", q.method, q.path, r.Header.Get("Content-Type"), r.Body, q.code)
		}
	}
	if c.offset(at) != 0 {
		t.Error("a refused request brought something")
	}
	c.patch(at, 0, []byte("hello"), 204)
}

func TestMetadata(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.Must(t, rig.Request{Method: "MKCOL", Path: "dir"}, 201)
	c.Put(t, "file", "in the way")
	for _, q := range []struct {
		meta string
		want int
		path string // where it goes, or the code of the refusal
	}{
		{metadata("filename", "a"), 201, "a"},
		{metadata("name", "b", "type", "text/plain"), 201, "b"},
		{metadata("filename", "x.jpg", "relativePath", "photos/2020/x.jpg"), 201, "photos/2020/x.jpg"},
		{metadata("filename", "c", "relativePath", "null"), 201, "c"}, // Uppy
		{metadata("filename", "/own/cloud/d.txt", "mtime", "1700000000", "checksum", "SHA1 b444ac06613fc8d63795be9ad0beaf55011936ac"), 201, "own/cloud/d.txt"},
		{metadata("dir", "dir", "filename", "e"), 201, "dir/e"},
		{metadata("dir", "/dir/", "filename", "f", "relativePath", "deep/er/f"), 201, "dir/deep/er/f"},
		{metadata("filename", "g") + ",is_confidential", 201, "g"},
		{metadata("filename", `back\slash`), 201, `back%5Cslash`},

		{"", 400, "bad-metadata"},
		{metadata("filetype", "text/plain"), 400, "bad-metadata"},
		{metadata("filename", ""), 400, "bad-metadata"},
		{metadata("filename", "/"), 400, "bad-metadata"},
		{metadata("filename", "folder/"), 400, "bad-metadata"},
		{"filename !!!", 400, "bad-metadata"},
		{"filename aGVsbG8", 400, "bad-metadata"}, // no padding
		{metadata("filename", "a") + "," + metadata("filename", "b"), 400, "bad-metadata"},
		{",,", 400, "bad-metadata"},
		{metadata("filename", "a", "mtime", "yesterday"), 400, "bad-metadata"},
		{metadata("filename", "a", "mtime", "NaN"), 400, "bad-metadata"},
		{metadata("filename", "early.txt", "mtime", "-2e11"), 201, "early.txt"}, // 1970: a mount fails over earlier years
		{metadata("filename", "a", "checksum", "CRC 00"), 400, "bad-metadata"},
		{metadata("filename", "a", "checksum", "SHA1 00"), 400, "bad-metadata"},
		{metadata("filename", ".."), 400, "invalid-name"},
		{metadata("filename", "../../etc/passwd"), 400, "invalid-name"},
		{metadata("filename", "a/../../b"), 400, "invalid-name"},
		{metadata("dir", "..", "filename", "a"), 400, "invalid-name"},
		{metadata("dir", "dir/../..", "filename", "a"), 400, "invalid-name"},
		{metadata("filename", "nul\x00"), 400, "invalid-name"},
		{metadata("filename", "a//b"), 400, "invalid-name"},
		{metadata("filename", "\xff\xfe"), 400, "invalid-name"},
		{metadata("filename", strings.Repeat("n", 256)), 400, "invalid-name"},
		{metadata("filename", strings.Repeat("d/", 256)+"f"), 414, "path-too-long"},
		{metadata("dir", "nowhere", "filename", "a"), 409, "no-parent"},
		{metadata("dir", "nowhere", "filename", "deep/a"), 409, "no-parent"},
		{metadata("dir", "file", "filename", "a"), 409, "not-a-folder"},
		{metadata("filename", "dir"), 409, "is-a-folder"},
	} {
		r := c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/", Body: "test1", Header: header("Upload-Length", "5",
			"Content-Type", "application/offset+octet-stream", "Upload-Metadata", q.meta)}, 201, 400, 409, 414, 460)
		switch {
		case r.Status != q.want:
			t.Errorf("%.80q: %d %s, want %d", q.meta, r.Status, r.Body, q.want)
		case r.Status == 201:
			if got := c.Get(t, q.path); got != "test1" {
				t.Errorf("%s holds %q", q.path, got)
			}
		case code(r) != q.path:
			t.Errorf("%.80q: %s, want %s", q.meta, r.Body, q.path)
		}
	}
}

func TestWrongDigest(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.Put(t, "f", "old")
	at := c.create(5, metadata("filename", "f", "checksum", "SHA1 0000000000000000000000000000000000000000"))
	c.patch(at, 0, []byte("he"), 204)
	if r := c.patch(at, 2, []byte("llo"), 460); code(r) != "wrong-digest" {
		t.Error(r.Body)
	}
	c.Must(t, rig.Request{Method: "HEAD", Path: at, Header: header()}, 404)
	if c.Get(t, "f") != "old" {
		t.Error("the old version is gone")
	}
}
