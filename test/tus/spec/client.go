// Package spec is a client of tus 1.0 that was written from the specification alone
// (tus.io/protocols/resumable-upload: core, creation, creation-with-upload, checksum). It
// knows an endpoint and HTTP, and nothing of the server behind them.
package spec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Client uploads to one endpoint. Safe for concurrent use, if HTTP is.
type Client struct {
	Endpoint string      // where uploads are created
	Header   http.Header // of every request, such as Authorization
	HTTP     *http.Client

	// Part is the bytes of a request, at most. Where they do not come through, fewer go.
	Part int64
	// Together sends the first part with the creation.
	Together bool
	// Checksum is announced with each part: sha1, sha256 or md5; "": none.
	Checksum string
	// Patience is how long nothing may move before a request is given up.
	Patience time.Duration
	// Pause is the wait after a first failure. It doubles, up to 20 of it.
	Pause time.Duration
	// Tries is how often in a row nothing may be gained.
	Tries int
}

// Report is what an upload took.
type Report struct {
	URL    string // of the upload that came to its end
	Begun  int    // uploads created
	Breaks int    // requests that failed
	Sent   int64  // bytes of content that were given to connections
}

// leastPart is the size below which no part is cut.
const leastPart = 64 << 10

// Upload sends size bytes of content and returns when the server has confirmed the last of
// them. Whatever breaks on the way is asked about by HEAD, and continued from there.
func (c *Client) Upload(ctx context.Context, content io.ReaderAt, size int64, metadata map[string]string) (Report, error) {
	u := &upload{Client: c, content: content, size: size, metadata: encode(metadata), part: c.Part}
	for failures := 0; ; {
		before := u.reached
		done, err := u.step(ctx)
		if done {
			return u.Report, nil
		}
		if u.reached > before {
			failures = 0
		}
		if err == nil {
			continue
		}
		u.Breaks++
		failures++
		if refused := (*refusal)(nil); errors.As(err, &refused) || failures > c.Tries {
			return u.Report, fmt.Errorf("after %d of %d bytes: %w", u.reached, size, err)
		}
		if err := c.wait(ctx, failures, err); err != nil {
			return u.Report, err
		}
	}
}

// wait pauses before the next try, as long as the server asked for, if it did.
func (c *Client) wait(ctx context.Context, failures int, err error) error {
	pause := min(c.Pause<<min(failures-1, 10), 20*c.Pause)
	pause = pause/2 + rand.N(pause/2+1)
	if busy := (*later)(nil); errors.As(err, &busy) {
		pause = max(pause, busy.after)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// upload is one on its way.
type upload struct {
	*Client
	Report
	content  io.ReaderAt
	size     int64
	metadata string

	met     bool  // the server has said that it speaks what is asked of it
	known   bool  // the offset is the server's word
	offset  int64 // how much it has
	reached int64 // the most that it ever had
	part    int64
	whole   int   // parts in a row that came through
	most    int64 // bytes that were refused by their number; 0: none were
	cut     int64 // bytes of a body that broke, until it is known what came of it
}

// step makes the one request that is next; none, if all is there.
func (u *upload) step(ctx context.Context) (done bool, err error) {
	switch {
	case !u.met:
		err = u.meet(ctx)
	case u.URL == "":
		err = u.create(ctx)
	case !u.known:
		err = u.ask(ctx)
	case u.offset < u.size:
		err = u.send(ctx)
	default:
		done = true
	}
	return done, err
}

// meet asks what the server speaks.
func (u *upload) meet(ctx context.Context) error {
	resp, err := u.do(ctx, http.MethodOptions, u.Endpoint, nil, nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusOK {
		return unexpected(resp)
	}
	speaks := func(header, word string) bool {
		words := strings.Split(resp.Header.Get(header), ",")
		return slices.ContainsFunc(words, func(w string) bool { return strings.TrimSpace(w) == word })
	}
	for _, need := range []struct {
		header, word string
		needed       bool
	}{
		{"Tus-Version", "1.0.0", true},
		{"Tus-Extension", "creation", true},
		{"Tus-Extension", "creation-with-upload", u.Together},
		{"Tus-Extension", "checksum", u.Checksum != ""},
		{"Tus-Checksum-Algorithm", u.Checksum, u.Checksum != ""},
	} {
		if need.needed && !speaks(need.header, need.word) {
			return &refusal{fmt.Sprintf("%s is %q, without %s", need.header, resp.Header.Get(need.header), need.word)}
		}
	}
	u.met = true
	return nil
}

// has takes an offset from the server.
func (u *upload) has(offset int64) error {
	if offset < 0 || offset > u.size {
		return &refusal{fmt.Sprintf("offset %d of %d bytes", offset, u.size)}
	}
	u.known, u.offset, u.reached = true, offset, max(u.reached, offset)
	return nil
}

// forget begins anew: the server does not know the upload any more.
func (u *upload) forget() {
	u.URL, u.known, u.offset = "", false, 0
}

// smaller cuts smaller parts than one that brought nothing.
func (u *upload) smaller(than int64) {
	u.whole = 0
	for u.part >= than && u.part > leastPart {
		u.part = max(leastPart, u.part/2)
	}
}

// larger tries larger parts again, after some that came through.
func (u *upload) larger() {
	if u.whole++; u.whole < 8 || u.part*2 > u.Part || u.most > 0 && u.part*2 >= u.most {
		return
	}
	u.part, u.whole = u.part*2, 0
}
