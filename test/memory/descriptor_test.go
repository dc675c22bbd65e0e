package memory

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/test/rig"
)

// TestDescriptors breaks off 1,000 transfers: what the server had open for them is
// closed again.
func TestDescriptors(t *testing.T) {
	s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
	const size = 4 << 20
	// As many at once as there are packs to write to, so that all of these are open.
	var warm sync.WaitGroup
	for i := range 32 {
		warm.Go(func() {
			r, err := s.Do(rig.Request{Method: "PUT", Path: fmt.Sprint("warm", i), Reader: io.LimitReader(newPattern(), size), Size: size})
			if err != nil || r.Status != 201 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	warm.Wait()
	s.Get(t, "warm0")
	settled := func(n int) bool { return rig.Poll(10*time.Second, func() bool { return len(s.FDs()) <= n }) }
	sockets := func() (n int) {
		for _, target := range s.FDs() {
			if strings.HasPrefix(target, "socket:") {
				n++
			}
		}
		return n
	}
	rig.Poll(10*time.Second, func() bool { return sockets() <= 2 }) // the listener, the accounts' socket
	before := s.FDs()
	put := s.Head("PUT", "cut", fmt.Sprintf("Content-Length: %d", size)) + strings.Repeat("x", size*5/8)
	get := s.Head("GET", "warm0")
	var cuts sync.WaitGroup
	for worker := range 10 {
		cuts.Go(func() {
			for i := range 100 {
				text := get
				if i%2 == 0 {
					text = put
				}
				c, err := net.Dial("tcp", s.Addr)
				if err != nil {
					t.Error(err)
					return
				}
				c.SetDeadline(time.Now().Add(rig.Patience))
				io.WriteString(c, text)
				if text == get {
					io.ReadFull(c, make([]byte, 20<<10))
				}
				if (i/2+worker)%2 == 0 {
					c.(*net.TCPConn).SetLinger(0) // a reset instead of an end
				}
				c.Close()
			}
		})
	}
	cuts.Wait()
	if !settled(len(before)) {
		after := s.FDs()
		more := map[string]int{}
		for _, target := range after {
			more[target]++
		}
		for _, target := range before {
			if more[target]--; more[target] == 0 {
				delete(more, target)
			}
		}
		t.Errorf("%d descriptors before, %d after 1,000 broken transfers; more of %v", len(before), len(after), more)
	}
	t.Logf("%d descriptors before, %d after", len(before), len(s.FDs()))
	if r := s.Must(t, rig.Request{Path: "cut"}, 404); r.Status == 404 {
		s.Put(t, "afterwards", "writing goes on")
	}
}
