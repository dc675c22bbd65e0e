package server

import (
	"bytes"
	"net"
	"strings"
	"testing"
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
