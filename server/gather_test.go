package server

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"
)

// counted counts the writes that reach the system.
type counted struct {
	net.Conn
	bytes.Buffer
	writes int
}

func (c *counted) Read(p []byte) (int, error) { return c.Buffer.Read(p) }

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(p)
}

// What is gathered leaves in one write, in order; too much leaves as it comes.
func TestGather(t *testing.T) {
	for _, c := range []struct {
		pieces []int
		writes int
	}{
		{[]int{400, 4096}, 1},
		{[]int{4096, 12288, 4096}, 1},
		{[]int{4096, gatherBytes, 100}, 3}, // the first that does not fit ends the gathering
		{nil, 0},
	} {
		below := &counted{}
		k := &conn{Conn: below}
		var want strings.Builder
		k.Gather(nil)
		for i, n := range c.pieces {
			piece := strings.Repeat(string(rune('a'+i)), n)
			want.WriteString(piece)
			if m, err := k.Write([]byte(piece)); m != n || err != nil {
				t.Fatal(m, err)
			}
		}
		if err := k.Release(); err != nil {
			t.Fatal(err)
		}
		if below.String() != want.String() || below.writes != c.writes {
			t.Errorf("%v: %d writes, %d bytes, want %d and %d", c.pieces, below.writes, below.Len(), c.writes, want.Len())
		}
		k.Write([]byte("x"))
		if below.writes != c.writes+1 {
			t.Error("it goes on gathering")
		}
	}
}

// Lines come behind the status line, whatever the pieces are; what is too much follows.
func TestGather_lines(t *testing.T) {
	for _, body := range []int{10, gatherBytes + 1} {
		below := &counted{}
		k := &conn{Conn: below}
		k.Gather([]byte("A: 1\r\nB: 2\r\n"))
		rest := "C: 3\r\n\r\n" + strings.Repeat("x", body)
		k.Write([]byte("HTTP/1.1 200 OK\r\n" + rest[:12]))
		k.Write([]byte(rest[12:]))
		k.Release()
		if want := "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n" + rest; below.String() != want {
			t.Errorf("body of %d: %d bytes, want %d", body, below.Len(), len(want))
		}
	}
}

// A deadline that is wanted no more does not end a later write; see SetWriteDeadline.
func TestWriteDeadline(t *testing.T) {
	below := &dueConn{}
	k := &conn{Conn: below}
	later := func(d time.Duration) { k.SetWriteDeadline(time.Now().Add(d)) }
	later(2 * time.Minute)
	k.SetWriteDeadline(time.Time{})
	later(2 * time.Minute) // the next answer
	k.Write([]byte("x"))
	if below.calls != 1 {
		t.Errorf("%d calls for two answers, want 1", below.calls)
	}
	k.SetWriteDeadline(time.Time{})
	k.Write([]byte("x"))
	if !below.due.IsZero() {
		t.Error("it is still set")
	}
	for _, d := range []time.Duration{time.Second, 1100 * time.Millisecond, time.Minute} {
		if later(d); time.Until(below.due) < d-50*time.Millisecond {
			t.Errorf("%v: %v", d, time.Until(below.due))
		}
	}
}

type dueConn struct {
	counted
	due   time.Time
	calls int
}

func (c *dueConn) SetWriteDeadline(t time.Time) error {
	c.due = t
	c.calls++
	return nil
}
