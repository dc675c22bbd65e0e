//go:build soak

package memory

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// TestCopyMillion copies, moves and deletes a folder with a million files below it, by one
// request each. Each is answered before a client or a proxy gives up on it, which nginx
// does after 60 s; memory stays flat; small uploads go on beside; and a copy for which
// nobody waits is not there afterwards.
func TestCopyMillion(t *testing.T) {
	tenfolds := 3
	if n, err := strconv.Atoi(os.Getenv("SOAK_TENFOLDS")); err == nil {
		tenfolds = n
	}
	m := manyFiles{t, rig.Start(t, rig.Options{Args: []string{"--gc-every", "0"}}), 1000}
	src := m.make(tenfolds)
	last := strings.Repeat("/9", tenfolds) + "/f0999"
	m.cut(src, "cut")
	m.measure("COPY", src, "copy")
	if got := m.s.Get(t, "copy"+last); got != "the content of 999" {
		t.Errorf("the copy holds %q", got)
	}
	m.measure("MOVE", "copy", "moved")
	m.measure("COPY", src, "moved") // over a million others
	m.measure("DELETE", "moved", "")
	if got := m.s.Get(t, src+last); got != "the content of 999" {
		t.Errorf("the source holds %q", got)
	}
	m.s.Must(t, rig.Request{Method: "HEAD", Path: "cut"}, http.StatusNotFound)
	m.s.Stop()
	if out := m.s.Check(); !strings.Contains(out, "no problem found") {
		t.Error(out)
	}
}

type manyFiles struct {
	t     *testing.T
	s     *rig.Server
	files int
}

// make puts a thousand files into a folder and makes copies of it, ten in each folder. It
// returns the name of the outermost.
func (m *manyFiles) make(tenfolds int) string {
	m.t.Helper()
	m.s.Must(m.t, rig.Request{Method: "MKCOL", Path: "d0"}, http.StatusCreated)
	each(m.t, m.s, m.files, func(i int) (string, string, string) {
		return "PUT", fmt.Sprintf("d0/f%04d", i), fmt.Sprintf("the content of %d", i)
	})
	name := "d0"
	for n := range tenfolds {
		m.files *= 10
		out := fmt.Sprintf("d%d", n+1)
		m.s.Must(m.t, rig.Request{Method: "MKCOL", Path: out}, http.StatusCreated)
		for i := range 10 {
			m.s.Must(m.t, rig.Request{Method: "COPY", Path: name, Header: m.to(fmt.Sprintf("%s/%d", out, i))}, http.StatusCreated)
		}
		name = out
	}
	return name
}

func (m *manyFiles) to(path string) map[string]string {
	if path == "" {
		return nil
	}
	return map[string]string{"Destination": m.s.DAV + path}
}

// measure sends one request and small uploads beside it.
func (m *manyFiles) measure(method, path, to string) {
	m.t.Helper()
	time.Sleep(2 * time.Second)
	before, watch := m.s.RssAnon(), m.s.WatchMemory()
	stop, slowest := make(chan struct{}), make(chan time.Duration)
	go func() {
		worst := time.Duration(0)
		for n := 0; ; n++ {
			select {
			case <-stop:
				slowest <- worst
				return
			case <-time.After(20 * time.Millisecond):
			}
			began := time.Now()
			r, err := m.s.Do(rig.Request{Method: "PUT", Path: fmt.Sprintf("beside%d", n%50), Body: fmt.Sprint(n)})
			if err != nil || r.Status >= 300 {
				m.t.Errorf("a PUT beside %s: %+v, %v", method, r, err)
			}
			worst = max(worst, time.Since(began))
		}
	}()
	began := time.Now()
	m.s.Must(m.t, rig.Request{Method: method, Path: path, Header: m.to(to)}, 201, 204)
	took := time.Since(began)
	close(stop)
	worst, peak := <-slowest, watch()
	m.t.Logf("%s with %d files below: %v; the slowest small PUT beside it %v; memory %d MiB before, at most %d MiB", method, m.files,
		took.Round(time.Millisecond), worst.Round(time.Millisecond), before>>20, peak>>20)
	if took > 60*time.Second {
		m.t.Errorf("%s took %v, which is longer than a proxy waits", method, took)
	}
	if peak > limit {
		m.t.Errorf("%s took %d MiB", method, peak>>20)
	}
}

// cut asks for a copy and goes away.
func (m *manyFiles) cut(path, to string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 500*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "COPY", m.s.DAV+path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	req.SetBasicAuth(rig.User, rig.Password)
	req.Header.Set("Destination", m.s.DAV+to)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		m.t.Errorf("a copy of %d files was done in half a second: %s", m.files, resp.Status)
	}
}
