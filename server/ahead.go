package server

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

const (
	// aheadBytes is how much one system call takes of a body in pieces. net/http would
	// need two for each piece, of 32 KiB as most clients write them: its own buffer's for
	// the piece's length, and one for the rest.
	aheadBytes = 128 << 10
	// mostAheads is how many connections may have read ahead at once.
	mostAheads = 16
)

// aheads is the memory to read ahead into. A connection has some only while bytes lie in
// it, and waits for none of them while somebody reads its body; what is left behind a body
// stays until the next request is read, or the connection closed. Who finds none left reads
// as if there were no such thing. Safe for concurrent use.
type aheads struct {
	mu    sync.Mutex
	taken int
	free  []*[aheadBytes]byte
}

func (a *aheads) take() *[aheadBytes]byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taken == mostAheads {
		return nil
	}
	a.taken++
	if n := len(a.free); n > 0 {
		b := a.free[n-1]
		a.free = a.free[:n-1]
		return b
	}
	return new([aheadBytes]byte)
}

func (a *aheads) give(b *[aheadBytes]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.taken--
	a.free = append(a.free, b)
}

// ahead is what a connection has read and nobody has asked for yet.
type ahead struct {
	wanted atomic.Bool // somebody reads a body in pieces

	mu     sync.Mutex
	buf    *[aheadBytes]byte // nil: nothing
	rest   []byte            // of buf
	closed bool
	raw    syscall.RawConn
}

// Ahead implements transfer.Awaiter.
func (c *conn) Ahead(on bool) { c.ahead.wanted.Store(on) }

// Present implements transfer.Awaiter.
func (c *conn) Present() int {
	c.ahead.mu.Lock()
	defer c.ahead.mu.Unlock()
	return len(c.ahead.rest)
}

// readAhead copies to p what was read ahead, or is there by now if that is wanted. It
// never waits: with nothing there it returns 0, and the end of the connection is left to
// the read that follows.
func (c *conn) readAhead(p []byte) (int, error) {
	h := &c.ahead
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.rest) == 0 {
		if len(p) <= 1 || !h.wanted.Load() { // one byte is asked for to see who goes away
			return 0, nil
		}
		if err := c.fillAhead(); err != nil {
			return 0, err
		}
	}
	n := copy(p, h.rest)
	if h.rest = h.rest[n:]; len(h.rest) == 0 {
		c.dropAhead()
	}
	return n, nil
}

// fillAhead reads what is there, if there is memory for it. ahead.mu is held.
func (c *conn) fillAhead() error {
	h := &c.ahead
	if h.closed {
		return nil
	}
	if h.raw == nil {
		sc, ok := c.Conn.(syscall.Conn)
		if !ok {
			return nil
		}
		raw, err := sc.SyscallConn()
		if err != nil {
			return nil
		}
		h.raw = raw
	}
	if h.buf = c.l.aheads.take(); h.buf == nil {
		return nil
	}
	n, err := readPresent(h.raw, h.buf[:])
	h.rest = h.buf[:n]
	if n == 0 {
		c.dropAhead()
	}
	return c.readError(err)
}

// readError is an error of the system as net tells it.
func (c *conn) readError(err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError("read", err)}
}

// dropAhead gives the memory back, with what is in it. ahead.mu is held.
func (c *conn) dropAhead() {
	if h := &c.ahead; h.buf != nil {
		c.l.aheads.give(h.buf)
		h.buf, h.rest = nil, nil
	}
}

// closeAhead ends reading ahead for good.
func (c *conn) closeAhead() {
	c.ahead.mu.Lock()
	defer c.ahead.mu.Unlock()
	c.ahead.closed = true
	c.dropAhead()
}
