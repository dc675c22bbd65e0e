package server

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"cairn/server/auth"
)

// What the automatic number of connections comes from, and ends at.
const (
	mostConnections    = 10_000
	fewestConnections  = 16
	storeDescriptors   = 256 // kept for packs and database, or half of what there is
	fewestAddressConns = 512
)

// maxConnections is how many connections a process with so many descriptors takes: of
// what the store does not need, one for the connection and one for the pack it reads.
func maxConnections(descriptors uint64) int {
	left := descriptors - min(storeDescriptors, descriptors/2)
	return int(max(fewestConnections, min(mostConnections, left/2)))
}

// limited is a listener that bounds how many connections are open. Above the bound in
// all it waits in Accept, and the kernel's queue with it; one address above its own is
// closed at once. The address of a proxy, or of this machine, is not one client's.
type limited struct {
	net.Listener
	proxies    auth.Proxies
	perAddress int
	headers    *headerBudget
	aheads     aheads
	slots      chan struct{}
	closed     chan struct{}
	close      sync.Once

	mu    sync.Mutex
	conns map[netip.Prefix]int
}

func newLimited(ln net.Listener, most int, proxies auth.Proxies, headers *headerBudget) *limited {
	return &limited{
		Listener: ln, proxies: proxies, headers: headers,
		perAddress: max(fewestAddressConns, most/4),
		slots:      make(chan struct{}, most),
		closed:     make(chan struct{}),
		conns:      map[netip.Prefix]int{},
	}
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		a := peer(nc)
		if l.enter(a) {
			return &conn{Conn: nc, l: l, from: a}, nil
		}
		nc.Close()
	}
}

// Close implements net.Listener; it also ends an Accept that waits for a place.
func (l *limited) Close() error {
	l.close.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// enter counts a connection, unless its address has as many as it may have. IPv6
// counts by /64, as guesses do.
func (l *limited) enter(a netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := auth.Network(a)
	if l.conns[k] >= l.perAddress && a.IsValid() && !a.IsLoopback() && !l.proxies.Trusts(a) {
		return false
	}
	l.conns[k]++
	return true
}

func (l *limited) leave(a netip.Addr) {
	l.mu.Lock()
	k := auth.Network(a)
	if l.conns[k]--; l.conns[k] <= 0 {
		delete(l.conns, k)
	}
	l.mu.Unlock()
	<-l.slots
}

func peer(nc net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(nc.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// conn gives its place back when it is closed, and counts what it reads of a header.
type conn struct {
	net.Conn
	l    *limited
	from netip.Addr
	once sync.Once
	head header

	direct bool  // the last read went past the buffer of net/http, which was empty then
	broken error // what Await met
	ahead  ahead

	held  *[]byte // what Gather holds back; nil: it does not
	lines []byte  // to come behind the first line that is written
	two   [2][]byte

	dueMu sync.Mutex
	due   time.Time // the write deadline that the system has
	past  bool      // nobody wants it any more
}

// bufferBytes is the size of the buffer that net/http reads connections through. What
// asks for more gets what is in it, or, once it is empty, reads the connection itself.
const bufferBytes = 4096

func (c *conn) Read(p []byte) (int, error) {
	c.direct = len(p) > bufferBytes
	if err := c.broken; err != nil {
		return 0, err
	}
	n, err := c.readAhead(p)
	if n == 0 && err == nil {
		n, err = c.Conn.Read(p)
	}
	c.l.headers.read(c, n)
	return n, err
}

// Await implements transfer.Awaiter.
func (c *conn) Await() bool {
	if !c.direct {
		return false
	}
	if c.Present() > 0 {
		return true
	}
	sc, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	ok, err := awaitBytes(sc)
	c.broken = c.readError(err)
	return ok
}

// gatherBytes is a header and the largest body that is copied to it.
const gatherBytes = 20 << 10

var gathered = sync.Pool{New: func() any { b := make([]byte, 0, gatherBytes); return &b }}

// Gather is part of transfer.Gatherer. Whoever answers a request calls it.
func (c *conn) Gather(lines []byte) {
	if c.held == nil {
		c.held, c.lines = gathered.Get().(*[]byte), lines
	}
}

// Release is part of transfer.Gatherer.
func (c *conn) Release() error { return c.release(nil) }

// release writes what is held back, and p behind it in the same system call.
func (c *conn) release(p []byte) error {
	b := c.held
	if b == nil {
		return nil
	}
	c.held, c.lines = nil, nil
	defer func() {
		*b = (*b)[:0]
		gathered.Put(b)
	}()
	c.undue()
	switch {
	case len(p) > 0:
		c.two = [2][]byte{*b, p}
		bufs := net.Buffers(c.two[:])
		_, err := bufs.WriteTo(c.Conn)
		c.two = [2][]byte{}
		return err
	case len(*b) > 0:
		_, err := c.Conn.Write(*b)
		return err
	}
	return nil
}

func (c *conn) Write(p []byte) (int, error) {
	if c.held == nil {
		c.undue()
		return c.Conn.Write(p)
	}
	rest := p
	if c.lines != nil {
		if i := bytes.Index(p, crlf); i >= 0 {
			*c.held = append(append(*c.held, p[:i+2]...), c.lines...)
			rest, c.lines = p[i+2:], nil
		}
	}
	if len(*c.held)+len(rest) <= gatherBytes {
		*c.held = append(*c.held, rest...)
		return len(p), nil
	}
	if err := c.release(rest); err != nil {
		return 0, err
	}
	return len(p), nil
}

var crlf = []byte("\r\n")

// SetWriteDeadline leaves the system alone where that makes no difference: every answer
// sets a deadline of minutes and takes it away again, and each costs as much as a look-up
// does. One that is wanted no more is taken away when something is written without; one
// that is less than a second later than the last, and a minute away, is that.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.dueMu.Lock()
	defer c.dueMu.Unlock()
	if !c.due.IsZero() {
		if c.past = t.IsZero(); c.past {
			return nil
		}
		if d := t.Sub(c.due); d >= 0 && d < time.Second && time.Until(t) > time.Minute {
			return nil
		}
	}
	c.due = t
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	c.dueMu.Lock()
	defer c.dueMu.Unlock()
	c.due, c.past = t, false
	return c.Conn.SetDeadline(t)
}

// undue comes before everything that is written.
func (c *conn) undue() {
	c.dueMu.Lock()
	defer c.dueMu.Unlock()
	if c.past {
		c.due, c.past = time.Time{}, false
		c.Conn.SetWriteDeadline(time.Time{})
	}
}

// ReadFrom keeps sendfile, and has what is held back leave with its first bytes.
func (c *conn) ReadFrom(src io.Reader) (int64, error) {
	if c.held != nil && len(*c.held) > 0 {
		c.undue()
		if sc, ok := c.Conn.(syscall.Conn); ok {
			n, err := writeMore(sc, *c.held)
			*c.held = append((*c.held)[:0], (*c.held)[n:]...)
			if err != nil {
				return 0, err
			}
		}
	}
	if err := c.Release(); err != nil {
		return 0, err
	}
	c.undue()
	if rf, ok := c.Conn.(io.ReaderFrom); ok {
		return rf.ReadFrom(src)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, src)
}

// CloseWrite is what net/http does before it hangs up on somebody who still sends.
func (c *conn) CloseWrite() error {
	if cw, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return cw.CloseWrite()
	}
	return nil
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.closeAhead()
		c.l.headers.end(c, true)
		c.l.leave(c.from)
	})
	return err
}
