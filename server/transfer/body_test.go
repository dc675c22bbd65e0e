package transfer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// serve runs h and dials it.
func serve(t *testing.T, h http.HandlerFunc) net.Conn {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { c.Close() })
	return c
}

func TestBody(t *testing.T) {
	for name, c := range map[string]struct {
		timeout time.Duration
		until   time.Duration
		send    string // after a head that promises 8 bytes
		hangUp  bool
		want    error // nil: the whole body
	}{
		"whole":         {timeout: time.Minute, send: "12345678"},
		"silent":        {timeout: 50 * time.Millisecond, send: "1234", want: os.ErrDeadlineExceeded},
		"slow as whole": {timeout: time.Minute, until: 50 * time.Millisecond, send: "1234", want: os.ErrDeadlineExceeded},
		"gone":          {timeout: time.Minute, send: "1234", hangUp: true, want: io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan error, 1)
			conn := serve(t, func(w http.ResponseWriter, r *http.Request) {
				b := NewBody(w, r, c.timeout)
				if c.until > 0 {
					b.Until(time.Now().Add(c.until))
				}
				text, err := io.ReadAll(b)
				if string(text) != c.send {
					t.Errorf("read %q", text)
				}
				if n, again := b.Read(make([]byte, 1)); n != 0 || !errors.Is(again, b.Err()) {
					t.Errorf("read after the end: %d, %v", n, again)
				}
				cause := b.Cause(fmt.Errorf("put: %w", store.ErrRead))
				if silent := errors.Is(c.want, os.ErrDeadlineExceeded); errors.Is(cause, os.ErrDeadlineExceeded) != silent {
					t.Errorf("cause %v", cause)
				}
				got <- err
			})
			fmt.Fprintf(conn, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n%s", c.send)
			if c.hangUp {
				conn.(*net.TCPConn).CloseWrite()
			}
			if err := <-got; !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// A deadline that outlived the body would look to net/http as if the client had left.
func TestBody_deadlineEnds(t *testing.T) {
	left := make(chan bool, 1)
	conn := serve(t, func(w http.ResponseWriter, r *http.Request) {
		const timeout = 50 * time.Millisecond
		io.Copy(io.Discard, NewBody(w, r, timeout))
		select {
		case <-r.Context().Done():
			left <- true
		case <-time.After(4 * timeout):
			left <- false
		}
	})
	io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
	if <-left {
		t.Error("the deadline of the body ended the request")
	}
}

// Who is refused while sending reads why; what the body's reader has left is read from
// below it, closed or not.
func TestRefuse(t *testing.T) {
	const size = 32 << 20
	turns := make(chan struct{}, 1)
	for name, read := range map[string]func(*Body){
		"unread": func(*Body) {},
		"begun":  func(b *Body) { io.CopyN(io.Discard, b, 1<<10) },
		"closed": func(b *Body) { b.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			conn := serve(t, func(w http.ResponseWriter, r *http.Request) {
				b := NewBody(w, r, time.Minute)
				read(b)
				r = r.Clone(r.Context())
				r.Body = b
				Refuse(w, r, turns, func() { http.Error(w, "no", http.StatusForbidden) })
			})
			fmt.Fprintf(conn, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
			chunk := strings.Repeat("x", 1<<20)
			for range size / len(chunk) {
				if _, err := io.WriteString(conn, chunk); err != nil {
					t.Fatalf("cut off: %v", err)
				}
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != http.StatusForbidden || !res.Close {
				t.Errorf("got %v, %v", res, err)
			}
		})
	}
	if len(turns) != 0 {
		t.Error("a turn was kept")
	}
}

// Without a turn the answer comes, and no byte is read.
func TestRefuse_noTurn(t *testing.T) {
	body := strings.NewReader("rest")
	r := httptest.NewRequest("PUT", "/", io.NopCloser(body))
	r.ContentLength = 4
	w := httptest.NewRecorder()
	Refuse(w, r, make(chan struct{}), func() { w.WriteHeader(http.StatusForbidden) })
	if w.Code != http.StatusForbidden || body.Len() != 4 {
		t.Errorf("%d, %d bytes left", w.Code, body.Len())
	}
}
