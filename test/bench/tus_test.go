//go:build bench

package bench

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path"
	"strconv"
	"time"
)

// tusFile uploads a file by tus, in PATCHes of 1 MiB, or with its creation. The path
// changes with the last request, whose kind says so.
func (c *crowd) tusFile(r *rand.Rand, s *slot, f file) {
	meta := "filename " + base64.StdEncoding.EncodeToString([]byte(path.Base(s.path))) +
		",dir " + base64.StdEncoding.EncodeToString([]byte(path.Dir(s.path)))
	header := []string{"Tus-Resumable", "1.0.0", "Upload-Length", strconv.Itoa(f.size), "Upload-Metadata", meta}
	const octets = "application/offset+octet-stream"
	body := f.bytes()
	if r.IntN(2) == 0 {
		c.change("tus with creation, 1–8 MiB", func() error {
			a, err := c.call("POST", c.tus, body, []int{201}, append(header, "Content-Type", octets)...)
			if err == nil && a.header.Get("Upload-Offset") != strconv.Itoa(f.size) {
				err = fmt.Errorf("POST: Upload-Offset %q, want %d", a.header.Get("Upload-Offset"), f.size)
			}
			return err
		}, step{s, f})
		return
	}
	begin := time.Now()
	a, err := c.call("POST", c.tus, nil, []int{201}, header...)
	var at string
	if err == nil {
		var base, u *url.URL
		if base, err = url.Parse(c.tus); err == nil {
			if u, err = base.Parse(a.header.Get("Location")); err == nil {
				at = u.String()
			}
		}
	}
	if !c.did("tus POST", begin, err) {
		return
	}
	const most = 1 << 20
	for sent := 0; sent < f.size; {
		end := min(sent+most, f.size)
		patch := func() error {
			a, err := c.call("PATCH", at, body[sent:end], []int{204}, "Tus-Resumable", "1.0.0", "Upload-Offset", strconv.Itoa(sent), "Content-Type", octets)
			if err == nil && a.header.Get("Upload-Offset") != strconv.Itoa(end) {
				err = fmt.Errorf("PATCH at %d: Upload-Offset %q, want %d", sent, a.header.Get("Upload-Offset"), end)
			}
			return err
		}
		if end == f.size {
			c.change("tus PATCH, last", patch, step{s, f})
		} else if begin := time.Now(); !c.did("tus PATCH", begin, patch()) {
			return
		}
		sent = end
	}
}
