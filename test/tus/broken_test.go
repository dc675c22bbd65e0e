package tus

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// begin sends the head of a PATCH that announces length bytes, and the first of them.
func (c *client) begin(at string, offset int64, length int, b []byte, more ...string) net.Conn {
	c.t.Helper()
	auth := http.Request{Header: http.Header{}}
	auth.SetBasicAuth(rig.User, rig.Password)
	path := "/" + strings.SplitN(at, "/", 4)[3]
	conn := c.Raw(c.t, fmt.Sprintf("PATCH %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nTus-Resumable: 1.0.0\r\n"+
		"Upload-Offset: %d\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: %d\r\n%s\r\n",
		path, c.Addr, auth.Header.Get("Authorization"), offset, length, strings.Join(append(more, ""), "\r\n")))
	if _, err := conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
	return conn
}

// reaches polls until the upload is at the offset: what was sent may be on its way.
func (c *client) reaches(at string, want int64) {
	c.t.Helper()
	var got int64
	if !rig.Poll(rig.Patience, func() bool { got = c.offset(at); return got == want }) {
		c.t.Fatalf("the upload is at %d, want %d", got, want)
	}
}

// A broken connection keeps every byte that arrived.
func TestBroken(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	content := noise(2, 5<<20+77)
	at := c.create(int64(len(content)), metadata("filename", "f"))
	sent := 0
	for i, n := range []int{1, 1 << 20, 333_333, 2<<20 + 1} {
		conn := c.begin(at, int64(sent), len(content)-sent, content[sent:sent+n])
		if i%2 == 0 {
			conn.(*net.TCPConn).CloseWrite() // an orderly end in the middle of the body
		}
		// Everything is sent, but not yet taken: closing with a reset would throw it away.
		if !rig.Poll(rig.Patience, func() bool { return c.Unread() == 0 }) {
			t.Fatal("the server does not read")
		}
		conn.Close()
		sent += n
		c.reaches(at, int64(sent))
		if i == 1 {
			c.Kill9()
			c.Restart()
			c.reaches(at, int64(sent))
		}
	}
	c.patch(at, int64(sent), content[sent:], 204)
	if !bytes.Equal([]byte(c.Get(t, "f")), content) {
		t.Error("other bytes come back")
	}
}

