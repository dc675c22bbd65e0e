package rig

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// RateProxy forwards TCP to one address as slowly as a network would: at most so many
// bytes a second in each direction, over all connections together. It counts what it
// forwards, and can break like a network.
type RateProxy struct {
	Addr string // host:port it listens on

	to       string
	ln       net.Listener
	up, down bucket
	mu       sync.Mutex
	open     map[*net.TCPConn]bool
	closed   bool
	running  sync.WaitGroup
}

// StartRate starts a proxy for the test. A rate of 0 is none.
func StartRate(t testing.TB, to string, bytesPerSecond int64) *RateProxy {
	t.Helper()
	// Else the kernel takes megabytes at once, and a sender that stops has sent them.
	small := func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, rateBurst)
		})
	}
	ln, err := (&net.ListenConfig{Control: small}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &RateProxy{Addr: ln.Addr().String(), to: to, ln: ln, open: map[*net.TCPConn]bool{}}
	p.SetRate(bytesPerSecond)
	p.running.Go(p.accept)
	t.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.SetRate(0)
		ln.Close()
		p.Break()
		p.running.Wait()
	})
	return p
}

// SetRate is the rate from now on.
func (p *RateProxy) SetRate(bytesPerSecond int64) {
	p.up.rate.Store(bytesPerSecond)
	p.down.rate.Store(bytesPerSecond)
}

// Forwarded is how many bytes went to the server, and how many came from it.
func (p *RateProxy) Forwarded() (up, down int64) {
	return p.up.passed.Load(), p.down.passed.Load()
}

// Break resets all connections at once. New ones are taken.
func (p *RateProxy) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.SetLinger(0)
		c.Close()
	}
}

func (p *RateProxy) accept() {
	for {
		client, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client.(*net.TCPConn)) })
	}
}

func (p *RateProxy) serve(client *net.TCPConn) {
	defer p.hold(client)()
	c, err := net.DialTimeout("tcp", p.to, Patience)
	if err != nil { // the server is down: so are we
		client.SetLinger(0)
		return
	}
	server := c.(*net.TCPConn)
	defer p.hold(server)()
	var both sync.WaitGroup
	both.Go(func() { p.up.copy(server, client) })
	both.Go(func() { p.down.copy(client, server) })
	both.Wait()
}

// hold keeps a connection among those that Break ends, until release.
func (p *RateProxy) hold(c *net.TCPConn) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
	if p.closed {
		c.Close()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, c)
		c.Close()
	}
}

// rateBurst is what may pass at once after a pause, and ratePiece what passes as one.
const (
	rateBurst = 64 << 10
	ratePiece = 16 << 10
)

// bucket lets bytes through at a rate: a token bucket that holds rateBurst.
type bucket struct {
	rate, passed atomic.Int64
	mu           sync.Mutex
	full         time.Time // when it will hold rateBurst again
}

// take waits until n bytes may pass.
func (b *bucket) take(n int) {
	rate := b.rate.Load()
	if rate <= 0 {
		return
	}
	cost := func(n int) time.Duration { return time.Duration(int64(n) * int64(time.Second) / rate) }
	b.mu.Lock()
	now := time.Now()
	if b.full.Before(now) {
		b.full = now
	}
	b.full = b.full.Add(cost(n))
	wait := b.full.Sub(now) - cost(rateBurst)
	b.mu.Unlock()
	time.Sleep(wait)
}

// copy forwards one direction until its end, or until either side is gone.
func (b *bucket) copy(to, from *net.TCPConn) {
	buf := make([]byte, ratePiece)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			b.take(n)
			m, werr := to.Write(buf[:n])
			b.passed.Add(int64(m))
			if werr != nil {
				err = werr
			}
		}
		switch err {
		case nil:
			continue
		case io.EOF:
			to.CloseWrite()
		default: // the other direction must not wait for what will not come
			to.SetLinger(0)
			to.Close()
			from.Close()
		}
		return
	}
}
