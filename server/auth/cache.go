package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// How long, and how many, password results are remembered.
const (
	cacheTTL = 5 * time.Minute
	maxCache = 4096 // right and wrong ones each; about 100 bytes each
)

// mark stands for (account epoch, account, password) without telling any of them:
// a SHA-256 over a random key that only this process knows, and them. Marks never leave
// the process, so that nobody has one to lengthen, and HMAC would add nothing but its
// time, which every request pays. A password change raises the epoch and so ends every
// mark of the account at once.
type mark [sha256.Size]byte

// cache remembers which passwords were right and which were wrong, and lets
// identical questions that come at once share one answer. Safe for concurrent use.
type cache struct {
	key [32]byte
	now func() time.Time

	mu      sync.Mutex
	right   map[mark]time.Time // until when
	wrong   map[mark]time.Time
	pending map[mark]chan struct{}
}

func newCache(now func() time.Time) *cache {
	c := &cache{now: now, right: map[mark]time.Time{}, wrong: map[mark]time.Time{}, pending: map[mark]chan struct{}{}}
	rand.Read(c.key[:])
	return c
}

func (c *cache) mark(epoch int64, name, password string) mark {
	var text [256]byte // on the stack, for all but the longest passwords
	b := append(text[:0], c.key[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(epoch))
	b = binary.BigEndian.AppendUint64(b, uint64(len(name)))
	b = append(b, name...)
	b = append(b, password...)
	return sha256.Sum256(b)
}

// look answers from memory; the caller holds mu.
func (c *cache) look(m mark) (right, known bool) {
	now := c.now()
	if t, ok := c.right[m]; ok && now.Before(t) {
		return true, true
	}
	t, ok := c.wrong[m]
	return false, ok && now.Before(t)
}

// isRight reports whether m is remembered as right.
func (c *cache) isRight(m mark) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	right, known := c.look(m)
	return known && right
}

// begin makes the caller the one who finds the answer to m (leader), who must call
// end; or gives the answer if it is known; or a channel that closes when the leader
// is done, after which to ask again.
func (c *cache) begin(m mark) (right, known, leader bool, wait <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if right, known = c.look(m); known {
		return right, true, false, nil
	}
	if ch, ok := c.pending[m]; ok {
		return false, false, false, ch
	}
	c.pending[m] = make(chan struct{})
	return false, false, true, nil
}

// end wakes those who wait for m, and remembers the answer if one was found.
func (c *cache) end(m mark, right, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known && right {
		c.put(c.right, m)
	} else if known {
		c.put(c.wrong, m)
	}
	close(c.pending[m])
	delete(c.pending, m)
}

// put keeps a table bounded: what expired goes first, then anything.
func (c *cache) put(t map[mark]time.Time, m mark) {
	now := c.now()
	if len(t) >= maxCache {
		for k, until := range t {
			if !now.Before(until) {
				delete(t, k)
			}
		}
	}
	if len(t) >= maxCache {
		for k := range t {
			delete(t, k)
			break
		}
	}
	t[m] = now.Add(cacheTTL)
}