// A request whose client is gone without a word does not keep the upload: whoever asks
// for the offset takes it over, and gets what has arrived.
func TestTakeover(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	at := c.create(100, metadata("filename", "f"))
	conn := c.begin(at, 0, 100, []byte("0123456789"))
	if !rig.Poll(rig.Patience, func() bool { return c.Unread() == 0 }) {
		t.Fatal("the server does not read")
	}
	begin := time.Now()
	if got := c.offset(at); got != 10 {
		t.Errorf("offset %d, want 10", got)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("asking took %s", took)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil && resp.StatusCode != 423 {
		t.Errorf("the old request is told %s", resp.Status)
	}
	c.patch(at, 10, bytes.Repeat([]byte("x"), 90), 204)
	if len(c.Get(t, "f")) != 100 {
		t.Error("not whole")
	}
}

// Nobody else can see, end, or even disturb an upload.
func TestOthersUploads(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.AddUser("eve", "another password", 0)
	at := c.create(100, metadata("filename", "f"))
	conn := c.begin(at, 0, 100, []byte("0123456789"))
	defer conn.Close()
	if !rig.Poll(rig.Patience, func() bool { return c.Unread() == 0 }) {
		t.Fatal("the server does not read")
	}
	for _, q := range []rig.Request{
		{Method: "HEAD", Header: header()}, {Method: "DELETE", Header: header()},
		{Method: "PATCH", Header: chunk(10), Body: "evil"}, {Method: "PATCH", Header: chunk(0), Body: "evil"},
		{Method: "POST", Header: header("X-HTTP-Method-Override", "DELETE")},
	} {
		q.Path, q.User, q.Password = at, "eve", "another password"
		c.Must(t, q, 404)
		q.User, q.Password = "eve", "wrong"
		c.Must(t, q, 401)
		q.User = "-"
		r := c.Must(t, q, 401)
		if r.Header.Get("WWW-Authenticate") != "" {
			t.Error("a browser would open its own dialog")
		}
	}
	// The request under way has not noticed.
	if _, err := conn.Write(bytes.Repeat([]byte("x"), 90)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != 204 {
		t.Fatalf("%v %v", resp, err)
	}
	if len(c.Get(t, "f")) != 100 {
		t.Error("not whole")
	}
}

// What the commit refuses is said, keeps the bytes, and is never called complete.
func TestRefusedCommit(t *testing.T) {
	type step func(t *testing.T, c *client)
	nothing := func(*testing.T, *client) {}
	for name, q := range map[string]struct {
		before, meanwhile, mend step
		headers                 func(t *testing.T, c *client) []string
		want                    int
		code                    string
	}{
		"folder deleted": {
			before:    func(t *testing.T, c *client) { c.Must(t, rig.Request{Method: "MKCOL", Path: "d"}, 201) },
			meanwhile: func(t *testing.T, c *client) { c.Must(t, rig.Request{Method: "DELETE", Path: "d"}, 204) },
			mend:      func(t *testing.T, c *client) { c.Must(t, rig.Request{Method: "MKCOL", Path: "d"}, 201) },
			want:      409, code: "no-parent",
		},
		"name taken": {
			before:    func(t *testing.T, c *client) { c.Must(t, rig.Request{Method: "MKCOL", Path: "d"}, 201) },
			headers:   func(*testing.T, *client) []string { return []string{"If-None-Match", "*"} },
			meanwhile: func(t *testing.T, c *client) { c.Put(t, "d/f", "mine") },
			mend:      func(t *testing.T, c *client) { c.Must(t, rig.Request{Method: "DELETE", Path: "d/f"}, 204) },
			want:      412, code: "precondition-failed",
		},
		"changed by somebody else": {
			before: func(t *testing.T, c *client) {
				c.Must(t, rig.Request{Method: "MKCOL", Path: "d"}, 201)
				c.Put(t, "d/f", "first")
			},
			headers: func(t *testing.T, c *client) []string {
				return []string{"If-Match", c.Must(t, rig.Request{Method: "HEAD", Path: "d/f"}, 200).Header.Get("ETag")}
			},
			meanwhile: func(t *testing.T, c *client) { c.Put(t, "d/f", "second") },
			want:      412, code: "precondition-failed",
		},
		"a folder in the way": {
			before:    func(t *testing.T, c *client) { c.Must(t, rig.Request{Method: "MKCOL", Path: "d"}, 201) },
			meanwhile: func(t *testing.T, c *client) { c.Must(t, rig.Request{Method: "MKCOL", Path: "d/f"}, 201) },
			mend:      func(t *testing.T, c *client) { c.Must(t, rig.Request{Method: "DELETE", Path: "d/f"}, 204) },
			want:      409, code: "is-a-folder",
		},
		"locked": {
			before: func(t *testing.T, c *client) {
				c.Must(t, rig.Request{Method: "MKCOL", Path: "d"}, 201)
				c.Put(t, "d/f", "first")
			},
			meanwhile: func(t *testing.T, c *client) {
				c.Must(t, rig.Request{Method: "LOCK", Path: "d/f", Header: map[string]string{"Timeout": "Second-600"},
					Body: `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>`}, 200)
			},
			want: 423, code: "locked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &client{rig.Start(t, rig.Options{}), t}
			q.before(t, c)
			var headers []string
			if q.headers != nil {
				headers = q.headers(t, c)
			}
			at := c.create(1000, metadata("dir", "d", "filename", "f"), headers...)
			content := noise(3, 1000)
			c.patch(at, 0, content[:600], 204)
			q.meanwhile(t, c)
			if r := c.patch(at, 600, content[600:], q.want); code(r) != q.code || !strings.Contains(r.Body, `"detail":"`) {
				t.Errorf("%s, want %s", r.Body, q.code)
			}
			if got := c.offset(at); got != 999 {
				t.Fatalf("offset %d: the file is not there, and 1000 bytes are", got)
			}
			c.Kill9()
			c.Restart()
			if q.mend == nil {
				q.mend = nothing
				c.patch(at, 999, content[999:], q.want)
				return
			}
			q.mend(t, c)
			c.patch(at, 999, content[999:], 204) // no byte but the last is sent twice
			if c.Get(t, "d/f") != string(content) {
				t.Error("other bytes come back")
			}
		})
	}
}

func TestQuota(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.AddUser("eve", "another password", 1_000_000)
	do := func(method, path string, h map[string]string, body []byte, want int) *rig.Response {
		t.Helper()
		return c.Must(t, rig.Request{Method: method, Path: path, Header: h, Reader: bytes.NewReader(body), Size: int64(len(body)),
			User: "eve", Password: "another password"}, want)
	}
	r := do("POST", c.URL+"tus/", header("Upload-Length", "1000001", "Upload-Metadata", metadata("filename", "f")), nil, 507)
	if code(r) != "quota-exceeded" {
		t.Error(r.Body)
	}
	// The last byte that fits, and one over that only shows on the way.
	r = do("POST", c.URL+"tus/", header("Upload-Length", "600000", "Upload-Metadata", metadata("filename", "f")), nil, 201)
	at := c.resolve(r.Header.Get("Location"))
	do("PATCH", at, chunk(0), make([]byte, 300_000), 204)
	do("PUT", "other", nil, make([]byte, 500_000), 201)
	if r := do("PATCH", at, chunk(300_000), make([]byte, 300_000), 507); code(r) != "quota-exceeded" {
		t.Error(r.Body)
	}
	r = c.Must(t, rig.Request{Method: "HEAD", Path: at, Header: header(), User: "eve", Password: "another password"}, 200)
	if got := r.Header.Get("Upload-Offset"); got != "500000" {
		t.Errorf("kept %s bytes, want those that fit", got)
	}
	do("DELETE", "other", nil, nil, 204)
	do("PATCH", at, chunk(500_000), make([]byte, 100_000), 204)
	do("GET", "f", nil, nil, 200)
}

// A stop of the server keeps what has arrived of a request that does not end in time.
func TestShutdownParks(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{Args: []string{"--shutdown-grace", "100ms"}}), t}
	at := c.create(100, metadata("filename", "f"))
	conn := c.begin(at, 0, 100, []byte("0123456789"))
	defer conn.Close()
	if !rig.Poll(rig.Patience, func() bool { return c.Unread() == 0 }) {
		t.Fatal("the server does not read")
	}
	c.Stop()
	c.Restart()
	if got := c.offset(at); got != 10 {
		t.Errorf("offset %d after a stop, want 10", got)
	}
}

