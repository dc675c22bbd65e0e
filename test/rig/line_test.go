package rig

import (
	"bytes"
	"crypto/rand"
	"sync"
	"testing"
	"time"
)

func TestLineProxy(t *testing.T) {
	line := Line{Rate: 8 << 20, Trip: 100 * time.Millisecond, Holds: 800 << 10}
	p := StartLine(t, mirror(t), line)
	begin := time.Now()
	if got := through(t, p.Addr, []byte("ping")); string(got) != "ping" {
		t.Errorf("%q comes back", got)
	}
	if took := time.Since(begin); took < 2*line.Trip || took > 20*line.Trip { // one for the connection
		t.Errorf("there and back takes %s", took)
	}
	const size = 2 << 20
	b := make([]byte, size)
	rand.Read(b)
	begin = time.Now()
	var two sync.WaitGroup
	for range 2 {
		two.Go(func() {
			if !bytes.Equal(through(t, p.Addr, b), b) {
				t.Error("other bytes come back")
			}
		})
	}
	two.Wait()
	took := time.Since(begin)
	if least := time.Duration(2*size) * time.Second / time.Duration(line.Rate); took < least || took > 6*least {
		t.Errorf("two times %d bytes at %d a second take %s, want a little more than %s", size, line.Rate, took, least)
	}
	if up, down := p.Forwarded(); up != 2*size+4 || down != 2*size+4 {
		t.Errorf("counted %d and %d bytes, want %d", up, down, 2*size+4)
	}
	if up, down := p.Held(); up > line.Holds || down > line.Holds || up < line.Holds/2 {
		t.Errorf("%d and %d bytes were on a line that holds %d", up, down, line.Holds)
	}
}
