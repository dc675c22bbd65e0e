package server

import (
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
// it: nobody waits with it for a client. Safe for concurrent use.
type aheads struct {
	taken atomic.Int32
	free  sync.Pool
}

func (a *aheads) take() *[aheadBytes]byte {
	if a.taken.Add(1) > mostAheads {
		a.taken.Add(-1)
		return nil
	}
	if b, ok := a.free.Get().(*[aheadBytes]byte); ok {
		return b
	}
	return new([aheadBytes]byte)
}

func (a *aheads) give(b *[aheadBytes]byte) {
	a.free.Put(b)
	a.taken.Add(-1)
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

// lies reports whether something has been read ahead.
func (h *ahead) lies() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.rest) > 0
}

// readAhead copies to p what was read ahead, or is there by now if that is wanted. It
// never waits: with nothing there it returns 0.
func (c *conn) readAhead(p []byte) int {
	h := &c.ahead
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.rest) == 0 && (!h.wanted.Load() || !c.fillAhead()) {
		return 0
	}
	n := copy(p, h.rest)
	if h.rest = h.rest[n:]; len(h.rest) == 0 {
		c.dropAhead()
	}
	return n
}

// fillAhead reads what is there. An end or an error is left to the read that follows.
// ahead.mu is held.
func (c *conn) fillAhead() bool {
	h := &c.ahead
	if h.closed {
		return false
	}
	if h.raw == nil {
		sc, ok := c.Conn.(syscall.Conn)
		if !ok {
			return false
		}
		raw, err := sc.SyscallConn()
		if err != nil {
			return false
		}
		h.raw = raw
	}
	if h.buf = c.l.aheads.take(); h.buf == nil {
		return false
	}
	h.rest = h.buf[:readPresent(h.raw, h.buf[:])]
	if len(h.rest) == 0 {
		c.dropAhead()
		return false
	}
	return true
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
