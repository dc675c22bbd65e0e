package rig

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Each fault does what it says, to requests with content alone.
func TestFaultProxy(t *testing.T) {
	var got atomic.Int64 // bytes that came whole to the server in one request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			got.Store(int64(len(b)))
		}
		io.WriteString(w, "obeyed")
	}))
	t.Cleanup(server.Close)
	put := func(p *FaultProxy, body io.Reader) int {
		got.Store(-1)
		req, _ := http.NewRequest("PUT", "http://"+p.Addr+"/", body)
		client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Do(req)
		if err != nil {
			return 0
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	bytesOf := func(n int) io.Reader { return bytes.NewReader(make([]byte, n)) }
	for _, c := range []struct {
		name   string
		fault  Fault
		first  int // the answer to 100,000 bytes; 0: none
		second int
		came   bool // the first came whole
	}{
		{"none", Fault{}, 200, 200, true},
		{"cap", Fault{Cap: 50_000}, 413, 413, false},
		{"cap in silence", Fault{Cap: 50_000, Silent: true}, 0, 0, false},
		{"buffer", Fault{Buffer: true}, 200, 200, true},
		{"reset", Fault{Reset: 50_000, Times: 1}, 0, 200, false},
		{"hole", Fault{Hole: 50_000, Times: 1}, 0, 200, false},
		{"deaf", Fault{Deaf: true, Times: 1}, 0, 200, true},
		{"every second", Fault{Reset: 50_000, Every: 2}, 200, 0, true},
		{"bad", Fault{Bad: 2}, 502, 200, false},
	} {
		p := StartFault(t, strings.TrimPrefix(server.URL, "http://"), c.fault)
		first := put(p, bytesOf(100_000))
		if came := got.Load() == 100_000; first != c.first || came != c.came {
			t.Errorf("%s: %d, came whole: %v", c.name, first, came)
		}
		if second := put(p, bytesOf(100_000)); second != c.second {
			t.Errorf("%s, again: %d", c.name, second)
		}
		if small := put(p, bytesOf(10)); small != 200 {
			t.Errorf("%s, small: %d", c.name, small)
		}
	}
	for _, buffer := range []bool{false, true} {
		p := StartFault(t, strings.TrimPrefix(server.URL, "http://"), Fault{Cut: time.Second, Buffer: buffer})
		slow := io.MultiReader(bytesOf(100_000), slowly(1500*time.Millisecond), bytesOf(1))
		if code := put(p, slow); code == 200 || got.Load() >= 0 {
			t.Errorf("cut: %d, %d bytes", code, got.Load())
		}
		if code := put(p, bytesOf(100_000)); code != 200 {
			t.Errorf("cut, but quick: %d", code)
		}
	}
}

// slowly reads nothing for a while.
type slowly time.Duration

func (s slowly) Read([]byte) (int, error) {
	time.Sleep(time.Duration(s))
	return 0, io.EOF
}
