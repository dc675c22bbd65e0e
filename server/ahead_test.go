package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/server/transfer"
)

// inPieces is b as a body in pieces of at most most bytes.
func inPieces(b []byte, most int) []byte {
	var out bytes.Buffer
	for len(b) > 0 {
		n := min(most, len(b))
		fmt.Fprintf(&out, "%x\r\n%s\r\n", n, b[:n])
		b = b[n:]
	}
	out.WriteString("0\r\n\r\n")
	return out.Bytes()
}

// aheadServer answers with the bytes of a body, read as the store reads one, but for
// /ignored, and returns what its connections share.
func aheadServer(t *testing.T) (string, *limited) {
	t.Helper()
	failed := aheadFailed{}
	addr, l := failed.serve(t)
	return addr, l
}

// aheadFailed is what bodies have ended with.
type aheadFailed struct{ errs chan error }

func (a *aheadFailed) serve(t *testing.T) (string, *limited) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newLimited(ln, 100, nil, &headerBudget{most: maxHeadersBytes})
	hs := &http.Server{
		ConnState: l.headers.state,
		ConnContext: func(ctx context.Context, nc net.Conn) context.Context {
			return transfer.WithGatherer(ctx, nc.(*conn))
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			silence := 10 * time.Second
			if a.errs != nil {
				silence = 400 * time.Millisecond
			}
			body := transfer.NewBody(w, r, silence)
			r.Body = body
			defer body.End()
			var got bytes.Buffer
			buf := make([]byte, 200<<10)
			for r.URL.Path != "/ignored" {
				p := buf
				if r.URL.Path == "/late" { // and without waiting first
					time.Sleep(50 * time.Millisecond)
				} else if ready, _ := body.Await(); !ready {
					p = buf[:bufferBytes+512]
				}
				n, err := body.Read(p)
				got.Write(p[:n])
				if err == io.EOF {
					break
				}
				if err != nil { // the client's, who misses the answer
					if a.errs != nil {
						a.errs <- err
					}
					return
				}
			}
			w.Write(got.Bytes())
		}),
	}
	go hs.Serve(l)
	t.Cleanup(func() { hs.Close() })
	return ln.Addr().String(), l
}

// Bodies in pieces of every kind, several requests in a row without a pause, arriving in
// any portions: each gets its own bytes, and nothing stays behind.
func TestAhead(t *testing.T) {
	addr, l := aheadServer(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, 3, 4093, 4096, 4097, 32 << 10, aheadBytes, 500 << 10} {
		for _, portion := range []int{1 << 20, 5000, 97} {
			c := dialServer(t, addr)
			var sent bytes.Buffer
			var want [][]byte
			for i := range 3 {
				body := make([]byte, min(500_000, 400*most, 600*portion)+rnd.IntN(100))
				for j := range body {
					body[j] = byte(rnd.Uint32())
				}
				want = append(want, body)
				if i == 1 { // one that says its length, between those that do not
					fmt.Fprintf(&sent, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
					continue
				}
				fmt.Fprintf(&sent, "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%s", inPieces(body, most))
			}
			go func() {
				for sent.Len() > 0 {
					c.Write(sent.Next(portion))
				}
			}()
			br := bufio.NewReader(c)
			for i, w := range want {
				resp, err := http.ReadResponse(br, nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				if err != nil || !bytes.Equal(got, w) {
					t.Fatalf("pieces of %d in portions of %d, request %d: %d bytes of %d, %v", most, portion, i, len(got), len(w), err)
				}
			}
			c.Close()
		}
	}
	if !l.aheads.willBe(0) {
		t.Error("connections keep what they have read ahead")
	}
}

// Clients that stop in a piece, between pieces or behind a body that nobody reads, and
// then go, leave the memory to others.
func TestAhead_stopped(t *testing.T) {
	addr, l := aheadServer(t)
	head := "PUT %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	body := make([]byte, 300_000)
	var open []net.Conn
	for i := range 3 * mostAheads {
		c := dialServer(t, addr)
		whole := inPieces(body, 32<<10)
		switch i % 3 {
		case 0:
			fmt.Fprintf(c, head+"%s", "/", whole[:100_000])
		case 1:
			fmt.Fprintf(c, head+"%s", "/", whole[:2*(32<<10+8)])
		case 2:
			fmt.Fprintf(c, head+"%s", "/ignored", whole[:100_000])
		}
		open = append(open, c)
	}
	if !l.aheads.willBe(0) {
		t.Error("some that wait keep what they have read ahead")
	}
	for _, c := range open {
		c.Close()
	}
	if !l.aheads.willBe(0) {
		t.Error("some that are gone keep what they have read ahead")
	}
}

// willBe waits until so many are taken.
func (a *aheads) willBe(n int) bool {
	for range 500 {
		a.mu.Lock()
		now := a.taken
		a.mu.Unlock()
		if now == n {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// Whoever sends slowly but steadily is not silent, however long his pieces are; why a
// connection broke is told.
func TestAhead_steady(t *testing.T) {
	failed := aheadFailed{make(chan error, 1)}
	addr, _ := failed.serve(t)
	c := dialServer(t, addr)
	body := bytes.Repeat([]byte("steady! "), 25_000)
	fmt.Fprintf(c, "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(body), body[:40_000])
	for at := 40_000; at < len(body); at += 8000 {
		time.Sleep(40 * time.Millisecond)
		c.Write(body[at : at+8000])
	}
	fmt.Fprintf(c, "\r\n0\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes of %d, %v", len(got), len(body), err)
	}
	for _, sent := range []string{
		"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n",
		"PUT /late HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
	} {
		c = dialServer(t, addr)
		fmt.Fprintf(c, "%s%s", sent, body[:20_000])
		if !strings.Contains(sent, "late") {
			time.Sleep(100 * time.Millisecond)
		}
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
		if err := <-failed.errs; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a connection that was reset ended with %v", err)
		}
	}
}

// There is memory for so many, and it comes back.
func TestAheads_bound(t *testing.T) {
	var a aheads
	var held []*[aheadBytes]byte
	for range mostAheads {
		held = append(held, a.take())
	}
	if held[mostAheads-1] == nil || a.take() != nil {
		t.Error("not as many as may be")
	}
	a.give(held[0])
	if a.take() == nil || a.take() != nil {
		t.Error("what came back is not there")
	}
}
