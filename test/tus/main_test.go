// Package tus tests the upload door as clients see it: tus 1.0, by hand, against the
// real binary.
package tus

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"cairn/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// metadata is an Upload-Metadata header: pairs of key and value.
func metadata(pairs ...string) string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(out, ",")
}

func header(pairs ...string) map[string]string {
	h := map[string]string{"Tus-Resumable": "1.0.0"}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = pairs[i+1]
	}
	return h
}

// noise is n bytes that are the same for the same seed.
func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// client speaks tus to one server.
type client struct {
	*rig.Server
	t *testing.T
}

// create begins an upload and returns its URL.
func (c *client) create(size int64, meta string, more ...string) string {
	c.t.Helper()
	resp := c.Must(c.t, rig.Request{Method: "POST", Path: c.URL + "tus/",
		Header: header(append(more, "Upload-Length", strconv.FormatInt(size, 10), "Upload-Metadata", meta)...)}, 201)
	return c.resolve(resp.Header.Get("Location"))
}

// resolve makes a Location whole, which must be a path.
func (c *client) resolve(location string) string {
	c.t.Helper()
	if !strings.HasPrefix(location, "/") {
		c.t.Fatalf("Location %q is not a path", location)
	}
	base, err := url.Parse(c.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	u, err := base.Parse(location)
	if err != nil {
		c.t.Fatal(err)
	}
	if !strings.HasPrefix(u.String(), c.URL+"tus/") {
		c.t.Fatalf("Location %q is not below %stus/", location, c.URL)
	}
	return u.String()
}

// offset asks by HEAD.
func (c *client) offset(at string) int64 {
	c.t.Helper()
	resp := c.Must(c.t, rig.Request{Method: "HEAD", Path: at, Header: header()}, 200)
	n, err := strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		c.t.Fatalf("Upload-Offset: %v", err)
	}
	return n
}

// patch sends bytes at an offset.
func (c *client) patch(at string, offset int64, b []byte, want ...int) *rig.Response {
	c.t.Helper()
	return c.Must(c.t, rig.Request{Method: "PATCH", Path: at, Reader: bytes.NewReader(b), Size: int64(len(b)), Header: chunk(offset)}, want...)
}

func chunk(offset int64) map[string]string {
	return header("Upload-Offset", fmt.Sprint(offset), "Content-Type", "application/offset+octet-stream")
}

// code is the code of a problem answer.
func code(r *rig.Response) string {
	_, rest, _ := strings.Cut(r.Body, `"code":"`)
	code, _, _ := strings.Cut(rest, `"`)
	return code
}
