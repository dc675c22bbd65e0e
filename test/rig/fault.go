package rig

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// Fault is what a way between a client and a server does to requests that bring content: PUT,
// PATCH and POST with a body of more than 1000 bytes. All others pass.
type Fault struct {
	Cap    int64         // bodies of more bytes are refused with 413 …
	Silent bool          // … or by a reset before they are read, as browsers see nginx's 413
	Buffer bool          // a body is taken whole before any of it is sent on
	Cut    time.Duration // a body that takes longer to come is cut
	Reset  int64         // the connection is reset when so many bytes of a body have come
	Hole   int64         // after so many bytes of a body nothing passes any more, nor is it answered
	Deaf   bool          // the server obeys, and its answer is lost
	Bad    int           // so many requests of each ten are answered 502
	Times  int64         // of Reset, Hole and Deaf: how often; 0 is always
	Every  int64         // of these: they meet one of so many requests; 0 is each
}

// FaultProxy forwards HTTP/1.1 to one server and does to it what its Fault says.
type FaultProxy struct {
	Addr string // host:port it listens on

	fault    Fault
	to       string
	seen     atomic.Int64 // requests with content
	done     atomic.Int64 // faults that may be counted
	received atomic.Int64 // bytes of bodies
	upstream http.Transport
	closing  chan struct{} // closed at the end of the test
}

// StartFault starts a proxy to an address for the test.
func StartFault(t testing.TB, to string, f Fault) *FaultProxy {
	t.Helper()
	p := &FaultProxy{fault: f, to: to, upstream: http.Transport{DisableCompression: true}, closing: make(chan struct{})}
	server := httptest.NewUnstartedServer(p)
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}
	server.Start()
	p.Addr = server.Listener.Addr().String()
	t.Cleanup(func() {
		close(p.closing)
		server.CloseClientConnections()
		server.Close()
		p.upstream.CloseIdleConnections()
	})
	return p
}

// Received is how many bytes of bodies have come to the proxy, whatever became of them, and Met
// how many of its faults there were.
func (p *FaultProxy) Received() int64 { return p.received.Load() }
func (p *FaultProxy) Met() int64      { return p.done.Load() }

type connKey struct{}

var errFault = errors.New("the way broke")

// again reports whether a fault that may be bounded is due once more, at the nth request.
func (p *FaultProxy) again(nth int64) bool {
	if p.fault.Every > 0 && nth%p.fault.Every != 0 {
		return false
	}
	for {
		n := p.done.Load()
		if p.fault.Times > 0 && n >= p.fault.Times {
			return false
		}
		if p.done.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// reset ends the connection of r without an answer.
func reset(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*net.TCPConn); ok {
		c.SetLinger(0)
	}
	panic(http.ErrAbortHandler)
}

// page is what a proxy says itself.
func (p *FaultProxy) page(w http.ResponseWriter, status int) {
	p.done.Add(1)
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
	io.WriteString(w, "<html><h1>"+http.StatusText(status)+"</h1><hr>a proxy</html>")
}

func (p *FaultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.fault
	bringing := r.Method == http.MethodPut || r.Method == http.MethodPatch || r.Method == http.MethodPost
	content := bringing && (r.ContentLength < 0 || r.ContentLength > 1000)
	var body io.Reader = &counted{r.Body, &p.received}
	var nth int64 // of those with content
	if content {
		if nth = p.seen.Add(1); f.Bad > 0 && int(nth%10) < f.Bad {
			p.page(w, http.StatusBadGateway)
			return
		}
		if f.Cap > 0 && r.ContentLength > f.Cap {
			p.received.Add(r.ContentLength) // sent in vain, or on its way to be
			if f.Silent {
				p.done.Add(1)
				reset(r)
			}
			p.page(w, http.StatusRequestEntityTooLarge)
			return
		}
		if f.Cut > 0 {
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(f.Cut))
			body = &timely{body, w}
		}
		if f.Reset > 0 && (r.ContentLength < 0 || r.ContentLength > f.Reset) && p.again(nth) {
			body = io.MultiReader(io.LimitReader(body, f.Reset), broken{})
		}
		if f.Hole > 0 && (r.ContentLength < 0 || r.ContentLength > f.Hole) && p.again(nth) {
			body = io.MultiReader(io.LimitReader(body, f.Hole), hole{p.closing})
		}
		if f.Buffer {
			all, err := io.ReadAll(body)
			if err != nil {
				p.done.Add(1)
				reset(r)
			}
			body = bytes.NewReader(all)
		}
	}
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.RequestURI = "http", p.to, ""
	out.Body = io.NopCloser(body)
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	resp, err := p.upstream.RoundTrip(out)
	if err != nil {
		if content && f.Cut > 0 {
			p.done.Add(1)
		}
		reset(r)
	}
	defer resp.Body.Close()
	if content && f.Deaf && p.again(nth) {
		io.Copy(io.Discard, resp.Body)
		reset(r)
	}
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(resp.StatusCode)
	flushing(w, resp.Body)
}

// flushing copies what comes as it comes: a stream of events never ends.
func flushing(w http.ResponseWriter, from io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if _, werr := w.Write(buf[:n]); err != nil || werr != nil {
			return
		}
		http.NewResponseController(w).Flush()
	}
}

type counted struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// timely takes the deadline away when the body has come: the answer may take its time.
type timely struct {
	r io.Reader
	w http.ResponseWriter
}

func (t *timely) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	if err == io.EOF {
		http.NewResponseController(t.w).SetReadDeadline(time.Time{})
	}
	return n, err
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errFault }

// hole stays open when its client goes: who does not read cannot tell.
type hole struct{ end <-chan struct{} }

func (h hole) Read([]byte) (int, error) {
	<-h.end
	return 0, errFault
}