// More bytes than were announced are no file, however they come.
func TestTooLong(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.Put(t, "f", "old")
	at := c.create(1000, metadata("filename", "f"))
	r := c.Must(t, rig.Request{Method: "PATCH", Path: at, Header: chunk(0), Reader: bytes.NewReader(noise(1, 5000)), Size: -1}, 413)
	if code(r) != "too-long" || r.Header.Get("ETag") != "" {
		t.Errorf("%s %v", r.Body, r.Header)
	}
	if c.Get(t, "f") != "old" {
		t.Error("the old version is gone")
	}
	if got := c.offset(at); got > 999 {
		t.Errorf("the upload says %d", got)
	}
	at = c.resolve(c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/",
		Header: header("Upload-Defer-Length", "1", "Upload-Metadata", metadata("filename", "f"))}, 201).Header.Get("Location"))
	c.patch(at, 0, []byte("0123456789"), 204)
	h := chunk(10)
	h["Upload-Length"] = "10"
	c.Must(t, rig.Request{Method: "PATCH", Path: at, Header: h, Body: "more"}, 413)
	if c.Get(t, "f") != "old" {
		t.Error("the old version is gone")
	}
	// The size may be declared again, by a client that did not see the answer.
	h = chunk(10)
	h["Upload-Length"] = "12"
	conn := c.begin(at, 10, 2, []byte("a"), "Upload-Length: 12")
	if !rig.Poll(rig.Patience, func() bool { return c.Unread() == 0 }) {
		t.Fatal("the server does not read")
	}
	conn.Close()
	if !rig.Poll(2*time.Second, func() bool { return c.offset(at) == 11 }) {
		// The first HEAD came before the byte was read, and ended the request without it.
		h["Upload-Offset"] = "10"
		c.Must(t, rig.Request{Method: "PATCH", Path: at, Header: h, Body: "a"}, 204)
	}
	h["Upload-Offset"] = "11"
	c.Must(t, rig.Request{Method: "PATCH", Path: at, Header: h, Body: "b"}, 204)
	if c.Get(t, "f") != "0123456789ab" {
		t.Error(c.Get(t, "f"))
	}
}
