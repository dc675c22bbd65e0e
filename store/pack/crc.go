package pack

import "hash/crc32"

// blockCRCs appends the CRC-32C of each 64 KiB of a payload, which comes in parts of any
// length, to crcs, and returns that of the whole payload, combined from them.
func blockCRCs(crcs []uint32, payload ...[]byte) ([]uint32, uint32) {
	var whole, c uint32
	n := 0 // bytes in c
	for _, part := range payload {
		for len(part) > 0 {
			b := part[:min(len(part), BlockBytes-n)]
			part = part[len(b):]
			c = crc32.Update(c, castagnoli, b)
			if n += len(b); n == BlockBytes {
				crcs = append(crcs, c)
				whole = combine(whole, c, n)
				c, n = 0, 0
			}
		}
	}
	if n > 0 {
		crcs = append(crcs, c)
		whole = combine(whole, c, n)
	}
	return crcs, whole
}

// combine is the CRC-32C of A‖B given those of A and of B, and the length of B: A's is
// multiplied by x^(8·length) modulo the polynomial (as zlib's crc32_combine).
func combine(a, b uint32, length int) uint32 {
	if a == 0 {
		return b
	}
	if length == BlockBytes {
		return multiply(blockShift, a) ^ b
	}
	return multiply(power(length), a) ^ b
}

var blockShift = power(BlockBytes)

// power is x^(8·n) modulo the polynomial; bit 31 is x^0.
func power(n int) uint32 {
	p, square := uint32(1<<31), uint32(1<<23) // 1, x^8
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			p = multiply(square, p)
		}
		square = multiply(square, square)
	}
	return p
}

func multiply(a, b uint32) uint32 {
	p := uint32(0)
	for m := uint32(1 << 31); m != 0; m >>= 1 {
		if a&m != 0 {
			p ^= b
		}
		b = b>>1 ^ crc32.Castagnoli&-(b&1)
	}
	return p
}
