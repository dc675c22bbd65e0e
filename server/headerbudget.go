package server

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

const (
	// maxHeaderBytes bounds one request's header.
	maxHeaderBytes = 16 << 10
	// maxHeadersBytes bounds what unfinished headers hold together. net/http parses
	// lines as they come, into maps of up to 14 times their bytes.
	maxHeadersBytes = 1 << 20
)

// headerBudget bounds the memory of headers that have begun and not ended. When they
// have too many bytes together, the connection whose header began first is closed:
// an honest one takes a round trip, so what is oldest is stuck. Nobody waits.
//
// It counts what a connection reads (below TLS) from its start or the end of its last
// request until http.StateActive, which net/http reports once it has the whole header.
type headerBudget struct {
	mu    sync.Mutex
	most  int
	total int
	began list.List // of *conn, the oldest first
}

// header is what a headerBudget knows of a connection; its mutex guards it.
type header struct {
	bytes   int
	element *list.Element // in began, if bytes > 0
	past    bool          // a request runs, or the connection speaks HTTP/2, which bounds its headers itself
	h2      bool
}

func (b *headerBudget) read(c *conn, n int) {
	if n <= 0 {
		return
	}
	b.mu.Lock()
	if c.head.past {
		b.mu.Unlock()
		return
	}
	if c.head.element == nil {
		c.head.element = b.began.PushBack(c)
	}
	c.head.bytes += n
	b.total += n
	var stuck []*conn
	for b.total > b.most {
		oldest := b.began.Front().Value.(*conn)
		b.drop(oldest)
		oldest.head.past = true
		stuck = append(stuck, oldest)
	}
	b.mu.Unlock()
	for _, s := range stuck {
		s.Conn.Close() // its own goroutine sees that and closes the rest
	}
}

// end forgets what the connection's header has read so far.
func (b *headerBudget) end(c *conn, past bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(c)
	c.head.past = past || c.head.h2
}

func (b *headerBudget) drop(c *conn) {
	if c.head.element != nil {
		b.began.Remove(c.head.element)
		b.total -= c.head.bytes
	}
	c.head.element, c.head.bytes = nil, 0
}

// state is an http.Server's ConnState.
func (b *headerBudget) state(nc net.Conn, st http.ConnState) {
	h2 := false
	if t, ok := nc.(*tls.Conn); ok {
		h2 = st != http.StateNew && t.ConnectionState().NegotiatedProtocol == "h2"
		nc = t.NetConn()
	}
	c, ok := nc.(*conn)
	if !ok {
		return
	}
	if h2 {
		b.mu.Lock()
		c.head.h2 = true
		b.mu.Unlock()
	}
	switch st {
	case http.StateActive:
		b.end(c, true)
	case http.StateIdle:
		b.end(c, false)
	}
}
