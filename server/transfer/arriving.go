package transfer

import (
	"sync"

	"cairn/store"
)

// The bytes that bodies which are read whole may take at a door, in all and for one
// user.
const (
	MaxArriving     = 16 << 20
	MaxUserArriving = 4 << 20
)

// Arriving counts the memory that large bodies may take from when they are announced
// until they are done with. Who finds none is refused and not kept waiting: a slow
// sender cannot hold up another. Safe for concurrent use; the zero value is ready.
type Arriving struct {
	mu    sync.Mutex
	total int64
	users map[store.UserID]int64
}

// Take reserves n bytes, if there are as many: MaxArriving in all, MaxUserArriving for a user. Give
// them back.
func (a *Arriving) Take(u store.UserID, n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.total+n > MaxArriving || a.users[u]+n > MaxUserArriving {
		return false
	}
	if a.users == nil {
		a.users = make(map[store.UserID]int64)
	}
	a.total += n
	a.users[u] += n
	return true
}

// Give gives back what Take reserved.
func (a *Arriving) Give(u store.UserID, n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total -= n
	if a.users[u] -= n; a.users[u] == 0 {
		delete(a.users, u)
	}
}
