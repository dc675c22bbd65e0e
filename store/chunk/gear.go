package chunk

import (
	"encoding/binary"

	"lukechampine.com/blake3"
)

// gear gives each byte value 64 bits for the rolling hash. The table is part of the
// format: entry i is the first 8 bytes, little-endian, of the BLAKE3-256 (no key) of
// the ASCII text "cairn gear" and the byte i.
var gear = gearTable("cairn gear")

func gearTable(text string) (table [256]uint64) {
	for i := range table {
		sum := blake3.Sum256(append([]byte(text), byte(i)))
		table[i] = binary.LittleEndian.Uint64(sum[:])
	}
	return table
}

// scan rolls h over p and stops behind the first byte that leaves it below limit. It
// returns the hash, how many bytes it took, and whether it stopped for a border.
//
// Two bytes a step, so that the hash of a pair waits for one shift and one addition
// instead of two of each; with that it is bound by the instructions, not by their
// latency.
func scan(h uint64, p []byte, limit uint64) (uint64, int, bool) {
	i := 0
	for ; i+8 <= len(p); i += 8 {
		q := (*[8]byte)(p[i:])
		a := gear[q[0]]
		g := h<<1 + a
		h = h<<2 + (a<<1 + gear[q[1]])
		if g < limit {
			return g, i + 1, true
		}
		if h < limit {
			return h, i + 2, true
		}
		a = gear[q[2]]
		g = h<<1 + a
		h = h<<2 + (a<<1 + gear[q[3]])
		if g < limit {
			return g, i + 3, true
		}
		if h < limit {
			return h, i + 4, true
		}
		a = gear[q[4]]
		g = h<<1 + a
		h = h<<2 + (a<<1 + gear[q[5]])
		if g < limit {
			return g, i + 5, true
		}
		if h < limit {
			return h, i + 6, true
		}
		a = gear[q[6]]
		g = h<<1 + a
		h = h<<2 + (a<<1 + gear[q[7]])
		if g < limit {
			return g, i + 7, true
		}
		if h < limit {
			return h, i + 8, true
		}
	}
	for ; i < len(p); i++ {
		h = h<<1 + gear[p[i]]
		if h < limit {
			return h, i + 1, true
		}
	}
	return h, i, false
}
