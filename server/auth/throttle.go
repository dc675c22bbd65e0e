package auth

import (
	"math"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// What wrong guesses cost. A pair is an account as seen from one address.
const (
	pairBurst     = 10
	pairRefill    = 30 * time.Second
	addressBurst  = 60
	addressRefill = 2 * time.Second
	siteBurst     = 240 // an IPv6 /48, which is one customer with 65,536 /64
	siteRefill    = time.Second / 2
	knownFor      = 24 * time.Hour
	maxBuckets    = 8192 // of each kind; about 100 bytes each
)

// Throttle counts wrong guesses per address and per (account, address) in token
// buckets. IPv6 counts by /64, and by /48 besides. Memory is bounded: when a table is full, the fullest
// bucket of a sample makes room, so that a spray of names does not wash out the
// bucket of the one that is being guessed at. Safe for concurrent use.
type Throttle struct {
	now func() time.Time

	mu        sync.Mutex
	pairs     table[pair]
	addresses table[netip.Prefix]
	sites     table[netip.Prefix]
	peeks     table[pair]
	known     map[pair]time.Time // when it last succeeded
}

type pair struct {
	account string
	address netip.Prefix
}

// NewThrottle makes an empty throttle; now tells the time.
func NewThrottle(now func() time.Time) *Throttle {
	return &Throttle{
		now:       now,
		pairs:     table[pair]{burst: pairBurst, refill: pairRefill, m: map[pair]*bucket{}},
		addresses: table[netip.Prefix]{burst: addressBurst, refill: addressRefill, m: map[netip.Prefix]*bucket{}},
		sites:     table[netip.Prefix]{burst: siteBurst, refill: siteRefill, m: map[netip.Prefix]*bucket{}},
		peeks:     table[pair]{burst: pairBurst, refill: pairRefill, m: map[pair]*bucket{}},
		known:     map[pair]time.Time{},
	}
}

// Wait says how long guesses at the account from the address must pause; 0: none. It
// takes nothing.
func (t *Throttle) Wait(account string, a netip.Addr) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, p := t.now(), pairOf(account, a)
	w := max(t.pairs.wait(p, now), t.addresses.wait(p.address, now))
	if s, ok := site(a); ok {
		w = max(w, t.sites.wait(s, now))
	}
	return w
}

// Take pays for one guess, before it is checked, so that guesses made at once count
// each. If it has to wait it says how long, takes nothing, and the guess must not be
// checked.
func (t *Throttle) Take(account string, a netip.Addr) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, p := t.now(), pairOf(account, a)
	if w := t.pairs.take(p, now); w > 0 {
		return w
	}
	if w := t.addresses.take(p.address, now); w > 0 {
		t.pairs.give(p)
		return w
	}
	if s, ok := site(a); ok {
		if w := t.sites.take(s, now); w > 0 {
			t.pairs.give(p)
			t.addresses.give(p.address)
			return w
		}
	}
	return 0
}

// GiveBack returns what a guess paid that was right, or was never checked.
func (t *Throttle) GiveBack(account string, a netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := pairOf(account, a)
	t.pairs.give(p)
	t.addresses.give(p.address)
	if s, ok := site(a); ok {
		t.sites.give(s)
	}
}

// Peek pays for comparing a password with a remembered one while guesses must pause,
// and reports whether that is allowed. It has a bucket of its own: without one, a
// throttled guesser would learn from 200 among 429 which password is right.
func (t *Throttle) Peek(account string, a netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.peeks.take(pairOf(account, a), t.now()) == 0
}

// PeekRight returns what Peek took: the password was right.
func (t *Throttle) PeekRight(account string, a netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peeks.give(pairOf(account, a))
}

// Succeeded notes that somebody at the address proved to own the account.
func (t *Throttle) Succeeded(account string, a netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := pairOf(account, a)
	if _, ok := t.known[p]; !ok && len(t.known) >= maxBuckets {
		for k := range t.known {
			delete(t.known, k)
			break
		}
	}
	t.known[p] = t.now()
}

// Known reports whether the account was proved at the address within the last day.
func (t *Throttle) Known(account string, a netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, ok := t.known[pairOf(account, a)]
	return ok && t.now().Sub(at) < knownFor
}

// site is the /48 of an IPv6 address.
func site(a netip.Addr) (netip.Prefix, bool) {
	if !a.Is6() {
		return netip.Prefix{}, false
	}
	p, err := a.WithZone("").Prefix(48)
	return p, err == nil
}

// Network is what counts as one client: an IPv4 address, or the /64 of an IPv6 one. An
// invalid address is the zero Prefix: all such share it.
func Network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

func pairOf(account string, a netip.Addr) pair {
	p := Network(a)
	if len(account) > 64 {
		account = account[:64] // no account has so long a name
	}
	return pair{strings.ToLower(account), p}
}

// bucket holds tokens as of a moment.
type bucket struct {
	tokens float64
	at     time.Time
}

type table[K comparable] struct {
	burst  float64
	refill time.Duration // per token
	m      map[K]*bucket
}

func (t *table[K]) level(b *bucket, now time.Time) float64 {
	return math.Min(t.burst, b.tokens+float64(now.Sub(b.at))/float64(t.refill))
}

func (t *table[K]) wait(k K, now time.Time) time.Duration {
	b := t.m[k]
	if b == nil {
		return 0
	}
	if l := t.level(b, now); l < 1 {
		return time.Duration((1 - l) * float64(t.refill))
	}
	return 0
}

func (t *table[K]) take(k K, now time.Time) time.Duration {
	if w := t.wait(k, now); w > 0 {
		return w
	}
	b := t.m[k]
	if b == nil {
		t.makeRoom(now)
		b = &bucket{tokens: t.burst, at: now}
		t.m[k] = b
	}
	b.tokens, b.at = t.level(b, now)-1, now
	return 0
}

func (t *table[K]) give(k K) {
	if b := t.m[k]; b != nil {
		b.tokens = math.Min(t.burst, b.tokens+1)
	}
}

// makeRoom drops the fullest of a few buckets, which map order picks at random.
func (t *table[K]) makeRoom(now time.Time) {
	if len(t.m) < maxBuckets {
		return
	}
	const sample = 16
	var fullest K
	most, n := -1.0, 0
	for k, b := range t.m {
		if l := t.level(b, now); l > most {
			fullest, most = k, l
		}
		if n++; n == sample {
			break
		}
	}
	delete(t.m, fullest)
}
