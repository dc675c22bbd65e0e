package auth

import (
	"context"
	"net/netip"
	"slices"
	"sync"
)

// How many passwords are hashed at once (19 MiB each), and how many wait for that.
const (
	hashesAtOnce      = 2
	maxWaiting        = 64 // of strangers, and as many of those who were here before
	maxWaitingAddress = 2
)

// queue lets two at once pass. Who has proved itself lately goes before strangers, and
// strangers wait at most two an address: whoever guesses keeps nobody else waiting for
// long. Safe for concurrent use.
type queue struct {
	mu      sync.Mutex
	running int
	known   []*place
	strange []*place
}

type place struct {
	from netip.Prefix
	turn chan struct{} // closed when it is one's turn
}

// enter waits for its turn; then the caller must call leave. Not ok: too many wait
// already, or ctx has ended.
func (q *queue) enter(ctx context.Context, from netip.Prefix, known bool) (ok bool) {
	q.mu.Lock()
	if q.running < hashesAtOnce {
		q.running++
		q.mu.Unlock()
		return true
	}
	line := &q.strange
	if known {
		line = &q.known
	}
	same := 0
	for _, p := range *line {
		if p.from == from {
			same++
		}
	}
	if len(*line) >= maxWaiting || !known && same >= maxWaitingAddress {
		q.mu.Unlock()
		return false
	}
	p := &place{from, make(chan struct{})}
	*line = append(*line, p)
	q.mu.Unlock()
	select {
	case <-p.turn:
		return true
	case <-ctx.Done():
	}
	q.mu.Lock()
	i := slices.Index(*line, p)
	if i >= 0 {
		*line = slices.Delete(*line, i, i+1)
	}
	q.mu.Unlock()
	if i < 0 { // the turn came just now
		q.leave()
	}
	return false
}

// leave hands the turn on.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, line := range []*[]*place{&q.known, &q.strange} {
		if len(*line) > 0 {
			p := (*line)[0]
			*line = slices.Delete(*line, 0, 1)
			close(p.turn)
			return
		}
	}
	q.running--
}
