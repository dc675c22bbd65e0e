//go:build bench

package bench

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cairn/test/rig"
)

const (
	stoppedClients = 1000
	stoppedSize    = 4 << 20 // what each announces
	stoppedAt      = 3 << 19 // where it stops
)

// stopped measures, on a server of its own, a PUT alone and a PUT beside 1,000 that have
// stopped in mid-body, in turns, as the phases put-large-beside and stall-beside. The second
// begins when the server has taken all that they sent: until then they have not stopped, and
// what is left of it in the sockets takes the time of both.
func (b *davbench) stopped(s *rig.Server, rounds int) {
	t := b.t
	defer at(s).end()
	c := newClient(s)
	defer c.close()
	put := func(phase string, number uint64) {
		begin, cpu := time.Now(), cpuSeconds(t, s.PID())
		resp, err := c.send("PUT", fmt.Sprintf("file-%d", number), newContent(number, *peersSize, *peersSize), *peersSize)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusCreated {
				err = errors.New(resp.Status)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", phase, err)
			return
		}
		x := result{Phase: phase, OK: true, WallS: time.Since(begin).Seconds()}
		x.MBps = float64(*peersSize) / 1e6 / x.WallS
		x.CPUPerGB = (cpuSeconds(t, s.PID()) - cpu) / (float64(*peersSize) / (1 << 30))
		note("%s: %.0f MB/s, CPU %.2f s/GiB", phase, x.MBps, x.CPUPerGB)
		if b.r.by["Cairn"] == nil {
			b.r.by["Cairn"] = map[string][]result{}
		}
		b.r.by["Cairn"][phase] = append(b.r.by["Cairn"][phase], x)
	}
	for round := range uint64(rounds + 1) {
		alone, beside := "put-large-beside", "stall-beside"
		if round == 0 { // the first of all is dropped, as davbench does
			alone, beside = "first-beside", "first-beside"
		}
		warm(t, s.Dir, *peersSize)
		put(alone, 2*round)
		warm(t, s.Dir, *peersSize+stoppedClients*stoppedAt)
		end := stop(t, c, round)
		settle(t, s)
		put(beside, 2*round+1)
		end()
		settle(t, s)
	}
}

// warm writes and removes a file of so many bytes and half as many more, so that who writes
// next gets memory that this machine has, and has not given back to its host: to touch other
// memory takes a virtual machine seconds a GiB.
func warm(t *testing.T, dir string, bytes int64) {
	t.Helper()
	path := filepath.Join(dir, "warm")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	defer f.Close()
	block := random(1, mib)
	for at := int64(0); at < bytes+bytes/2; at += mib {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

// stop begins 1,000 PUTs that go no further, and returns when all have sent so much; end
// breaks them off.
func stop(t *testing.T, c *client, round uint64) (end func()) {
	t.Helper()
	gone := make(chan struct{})
	var sent, over sync.WaitGroup
	for i := range uint64(stoppedClients) {
		sent.Add(1)
		r, w := io.Pipe()
		over.Go(func() {
			for k := range uint64(stoppedAt / (64 << 10)) {
				if _, err := w.Write(random((round*stoppedClients+i)*1000+k, 64<<10)); err != nil {
					t.Errorf("one that was to stop: %v", err)
					break
				}
			}
			sent.Done()
			<-gone
			w.CloseWithError(errors.New("gone"))
		})
		over.Go(func() {
			if resp, err := c.send("PUT", fmt.Sprintf("stopped-%d", i), r, stoppedSize); err == nil {
				resp.Body.Close()
				t.Errorf("one that stopped was answered %s", resp.Status)
			}
		})
	}
	sent.Wait()
	return func() {
		close(gone)
		over.Wait()
	}
}

// settle waits until the server has had nothing to do for a second.
func settle(t *testing.T, s *rig.Server) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		before := cpuSeconds(t, s.PID())
		time.Sleep(time.Second)
		if cpuSeconds(t, s.PID())-before < 0.05 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the server has work to do for a minute, without an end")
		}
	}
}
