package memory

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/test/rig"
)

// drip gives a few KiB at a time, each after a moment: a slow client.
type drip struct {
	io.Reader
	tick <-chan time.Time
}

func (d drip) Read(b []byte) (int, error) {
	<-d.tick
	return d.Reader.Read(b[:min(len(b), 16<<10)])
}

// TestSlow has 100 slow uploads beside 50 readers that have stopped reading.
func TestSlow(t *testing.T) {
	s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
	const large, small = 256 << 20, 1<<20 + 300<<10
	s.Must(t, rig.Request{Method: "PUT", Path: "large", Reader: io.LimitReader(newPattern(), large), Size: large}, 201)
	peak := s.WatchMemory()
	for range 50 {
		c := s.Raw(t, s.Head("GET", "large"))
		defer c.Close()
		if _, err := io.ReadFull(c, make([]byte, 100<<10)); err != nil {
			t.Fatal(err)
		}
	}
	var uploads sync.WaitGroup
	for i := range 100 {
		uploads.Go(func() {
			tick := time.NewTicker(30 * time.Millisecond)
			defer tick.Stop()
			size := int64(small)
			if i%2 == 0 {
				size = -1
			}
			r, err := s.Do(rig.Request{Method: "PUT", Path: fmt.Sprint("slow", i), Reader: drip{io.LimitReader(newPattern(), small), tick.C}, Size: size})
			if err != nil || r.Status != 201 {
				t.Errorf("upload %d: %+v, %v", i, r, err)
			}
		})
	}
	uploads.Wait()
	within(t, "100 slow uploads, 50 stalled readers", peak())
	for i := range 100 {
		body := s.Get(t, fmt.Sprint("slow", i))
		if n, err := io.Copy(newPattern(), strings.NewReader(body)); err != nil || n != small {
			t.Fatalf("upload %d holds %d bytes of %d: %v", i, len(body), small, err)
		}
	}
}

// TestStalled has 1,000 uploads that stop in the middle of their bodies, with more in
// hand than the memory holds. One beside them goes on as if they were not there.
func TestStalled(t *testing.T) {
	s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
	s.Put(t, "warm-up", "so that the password is known")
	peak := s.WatchMemory()
	// Every other says its length, every other stops in the middle of a piece.
	head := s.Head("PUT", "stalled", "Content-Length: 1048576")
	pieces := s.Head("PUT", "pieces", "Transfer-Encoding: chunked") + "100000\r\n"
	part := strings.Repeat("stalled ", 25<<10)
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	var sent atomic.Int64
	var conns []net.Conn
	var last [2]net.Conn // of each kind
	var mu sync.Mutex
	var dialling sync.WaitGroup
	for range 50 {
		dialling.Go(func() {
			for i := range 20 {
				c, err := rig.Dial(ctx, s.Addr, []string{head, pieces}[i%2]+part)
				if err != nil {
					t.Error(err)
					return
				}
				sent.Add(1)
				mu.Lock()
				last[i%2] = c
				conns = append(conns, c)
				mu.Unlock()
			}
		})
	}
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	dialling.Wait()
	if n := sent.Load(); n != 1000 {
		t.Fatalf("only %d uploads have begun", n)
	}
	// Until the server has taken what it will take.
	least, since := s.Unread(), time.Now()
	rig.Poll(rig.Patience, func() bool {
		if n := s.Unread(); n < least {
			least, since = n, time.Now()
		}
		return time.Since(since) > time.Second
	})
	t.Logf("of %d MiB sent the server has taken all but %d", 1000*len(part)>>20, least>>20)
	const size = 64 << 20
	begin := time.Now()
	c := s.Raw(t, s.Head("PUT", "beside", fmt.Sprintf("Content-Length: %d", size)))
	defer c.Close()
	c.SetDeadline(time.Now().Add(rig.Patience))
	if _, err := io.CopyN(c, newPattern(), size); err != nil {
		t.Fatalf("a PUT beside stalled ones: %v", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 201 {
		t.Fatalf("a PUT beside stalled ones: %v, %v", resp, err)
	}
	t.Logf("a PUT of %d MiB beside them took %.2f s", size>>20, time.Since(begin).Seconds())
	within(t, "1,000 stalled uploads", peak())
	if n, err := io.Copy(newPattern(), strings.NewReader(s.Get(t, "beside"))); err != nil || n != size {
		t.Errorf("it holds %d bytes: %v", n, err)
	}
	// One of each kind goes on, and its bytes are whole, wherever they were kept.
	for i, end := range []string{"", "\r\n0\r\n\r\n"} {
		if _, err := io.WriteString(last[i], strings.Repeat("stalled ", 1<<17)[len(part):]+end); err != nil {
			t.Fatal(err)
		}
		if resp, err := http.ReadResponse(bufio.NewReader(last[i]), nil); err != nil || resp.StatusCode != 201 {
			t.Fatalf("the one that goes on: %v, %v", resp, err)
		}
		if s.Get(t, []string{"stalled", "pieces"}[i]) != strings.Repeat("stalled ", 1<<17) {
			t.Error("the one that went on holds other bytes than it sent")
		}
	}
}
