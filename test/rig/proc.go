package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

var rssAnon = regexp.MustCompile(`(?m)^RssAnon:\s+(\d+) kB$`)

// RssAnon is the server's anonymous memory now, in bytes.
func (s *Server) RssAnon() int64 {
	s.t.Helper()
	n, err := anonymous(s.PID())
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func anonymous(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	m := rssAnon.FindSubmatch(b)
	if m == nil {
		return 0, fmt.Errorf("no RssAnon in /proc/%d/status: this test needs Linux", pid)
	}
	kib, err := strconv.ParseInt(string(m[1]), 10, 64)
	return kib << 10, err
}

// WatchMemory looks at RssAnon a hundred times a second until stop, which returns the
// most that it saw.
func (s *Server) WatchMemory() (stop func() int64) {
	pid, peak := s.PID(), s.RssAnon()
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if n, err := anonymous(pid); err == nil {
					peak = max(peak, n)
				}
			}
		}
	})
	return sync.OnceValue(func() int64 {
		close(quit)
		done.Wait()
		return peak
	})
}

// FDs lists what the server has open, by what it is.
func (s *Server) FDs() map[string]string {
	s.t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", s.PID())
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	open := map[string]string{}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			open[e.Name()] = target
		}
	}
	return open
}

// Unread is the bytes that clients have sent and the server has not taken yet, those
// that the kernel holds for it.
func (s *Server) Unread() int64 {
	s.t.Helper()
	b, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		s.t.Fatal(err)
	}
	_, port, _ := strings.Cut(s.Addr, ":")
	n, _ := strconv.Atoi(port)
	local := fmt.Sprintf("0100007F:%04X", n)
	var sum int64
	for line := range strings.Lines(string(b)) {
		w := strings.Fields(line)
		if len(w) > 4 && w[1] == local {
			_, rx, _ := strings.Cut(w[4], ":")
			q, _ := strconv.ParseInt(rx, 16, 64)
			sum += q
		}
	}
	return sum
}
