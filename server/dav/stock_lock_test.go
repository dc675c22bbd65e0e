package dav

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var (
	exclusive  = fmt.Sprintf(lockBody, "exclusive")
	lockF      = req{method: "LOCK", path: "/f", body: exclusive}
	lockMember = req{method: "LOCK", path: "/c/f", body: exclusive}
)

func stockLock() []defect {
	return []defect{
		{
			name: "no shared locks", source: "readLockInfo", before: []req{aFile},
			play: []req{{method: "LOCK", path: "/f", body: fmt.Sprintf(lockBody, "shared"), want: 200}}, stock: "501, want 200",
		},
		{
			name: "LOCK without a parent is 500", source: "handleLock, TODO",
			play: []req{{method: "LOCK", path: "/none/f", body: exclusive, want: 409}}, stock: "500, want 409",
		},
		{
			name: "If-None-Match of a LOCK is ignored", source: "handleLock", before: []req{aFile},
			play: []req{{method: "LOCK", path: "/f", head: []string{"If-None-Match", "*"}, body: exclusive, want: 412}}, stock: "200, want 412",
		},
		{
			name: "refresh with a condition", source: "handleLock: one list of one token", before: []req{aFile, lockF},
			show: func(d *door) error {
				return d.wrong(req{method: "LOCK", path: "/f", head: []string{"If", "({1} [" + d.etag() + "])"}, want: 200})
			},
			stock: "400, want 200",
		},
		{
			name: "refresh during a long PUT is 500", source: "handleLock: ErrLocked of Refresh", before: []req{aFile, lockF},
			show: func(d *door) error {
				finish, err := d.begin("PUT", "/f", "If", d.expand("({1})"))
				if err != nil {
					return err
				}
				refreshed := d.wrong(req{method: "LOCK", path: "/f", head: []string{"If", "({1})"}, want: 200})
				if a, err := finish(); err != nil || a.StatusCode > 204 {
					return fmt.Errorf("the PUT: %+v, %v", a, err)
				}
				return refreshed
			},
			stock: "500, want 200",
		},
		{
			name: "UNLOCK by any address", source: "handleUnlock", before: []req{aFile, lockF, aFolder},
			play:  []req{{method: "UNLOCK", path: "/c", head: []string{"Lock-Token", "{1}"}, want: 409}, {method: "PUT", path: "/f", want: 423}},
			stock: "204, want 409",
		},
		{
			name: "UNLOCK by anybody", source: "handleUnlock", before: []req{aFile, lockF},
			play: []req{{method: "UNLOCK", path: "/f", head: []string{"Lock-Token", "{1}", "User", "bob"}, want: 403}}, stock: "204, want 403",
		},
		{
			name: "tokens can be guessed", source: "memLS.nextToken", before: []req{aFile, lockF, aFolder, {method: "LOCK", path: "/c", body: exclusive}},
			show: func(d *door) error {
				first, second := strings.Trim(d.tokens[0], "<>"), strings.Trim(d.tokens[1], "<>")
				a, _ := strconv.Atoi(first)
				b, _ := strconv.Atoi(second)
				if u, err := url.Parse(first); err != nil || u.Scheme == "" || b == a+1 {
					return fmt.Errorf("tokens %s and %s: no URIs (RFC 4918 §6.5), and one tells the other", first, second)
				}
				return nil
			},
			stock: "one tells the other",
		},
		{
			name: "a restart forgets locks", source: "memLS", before: []req{aFile, lockF},
			show: func(d *door) error {
				d.reopen()
				return d.wrong(req{method: "PUT", path: "/f", body: "x", want: 423})
			},
			stock: "201, want 423",
		},
		{
			name: "no end to the number of locks", source: "memLS", before: []req{aFolder},
			show: func(d *door) error {
				for i := range 200 {
					if err := d.wrong(req{method: "LOCK", path: fmt.Sprintf("/c/%d", i), body: exclusive, want: 201}); err != nil {
						return err
					}
				}
				return d.wrong(req{method: "LOCK", path: "/c/more", body: exclusive, want: 403})
			},
			stock: "201, want 403",
		},
		{
			name: "one mutex for all locks", source: "memLS",
			unseen: "a matter of speed; ours are rows that the one writer changes in batches (test/dav, TestLocks).",
		},
		{
			name: "a lock of depth 0 leaves the members free", source: "memLS.lookup", before: []req{aFolder, aMember, {method: "LOCK", path: "/c", head: depth0, body: exclusive}},
			play: []req{{method: "PUT", path: "/c/new", body: "x", want: 423}, {method: "DELETE", path: "/c/f", want: 423}, {method: "PUT", path: "/c/f", body: "x", want: 204}},
			// the third is right in both: its content is not protected
			stock: "201, want 423",
		},
		{
			name: "two writers at once", source: "confirmLocks: a lock for the time of a request", before: []req{aFile},
			show: func(d *door) error {
				finish, err := d.begin("PUT", "/f")
				if err != nil {
					return err
				}
				second := d.wrong(req{method: "PUT", path: "/f", body: "second", want: 204})
				if a, err := finish(); err != nil || a.StatusCode != 204 && second == nil {
					return fmt.Errorf("the first: %+v, %v", a, err)
				}
				return second
			},
			stock: "423, want 204",
		},
	}
}

// begin sends the head and the first bytes of a PUT, waits until the server reads the
// body, and returns what sends the rest.
func (d *door) begin(method, path string, head ...string) (finish func() (*http.Response, error), err error) {
	r, w := io.Pipe()
	hr, err := http.NewRequest(method, d.srv.URL+mount+path, r)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(head); i += 2 {
		hr.Header.Set(head[i], head[i+1])
	}
	hr.Header.Set("Expect", "100-continue") // the body goes when it is asked for
	done := make(chan error, 1)
	var res *http.Response
	tr := d.srv.Client().Transport.(*http.Transport).Clone()
	tr.ExpectContinueTimeout = time.Minute
	d.Cleanup(tr.CloseIdleConnections)
	go func() {
		var err error
		res, err = tr.RoundTrip(hr)
		r.CloseWithError(io.ErrClosedPipe)
		done <- err
	}()
	if _, err := w.Write([]byte("begun")); err != nil { // taken once the server reads
		return nil, fmt.Errorf("%s %s is not read: %v", method, path, <-done)
	}
	return func() (*http.Response, error) {
		w.Close()
		err := <-done
		if err == nil {
			res.Body.Close()
		}
		return res, err
	}, nil
}
