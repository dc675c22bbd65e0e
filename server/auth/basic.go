package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cairn/store"
)

// ErrDenied means wrong credentials; it does not say what is wrong with them.
var ErrDenied = errors.New("wrong name or password")

// ThrottledError asks a client to come back later: status 429.
type ThrottledError struct{ After time.Duration }

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many wrong passwords from your address: try again in %d s", e.Seconds())
}

// Seconds is After for a Retry-After header, at least 1.
func (e *ThrottledError) Seconds() int {
	return int(max(e.After+time.Second-1, time.Second) / time.Second)
}

// Accounts is what Basic asks of the store.
type Accounts interface {
	UserByName(ctx context.Context, name string) (store.User, error)
	AppPasswordUser(ctx context.Context, hash [32]byte) (store.User, error)
}

// Basic checks a name and a secret: an app password, which costs one look-up, or the
// account's password. Safe for concurrent use.
type Basic struct {
	accounts Accounts
	throttle *Throttle
	cache    *cache
	queue    queue                  // two at once: 38 MiB
	dummy    func() (string, error) // the hash that a name without a password is checked against
}

// NewBasic makes a Basic over the accounts; now tells the time (nil: time.Now).
func NewBasic(accounts Accounts, now func() time.Time) *Basic {
	if now == nil {
		now = time.Now
	}
	return &Basic{
		accounts: accounts,
		throttle: NewThrottle(now),
		cache:    newCache(now),
		dummy:    sync.OnceValues(func() (string, error) { return Hash(NewPassword()) }),
	}
}

// Check says whose name and secret these are. ErrDenied, *ThrottledError, ctx.Err(),
// or what the store said. An unknown name takes as long as a wrong password.
//
// App passwords are not throttled: 128 random bits cannot be guessed. A password that
// was right in the last five minutes passes while others at its owner's address are
// out of guesses; one that was wrong costs nothing again.
func (b *Basic) Check(ctx context.Context, a netip.Addr, name, secret string) (Principal, error) {
	if hash, ok := AppPasswordHash(secret); ok {
		u, err := b.accounts.AppPasswordUser(ctx, hash)
		switch {
		case err == nil && strings.EqualFold(u.Name, name):
			return principal(u), nil
		case err != nil && !errors.Is(err, store.ErrNotExist):
			return Principal{}, err
		}
	}
	u, err := b.Password(ctx, a, name, secret)
	if err != nil {
		return Principal{}, err
	}
	return principal(u), nil
}

// Password says whose name and account password these are. Otherwise as Check.
func (b *Basic) Password(ctx context.Context, a netip.Addr, name, secret string) (store.User, error) {
	u, err := b.accounts.UserByName(ctx, name)
	if errors.Is(err, store.ErrNotExist) || errors.Is(err, store.ErrName) {
		u = store.User{Name: name, Epoch: -1}
	} else if err != nil {
		return store.User{}, err
	}
	if w := b.throttle.Wait(u.Name, a); w > 0 {
		if b.throttle.Peek(u.Name, a) && b.cache.isRight(b.mark(u, secret)) {
			b.throttle.PeekRight(u.Name, a)
			return u, nil
		}
		return store.User{}, &ThrottledError{w}
	}
	right, err := b.password(ctx, a, u, secret)
	if err != nil {
		return store.User{}, err
	}
	if !right {
		return store.User{}, ErrDenied
	}
	return u, nil
}

func principal(u store.User) Principal {
	return Principal{User: u.ID, Name: u.Name, Admin: u.Admin}
}

// mark is the cache's name for the question whether secret is u's.
func (b *Basic) mark(u store.User, secret string) mark {
	if len(secret) > MaxPasswordBytes {
		secret = ""
	}
	return b.cache.mark(u.Epoch, strings.ToLower(u.Name), secret)
}

// password answers from the cache, waits for whoever asks the same, or hashes.
func (b *Basic) password(ctx context.Context, a netip.Addr, u store.User, secret string) (bool, error) {
	if len(secret) > MaxPasswordBytes {
		secret = "" // fits no account, and is as slow as any
	}
	m := b.mark(u, secret)
	for {
		right, known, leader, wait := b.cache.begin(m)
		if known {
			return right, nil
		}
		if leader {
			return b.hash(ctx, a, u, secret, m)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func (b *Basic) hash(ctx context.Context, a netip.Addr, u store.User, secret string, m mark) (right bool, err error) {
	known := false
	defer func() { b.cache.end(m, right, known) }()
	if w := b.throttle.Take(u.Name, a); w > 0 {
		return false, &ThrottledError{w}
	}
	if !b.queue.enter(ctx, Network(a), b.throttle.Known(u.Name, a)) {
		b.throttle.GiveBack(u.Name, a)
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return false, &ThrottledError{time.Second}
	}
	defer b.queue.leave()
	phc := u.Password
	if phc == "" {
		if phc, err = b.dummy(); err != nil {
			return false, err
		}
	}
	for _, try := range spellings(secret) {
		if Verify(phc, try) && u.Password != "" {
			right = true
		}
	}
	// Its 19 MiB are garbage now, which the collector would let pile up to twice what
	// lives: without this 200 guesses peak at 129 MiB, with it at 50 (TestBasic_memory).
	runtime.GC()
	known = true
	if right {
		b.throttle.GiveBack(u.Name, a)
		b.throttle.Succeeded(u.Name, a)
	}
	return right, nil
}

// spellings are the texts that the bytes of a Basic password may mean: RFC 7617 asks
// for UTF-8, and some clients still send Latin-1.
func spellings(secret string) []string {
	latin1 := make([]rune, len(secret))
	ascii := true
	for i := range len(secret) {
		latin1[i] = rune(secret[i])
		ascii = ascii && secret[i] < utf8.RuneSelf
	}
	switch {
	case ascii:
		return []string{secret}
	case utf8.ValidString(secret):
		return []string{secret, string(latin1)}
	}
	return []string{string(latin1)}
}
