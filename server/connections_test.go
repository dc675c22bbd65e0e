package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/server/auth"
)

func TestMaxConnections(t *testing.T) {
	for _, c := range []struct {
		descriptors uint64
		want        int
	}{{20, 16}, {150, 37}, {1024, 384}, {20_000, 9872}, {1 << 20, 10_000}, {1<<64 - 1, 10_000}} {
		if got := maxConnections(c.descriptors); got != c.want {
			t.Errorf("%d descriptors: %d connections, want %d", c.descriptors, got, c.want)
		}
	}
}

func dialServer(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// ask sends one request on a connection that stays open.
func ask(t *testing.T, c net.Conn) {
	t.Helper()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
}

// Who comes when all places are taken waits for one; nobody is refused.
func TestServe_connections(t *testing.T) {
	s, _ := bare(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	s.MaxConnections = 3
	addr, stop := serve(t, s)
	var open []net.Conn
	for range 3 {
		c := dialServer(t, addr)
		ask(t, c)
		open = append(open, c)
	}
	fourth := dialServer(t, addr)
	io.WriteString(fourth, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	fourth.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := fourth.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Fatal("a fourth connection is served beside three")
	}
	fourth.SetReadDeadline(time.Now().Add(20 * time.Second))
	open[0].Close()
	if _, err := http.ReadResponse(bufio.NewReader(fourth), nil); err != nil {
		t.Errorf("the fourth, when there is a place: %v", err)
	}
	dialServer(t, addr) // waits in Accept when the server ends
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestLimited_perAddress(t *testing.T) {
	proxies, err := auth.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	l := newLimited(nil, mostConnections, proxies, nil)
	for _, c := range []struct {
		address string
		want    int
	}{{"192.0.2.1", 2500}, {"10.1.1.1", 4000}, {"127.0.0.1", 4000}, {"::1", 4000}, {"2001:db8::1", 2500}, {"2001:db8::2", 0}} {
		n := 0
		for n < 4000 && l.enter(netip.MustParseAddr(c.address)) {
			n++
		}
		if n != c.want {
			t.Errorf("%s: %d connections, want %d", c.address, n, c.want)
		}
	}
}

// Strangers who begin headers and never finish them take little memory, and do not
// keep others out.
func TestServe_unfinishedHeaders(t *testing.T) {
	s, _ := bare(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	addr, stop := serve(t, s)
	var lines strings.Builder
	for i := 0; lines.Len() < 15<<10; i++ {
		fmt.Fprintf(&lines, "A%d:\r\n", i)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const strangers = 400
	var wg sync.WaitGroup
	conns := make([]net.Conn, strangers)
	for i := range conns {
		conns[i] = dialServer(t, addr)
	}
	for _, c := range conns {
		wg.Go(func() { io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n"+lines.String()) })
	}
	wg.Wait()
	cut := 0
	for _, c := range conns { // those at the end are still read from, those before are closed
		c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			cut++
		} else if cut >= strangers-1<<20/(15<<10) {
			break
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20
	t.Logf("%d of %d cut, heap grew by %d MiB", cut, strangers, grown)
	if cut < strangers*3/4 || grown > 24 {
		t.Errorf("%d of %d cut, heap grew by %d MiB, want at most 24", cut, strangers, grown)
	}
	ask(t, dialServer(t, addr))
	keep := dialServer(t, addr)
	for range 100 { // bodies and finished headers do not count
		ask(t, keep)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
