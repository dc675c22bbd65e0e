//go:build !soak

package store_test

// flipEvery is how many bytes of a region there are for each that is flipped; 1: all.
func flipEvery(kind string) int {
	switch kind {
	case "pack header":
		return 16
	case "record header":
		return 3
	case "padding":
		return 7
	case "footer":
		return 17
	case "raw chunk payload":
		return 16381
	case "zstd chunk payload":
		return 61
	case "page payload":
		return 37
	case "hints":
		return 41
	case "hints, header":
		return 401
	case "hints, zeros":
		return 19997
	case "tail payload":
		return 31
	case "commit payload":
		return 5
	case "meta.db":
		return 43
	case "meta.db, zeros":
		return 4999
	case "meta.db-wal":
		return 499
	}
	return 1
}

// flipOpens is of how many flips that are found one is opened too.
func flipOpens(kind string) int {
	switch kind {
	case "raw chunk payload", "zstd chunk payload", "page payload":
		return 8
	}
	return 128
}

// flipMasks are what a byte is changed by.
func flipMasks(at int) []byte { return []byte{1 << (at * 5 % 8)} }
