//go:build !soak

package store_test

// flipEvery is how many bytes of a region there are for each that is flipped; 1: all.
func flipEvery(kind string) int {
	switch kind {
	case "pack header":
		return 16
	case "padding":
		return 7
	case "chunk payload":
		return 8191
	case "tail payload":
		return 31
	case "commit payload":
		return 5
	case "meta.db":
		return 23
	case "meta.db, zeros":
		return 997
	case "meta.db-wal":
		return 499
	}
	return 1
}

// flipOpens is of how many flips that are found one is opened too.
const flipOpens = 512

// flipMasks are what a byte is changed by.
func flipMasks(at int) []byte { return []byte{1 << (at * 5 % 8)} }
