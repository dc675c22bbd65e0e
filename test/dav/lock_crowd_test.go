package dav

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/test/rig"
)

const lockinfo = `<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:%s/></D:lockscope>` +
	`<D:locktype><D:write/></D:locktype><D:owner><w:editor xmlns:w="urn:words" w:seat="2">M&amp;M <w:b/></w:editor><D:href>http://m.example</D:href></D:owner></D:lockinfo>`

// writer is one of a crowd: a client with a connection of its own.
type writer struct {
	s      *rig.Server
	http   http.Client
	waited int // answers that somebody else holds the lock
}

// ask sends a request; a status of 500 and above is an error, as is none.
func (w *writer) ask(method, path, body string, head ...string) (status int, answer string, h http.Header, err error) {
	r, err := http.NewRequest(method, w.s.DAV+path, strings.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	r.SetBasicAuth(rig.User, rig.Password)
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	res, err := w.http.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 500 {
		err = fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, b)
	}
	return res.StatusCode, string(b), res.Header, err
}

// cycle adds one to the number in a file, under a lock.
func (w *writer) cycle(path string) error {
	var token string
	for start := time.Now(); token == ""; {
		status, answer, h, err := w.ask("LOCK", path, fmt.Sprintf(lockinfo, "exclusive"), "Timeout", "Second-600", "Depth", "0")
		switch {
		case err != nil:
			return err
		case status == 423 && time.Since(start) < 10*time.Minute:
			w.waited++
		case status != 200:
			return fmt.Errorf("LOCK %s: %d %s", path, status, answer)
		default:
			token = h.Get("Lock-Token")
		}
	}
	status, text, _, err := w.ask("GET", path, "")
	n, bad := strconv.Atoi(text)
	if err != nil || status != 200 || bad != nil {
		return fmt.Errorf("GET %s: %d %q, %v", path, status, text, err)
	}
	if status, text, _, err = w.ask("PUT", path, strconv.Itoa(n+1), "If", "("+token+")"); err != nil || status != 204 {
		return fmt.Errorf("PUT %s: %d %s, %v", path, status, text, err)
	}
	if status, text, _, err = w.ask("UNLOCK", path, "", "Lock-Token", token); err != nil || status != 204 {
		return fmt.Errorf("UNLOCK %s: %d %s, %v", path, status, text, err)
	}
	return nil
}

// TestLocks lets twenty clients count in files, each time under a lock: no count is
// lost, the server fails at nothing, and no lock is left.
func TestLocks(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	const clients = 20
	for _, c := range []struct {
		name   string
		cycles int // of each client
		file   func(client int) string
	}{
		{"separate", ownLockCycles, func(client int) string { return fmt.Sprintf("own%d", client) }},
		{"shared", sharedLockCycles, func(int) string { return "all" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			counts := map[string]int{}
			for i := range clients {
				s.Put(t, c.file(i), "0")
				counts[c.file(i)] += c.cycles
			}
			var group sync.WaitGroup
			var waited atomic.Int64
			start := time.Now()
			for i := range clients {
				group.Go(func() {
					w := &writer{s: s, http: http.Client{Transport: &http.Transport{}, Timeout: 3 * time.Minute}}
					defer w.http.CloseIdleConnections()
					for range c.cycles {
						if err := w.cycle(c.file(i)); err != nil {
							t.Errorf("client %d: %v", i, err)
							return
						}
					}
					waited.Add(int64(w.waited))
				})
			}
			group.Wait()
			took := time.Since(start)
			t.Logf("%d clients, %d cycles each: %v, %.0f cycles/s, %d times the lock was somebody else's",
				clients, c.cycles, took.Round(time.Millisecond), float64(clients*c.cycles)/took.Seconds(), waited.Load())
			for file, want := range counts {
				if got := s.Get(t, file); got != strconv.Itoa(want) {
					t.Errorf("%s counts %s, want %d", file, got, want)
				}
			}
			if left := locks(t, s, "", "1"); left != "" {
				t.Errorf("locks are left: %s", left)
			}
		})
	}
	if !s.Alive() {
		t.Error("the server did not live through it")
	}
}

// locks is what is told of locks at an address, and of its members with depth 1.
func locks(t *testing.T, s *rig.Server, path, depth string) string {
	t.Helper()
	r := s.Must(t, rig.Request{Method: "PROPFIND", Path: path, Header: map[string]string{"Depth": depth},
		Body: `<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/></D:prop></D:propfind>`}, 207)
	var all []string
	for part := range strings.SplitSeq(r.Body, "<D:activelock") {
		if lock, _, ok := strings.Cut(part, "</D:activelock>"); ok {
			all = append(all, lock)
		}
	}
	return strings.Join(all, "\n")
}
