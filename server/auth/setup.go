package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cairn/store"
)

// SetupLifetime is how long a set-up link can be used.
const SetupLifetime = 24 * time.Hour

// MinPasswordRunes is the shortest password that the set-up page takes.
const MinPasswordRunes = 8

// ErrWeakPassword is a password that is too easy to guess to be an administrator's.
var ErrWeakPassword = errors.New("the password is too short, or the account's name")

// SetupStore is what Setup asks of the store.
type SetupStore interface {
	AddFirstUser(ctx context.Context, name, password string) (store.User, error)
	Users(ctx context.Context) ([]store.User, error)
}

// Setup is the one-time link that makes the first account. Whoever has the link, from
// the terminal or the log of who started the server, becomes the administrator: nobody
// does by arriving first. It is closed until Open; it closes for good once an account
// exists, or after SetupLifetime. Safe for concurrent use.
type Setup struct {
	store SetupStore
	now   func() time.Time

	mu   sync.Mutex
	hash [32]byte
	ends time.Time // zero: closed
}

// NewSetup makes a closed Setup; now tells the time (nil: time.Now).
func NewSetup(st SetupStore, now func() time.Time) *Setup {
	if now == nil {
		now = time.Now
	}
	return &Setup{store: st, now: now}
}

// Open makes the link's token, 128 random bits; an earlier one is void.
func (s *Setup) Open() (token string) {
	var b [16]byte
	rand.Read(b[:])
	token = strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hash, s.ends = sha256.Sum256([]byte(token)), s.now().Add(SetupLifetime)
	return token
}

// Pending reports whether the link can still be used.
func (s *Setup) Pending(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending(ctx)
}

func (s *Setup) pending(ctx context.Context) bool {
	if s.ends.IsZero() {
		return false
	}
	us, err := s.store.Users(ctx) // an account may have been made on the command line
	if err == nil && len(us) > 0 || !s.now().Before(s.ends) {
		s.ends = time.Time{}
	}
	return err == nil && !s.ends.IsZero()
}

// Use makes the first account, an administrator, and closes the link. A refused name
// or password leaves it open. Errors: store.ErrNotExist (a wrong, used or old token),
// store.ErrName, ErrPassword, ErrWeakPassword, or the store's.
func (s *Setup) Use(ctx context.Context, token, name, password string) (store.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given := sha256.Sum256([]byte(token))
	if !s.pending(ctx) || subtle.ConstantTimeCompare(given[:], s.hash[:]) != 1 {
		return store.User{}, store.ErrNotExist
	}
	if utf8.RuneCountInString(password) < MinPasswordRunes || strings.EqualFold(password, name) {
		return store.User{}, ErrWeakPassword
	}
	phc, err := Hash(password)
	if err != nil {
		return store.User{}, err
	}
	u, err := s.store.AddFirstUser(ctx, name, phc)
	switch {
	case err == nil:
		s.ends = time.Time{}
	case errors.Is(err, store.ErrExist):
		s.ends = time.Time{}
		err = store.ErrNotExist
	}
	return u, err
}
