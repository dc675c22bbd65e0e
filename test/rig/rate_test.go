package rig

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// mirror is a server that answers with what it gets.
func mirror(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	return ln.Addr().String()
}

// through sends b and returns what comes back.
func through(t *testing.T, addr string, b []byte) []byte {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer c.Close()
	go func() {
		c.Write(b)
		c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	return got
}

func TestRateProxy(t *testing.T) {
	const rate, size = 8 << 20, 2 << 20
	p := StartRate(t, mirror(t), rate)
	b := make([]byte, size)
	rand.Read(b)
	begin := time.Now()
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
	if least := time.Duration(2*size-rateBurst) * time.Second / rate; took < least || took > 6*least {
		t.Errorf("two times %d bytes at %d a second take %s, want a little more than %s", size, rate, took, least)
	}
	if up, down := p.Forwarded(); up != 2*size || down != 2*size {
		t.Errorf("counted %d and %d bytes, want %d", up, down, 2*size)
	}
}

func TestRateProxyBreaks(t *testing.T) {
	p := StartRate(t, mirror(t), 0)
	c, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(Patience))
	one := make([]byte, 1)
	if _, err := c.Write(one); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(one); err != nil {
		t.Fatal(err)
	}
	p.Break()
	if _, err := c.Read(one); err == nil {
		t.Error("the connection goes on")
	}
	if got := through(t, p.Addr, []byte("again")); string(got) != "again" {
		t.Errorf("after a break a new connection brings %q", got)
	}
	gone := StartRate(t, "127.0.0.1:1", 0)
	if c, err = net.Dial("tcp", gone.Addr); err == nil {
		defer c.Close()
		c.SetDeadline(time.Now().Add(Patience))
		if _, err := c.Read(one); err == nil {
			t.Error("a proxy without a server answers")
		}
	}
}
