package rig

import (
	"context"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Line is a long way: how fast it is, how far, and how much is on it.
type Line struct {
	Rate int64         // bytes a second in each direction, over all connections together
	Trip time.Duration // there and back
	// Holds is how many bytes are on it in each direction, at most: a sender waits until
	// some have come out at the other end.
	Holds int64
}

// LineProxy forwards TCP to one address over a Line. A connection is one trip old before it
// brings its first byte. Slow start is not part of it: what is sent now and then, with pauses of
// a trip between, keeps its window in Linux, which forgets it after a fifth of a second.
type LineProxy struct {
	Addr string // host:port it listens on

	line     Line
	to       string
	ln       net.Listener
	up, down lane
	end      context.Context
	mu       sync.Mutex
	open     map[*net.TCPConn]bool
	running  sync.WaitGroup
}

// StartLine starts a proxy for the test.
func StartLine(t testing.TB, to string, l Line) *LineProxy {
	t.Helper()
	// Else the kernel takes megabytes more than the line holds.
	small := func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, rateBurst)
		})
	}
	ln, err := (&net.ListenConfig{Control: small}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	end, cancel := context.WithCancel(context.Background())
	p := &LineProxy{Addr: ln.Addr().String(), line: l, to: to, ln: ln, end: end, open: map[*net.TCPConn]bool{}}
	for _, way := range []*lane{&p.up, &p.down} {
		way.line, way.end = l, end
		way.left = sync.NewCond(&way.mu)
	}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		cancel()
		ln.Close()
		p.mu.Lock()
		for c := range p.open {
			c.Close()
		}
		p.mu.Unlock()
		for _, way := range []*lane{&p.up, &p.down} {
			way.mu.Lock()
			way.left.Broadcast()
			way.mu.Unlock()
		}
		p.running.Wait()
	})
	return p
}

// Held is the most bytes that were on the line at once, to the server and from it.
func (p *LineProxy) Held() (up, down int64) { return p.up.peak(), p.down.peak() }

// Forwarded is how many bytes went to the server, and how many came from it.
func (p *LineProxy) Forwarded() (up, down int64) { return p.up.carried(), p.down.carried() }

func (p *LineProxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(c.(*net.TCPConn)) })
	}
}

func (p *LineProxy) serve(client *net.TCPConn) {
	defer p.hold(client)()
	if !sleep(p.end, p.line.Trip) {
		return
	}
	c, err := (&net.Dialer{Timeout: Patience}).DialContext(p.end, "tcp", p.to)
	if err != nil { // the server is down: so are we
		client.SetLinger(0)
		return
	}
	server := c.(*net.TCPConn)
	defer p.hold(server)()
	var both sync.WaitGroup
	both.Go(func() { p.up.carry(server, client) })
	both.Go(func() { p.down.carry(client, server) })
	both.Wait()
}

// hold keeps a connection among those that end with the test, until release.
func (p *LineProxy) hold(c *net.TCPConn) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
	if p.end.Err() != nil {
		c.Close()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, c)
		c.Close()
	}
}

// sleep waits, and says whether it was for so long.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// lane is one direction of a line, which all connections share.
type lane struct {
	line Line
	end  context.Context

	mu    sync.Mutex
	left  *sync.Cond // something has left it
	on    int64      // bytes on it
	most  int64      // that were on it at once
	total int64      // that have left it
	free  time.Time  // when its beginning is free again
}

func (l *lane) peak() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.most
}

func (l *lane) carried() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// enter waits for room; false: the test has ended.
func (l *lane) enter(n int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.on+n > l.line.Holds && l.end.Err() == nil {
		l.left.Wait()
	}
	l.on += n
	l.most = max(l.most, l.on)
	return l.end.Err() == nil
}

// leave makes room. Of n bytes, some were carried.
func (l *lane) leave(n, carried int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on -= n
	l.total += carried
	l.left.Broadcast()
}

// due is when the last of n bytes that begin now is at the other end.
func (l *lane) due(n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(int64(n) * int64(time.Second) / l.line.Rate))
	return l.free.Add(l.line.Trip / 2)
}

// parcel is what is on the line: bytes, or the end of them.
type parcel struct {
	b   []byte
	due time.Time
	err error
}

// carry forwards one direction until its end, or until either side is gone.
func (l *lane) carry(to, from *net.TCPConn) {
	way := make(chan parcel, l.line.Holds>>10+16)
	var out sync.WaitGroup
	out.Go(func() { l.deliver(to, from, way) })
	for {
		b := make([]byte, ratePiece)
		n, err := from.Read(b)
		if !l.enter(int64(n)) {
			break
		}
		way <- parcel{b[:n], l.due(n), err}
		if err != nil {
			break
		}
	}
	close(way)
	out.Wait()
}

// deliver hands over what has come through.
func (l *lane) deliver(to, from *net.TCPConn, way <-chan parcel) {
	broken := false
	for p := range way {
		m := 0
		if !broken && sleep(l.end, time.Until(p.due)) {
			var werr error
			m, werr = to.Write(p.b)
			if p.err == io.EOF && werr == nil {
				to.CloseWrite()
			} else if werr != nil || p.err != nil { // the other direction must not wait for what will not come
				broken = true
				to.SetLinger(0)
				to.Close()
				from.Close()
			}
		}
		l.leave(int64(len(p.b)), int64(m))
	}
}
