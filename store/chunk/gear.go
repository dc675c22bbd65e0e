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

// gear2 is gear, each entry doubled.
var gear2 = doubled(gear)

func doubled(table [256]uint64) [256]uint64 {
	for i := range table {
		table[i] *= 2
	}
	return table
}

// scan rolls h over p and stops behind the first byte that leaves it below limit. It
// returns the hash, how many bytes it took, and whether it stopped for a border.
func scan(h uint64, p []byte, limit uint64) (uint64, int, bool) {
	i := 0
	for i < len(p) {
		next, n := skip(h, p[i:], limit)
		h, i = next, i+n
		for end := min(i+block, len(p)); i < end; i++ {
			h = h<<1 + gear[p[i]]
			if h < limit {
				return h, i + 1, true
			}
		}
	}
	return h, i, false
}

const block = 16

// skip rolls h over blocks of p for as long as they have no border, and returns the
// hash and the bytes so far. It may stop before a block that has none.
//
// Two loads and two branches a byte are what bounds it, so it does little else: two
// bytes a step, and for the first the hash is had only doubled, as a by-product of the
// second. Doubling loses the top bit: a border is always seen, sometimes one too many.
func skip(h uint64, p []byte, limit uint64) (uint64, int) {
	once, twice := &gear, &gear2
	limit2 := limit * 2
	n := 0
	for len(p) >= block {
		start, h2 := h, uint64(0)
		q := (*[block]byte)(p)
		h2 = twice[q[0]] + h*4
		if h2 < limit2 {
			return start, n
		}
		h = h2 + once[q[1]]
		if h < limit {
			return start, n
		}
		h2 = twice[q[2]] + h*4
		if h2 < limit2 {
			return start, n
		}
		h = h2 + once[q[3]]
		if h < limit {
			return start, n
		}
		h2 = twice[q[4]] + h*4
		if h2 < limit2 {
			return start, n
		}
		h = h2 + once[q[5]]
		if h < limit {
			return start, n
		}
		h2 = twice[q[6]] + h*4
		if h2 < limit2 {
			return start, n
		}
		h = h2 + once[q[7]]
		if h < limit {
			return start, n
		}
		h2 = twice[q[8]] + h*4
		if h2 < limit2 {
			return start, n
		}
		h = h2 + once[q[9]]
		if h < limit {
			return start, n
		}
		h2 = twice[q[10]] + h*4
		if h2 < limit2 {
			return start, n
		}
		h = h2 + once[q[11]]
		if h < limit {
			return start, n
		}
		h2 = twice[q[12]] + h*4
		if h2 < limit2 {
			return start, n
		}
		h = h2 + once[q[13]]
		if h < limit {
			return start, n
		}
		h2 = twice[q[14]] + h*4
		if h2 < limit2 {
			return start, n
		}
		h = h2 + once[q[15]]
		if h < limit {
			return start, n
		}
		p = p[block:]
		n += block
	}
	return h, n
}
