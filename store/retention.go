package store

import "time"

// Retention says how long the past is kept: superseded contents (versions) and what lies
// in the trash, together the history. A limit below 0 is none; 0 keeps nothing beyond the
// minimum. It does not ask for quotas or for free space: an account without a quota, or
// with a tiny one, keeps as much as any other.
type Retention struct {
	Age      time.Duration // of a version, since it was superseded
	Count    int           // of versions a file
	Bytes    int64         // of history a space: sizes of contents, as if nothing were shared
	TrashAge time.Duration // of what lies in the trash, since it was removed
	// Minimum is what nothing goes below: neither a limit above nor a full disk drops what
	// is younger. Only a person who deletes for good does.
	Minimum time.Duration
}

// DefaultRetention is what a server keeps to unless it is told other.
func DefaultRetention() Retention {
	const day = 24 * time.Hour
	return Retention{Age: 30 * day, Count: 100, Bytes: -1, TrashAge: 30 * day, Minimum: day}
}

// keepAll is for who has not said what to keep: a command that only opens the store must
// not prune it by a policy that is not the server's.
func keepAll() Retention {
	return Retention{Age: -1, Count: -1, Bytes: -1, TrashAge: -1, Minimum: DefaultRetention().Minimum}
}

// logAge is how long a change is kept in the log: as long as anything may have to be dated
// by it. ok is false if it is kept for ever.
func (k *Retention) logAge() (age time.Duration, ok bool) {
	return max(k.Minimum, k.Age, k.TrashAge, 0), k.Age >= 0 || k.TrashAge >= 0
}

// leastChanges stay in the change log of a space whatever their age.
const leastChanges = 1000
