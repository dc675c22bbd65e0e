package auth

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)} }

var (
	here  = netip.MustParseAddr("192.0.2.7")
	there = netip.MustParseAddr("198.51.100.7")
)

// guess takes until it must wait, and says how often it could.
func guess(t *Throttle, account string, a netip.Addr, most int) int {
	for n := range most {
		if t.Take(account, a) > 0 {
			return n
		}
	}
	return most
}

func TestThrottle(t *testing.T) {
	c := newClock()
	th := NewThrottle(c.now)
	if got := guess(th, "alice", here, 100); got != pairBurst {
		t.Fatalf("%d guesses, want %d", got, pairBurst)
	}
	if th.Wait("Alice", here) == 0 {
		t.Error("another spelling of the name lifts the throttle")
	}
	if w := th.Wait("alice", there); w != 0 {
		t.Errorf("another address must wait %v: anybody can lock alice out", w)
	}
	if w := th.Wait("bob", here); w != 0 {
		t.Errorf("another account must wait %v", w)
	}
	c.t = c.t.Add(pairRefill)
	if got := guess(th, "alice", here, 100); got != 1 {
		t.Errorf("%d guesses after one refill, want 1", got)
	}
	if w := th.Wait("alice", here); w <= 0 || w > pairRefill {
		t.Errorf("must wait %v, want up to %v", w, pairRefill)
	}
}

func TestThrottle_address(t *testing.T) {
	c := newClock()
	th := NewThrottle(c.now)
	n := 0
	for ; n < 1000 && th.Take(fmt.Sprint("user", n), here) == 0; n++ {
	}
	if n != addressBurst {
		t.Errorf("%d names sprayed, want %d", n, addressBurst)
	}
	if w := th.Take("user0", there); w != 0 {
		t.Errorf("another address must wait %v", w)
	}
}

func TestThrottle_ipv6(t *testing.T) {
	th := NewThrottle(newClock().now)
	n := 0
	for ; n < 100; n++ {
		if th.Take("alice", netip.MustParseAddr(fmt.Sprintf("2001:db8:0:1::%x", n+1))) > 0 {
			break
		}
	}
	if n != pairBurst {
		t.Errorf("%d guesses from one /64, want %d", n, pairBurst)
	}
	if th.Take("alice", netip.MustParseAddr("2001:db8:0:2::1")) > 0 {
		t.Error("another /64 must wait")
	}
}

func TestThrottle_site(t *testing.T) {
	th := NewThrottle(newClock().now)
	n := 0
	for ; n < 1000; n++ {
		if th.Take(fmt.Sprint("user", n), netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", n))) > 0 {
			break
		}
	}
	if n != siteBurst {
		t.Errorf("%d guesses from one /48, want %d", n, siteBurst)
	}
	if th.Take("alice", netip.MustParseAddr("2001:db8:1::1")) > 0 {
		t.Error("another /48 must wait")
	}
}

// A guess that the address cannot pay costs the pair nothing.
func TestThrottle_bothOrNone(t *testing.T) {
	c := newClock()
	th := NewThrottle(c.now)
	for n := range addressBurst {
		th.Take(fmt.Sprint("user", n), here)
	}
	for range 50 {
		if th.Take("alice", here) == 0 {
			t.Fatal("the address is not throttled")
		}
	}
	c.t = c.t.Add(pairBurst * addressRefill)
	if got := guess(th, "alice", here, 100); got != pairBurst {
		t.Errorf("%d guesses after the address's wait, want %d", got, pairBurst)
	}
}

func TestThrottle_giveBack(t *testing.T) {
	th := NewThrottle(newClock().now)
	for range 10 * addressBurst {
		if th.Take("alice", here) > 0 {
			t.Fatal("a success was counted")
		}
		th.GiveBack("alice", here)
	}
}

// A spray from everywhere neither grows the tables nor washes out the bucket of the
// account that is being guessed at.
func TestThrottle_bounded(t *testing.T) {
	th := NewThrottle(newClock().now)
	guess(th, "alice", here, pairBurst)
	for i := range 5 * maxBuckets {
		th.Take(fmt.Sprint("user", i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if len(th.pairs.m) > maxBuckets || len(th.addresses.m) > maxBuckets {
		t.Errorf("%d pairs, %d addresses, want at most %d", len(th.pairs.m), len(th.addresses.m), maxBuckets)
	}
	if th.Wait("alice", here) == 0 {
		t.Error("a spray lifted the throttle")
	}
}
