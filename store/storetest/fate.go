package storetest

import "math/rand/v2"

// The kinds of fate of what was not flushed.
const (
	keepNone = iota // all of it is lost
	keepAll         // all of it is kept
	keepSome        // each write is lost, kept or torn
	keepTorn        // each sector is lost or kept
	fates
)

// fate decides what a crash leaves of what was not flushed.
type fate struct {
	kind  int
	share float64 // of the sectors, writes and names that are kept
}

func anyFate(r *rand.Rand) fate { return fate{r.IntN(fates), r.Float64()} }

// upTo is how many of n changes of a file's size are known after the crash.
func (f fate) upTo(r *rand.Rand, n int) int {
	switch f.kind {
	case keepNone:
		return 0
	case keepAll:
		return n
	}
	return min(n, r.IntN(2*n+1)) // all of them in half of the cases
}

// sectors says for the sectors of one write, in turn, whether they are kept.
func (f fate) sectors(r *rand.Rand, _ int) func() bool {
	kind, share := f.kind, f.share
	if kind == keepSome {
		kind, share = []int{keepNone, keepAll, keepTorn}[r.IntN(3)], 0.5
	}
	switch kind {
	case keepNone:
		return func() bool { return false }
	case keepAll:
		return func() bool { return true }
	}
	return func() bool { return r.Float64() < share }
}

// name says whether one change of a folder is kept.
func (f fate) name(r *rand.Rand) bool {
	switch f.kind {
	case keepNone:
		return false
	case keepAll:
		return true
	}
	return r.Float64() < f.share
}

// KeepsNothing reports whether a Crash that is decided by r, which it uses up, loses all
// that was not flushed.
func KeepsNothing(r *rand.Rand) bool { return anyFate(r).kind == keepNone }
