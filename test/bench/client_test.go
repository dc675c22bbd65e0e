//go:build bench

package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cairn/test/rig"
)

// client is many connections of the first account to one server.
type client struct {
	dav, tus string
	http     *http.Client
}

func newClient(s *rig.Server) *client {
	return &client{dav: s.DAV, tus: s.URL + "tus/", http: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 512, DisableCompression: true, WriteBufferSize: 256 << 10, ReadBufferSize: 256 << 10,
	}}}
}

// close lets the connections go, before the server ends.
func (c *client) close() { c.http.CloseIdleConnections() }

// at is the URL of a path, which must need no escapes, in the space.
func (c *client) at(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	return c.dav + path
}

// send sends a request. A body of size -1 is sent in chunks.
func (c *client) send(method, path string, body io.Reader, size int64, header ...string) (*http.Response, error) {
	req, err := http.NewRequest(method, c.at(path), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.ContentLength = size
	}
	req.SetBasicAuth(rig.User, rig.Password)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return c.http.Do(req)
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request and reads the answer, whose status must be one of want. The
// error is a *statusError if it is another.
func (c *client) call(method, path string, body []byte, want []int, header ...string) (answer, error) {
	resp, err := c.send(method, path, bytes.NewReader(body), int64(len(body)), header...)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if n := resp.ContentLength; n >= 0 {
		a.body = make([]byte, n)
		_, err = io.ReadFull(resp.Body, a.body)
	} else {
		a.body, err = io.ReadAll(resp.Body)
	}
	if err != nil && method != http.MethodHead {
		return a, fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	if !slices.Contains(want, a.status) {
		return a, &statusError{method, path, a.status, want, string(a.body[:min(300, len(a.body))])}
	}
	return a, nil
}

type statusError struct {
	method, path string
	status       int
	want         []int
	text         string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s: %d, want %v: %s", e.method, e.path, e.status, e.want, e.text)
}

var (
	created = []int{201, 204}
	ok      = []int{200}
	multi   = []int{207}
)

func (c *client) put(path string, body []byte) error {
	_, err := c.call("PUT", path, body, created)
	return err
}

// get reads a file, which must have these bytes.
func (c *client) get(path string, want []byte) error {
	a, err := c.call("GET", path, nil, ok)
	if err == nil && !bytes.Equal(a.body, want) {
		err = fmt.Errorf("GET %s: %d bytes that are not the %d that were sent", path, len(a.body), len(want))
	}
	return err
}

func (c *client) mkcol(path string) error {
	_, err := c.call("MKCOL", path, nil, []int{201})
	return err
}

// props is what file managers ask for.
const props = `<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:displayname/><D:getcontentlength/><D:getlastmodified/><D:getetag/><D:resourcetype/><D:getcontenttype/></D:prop></D:propfind>`

// list reads a folder, which must have so many entries.
func (c *client) list(path string, entries int) error {
	a, err := c.call("PROPFIND", path, []byte(props), multi, "Depth", "1", "Content-Type", "application/xml")
	if n := bytes.Count(a.body, []byte(":response>"))/2 - 1; err == nil && n != entries {
		err = fmt.Errorf("PROPFIND %s: %d entries, want %d", path, n, entries)
	}
	return err
}

func (c *client) stat(path string) error {
	_, err := c.call("PROPFIND", path, nil, multi, "Depth", "0")
	return err
}

// parallel runs the jobs from first to last-1 by so many workers, and returns the first
// error, after which no job begins.
func parallel(workers, first, last int, job func(i int) error) error {
	var next atomic.Int64
	next.Store(int64(first))
	var failed atomic.Pointer[error]
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= last {
					return
				}
				if err := job(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	running.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// random is n bytes that are the same for the same number, and other bytes for every
// other number: splitmix64, which costs a client little.
func random(number uint64, n int) []byte {
	b := make([]byte, n+8)
	x := number * 0xd1342543de82ef95
	for i := 0; i < n; i += 8 {
		x += 0x9e3779b97f4a7c15
		z := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		binary.LittleEndian.PutUint64(b[i:], z^z>>31)
	}
	return b[:n]
}

// latency is how long requests of one kind took.
type latency struct {
	mu   sync.Mutex
	took []time.Duration
}

func (l *latency) add(d time.Duration) {
	l.mu.Lock()
	l.took = append(l.took, d)
	l.mu.Unlock()
}

// at is the quantile q in milliseconds: 0.5 the median, 1 the longest.
func (l *latency) at(q float64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.took) == 0 {
		return nan
	}
	slices.Sort(l.took)
	return milliseconds(l.took[min(len(l.took)-1, int(q*float64(len(l.took))))])
}

func (l *latency) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.took)
}

// timed runs f, and adds what it took if it did not fail.
func (l *latency) timed(f func() error) error {
	begin := time.Now()
	err := f()
	if err == nil {
		l.add(time.Since(begin))
	}
	return err
}
