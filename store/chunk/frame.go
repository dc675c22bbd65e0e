package chunk

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrFrame is wrapped by the errors of Decode about the frame itself.
var ErrFrame = errors.New("not a frame of codec 1")

// checkFrame looks at all headers of a zstd frame (RFC 8878, 3.1.1) before a decoder
// sees it: sizes and window are what Decode allows, and nothing follows the last block.
// What is inside the blocks is for the decoder to check.
func checkFrame(stored []byte, plain int) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrFrame, fmt.Sprintf(format, args...))
	}
	if plain < 1 || plain > MaxBytes {
		return bad("%d plain bytes", plain)
	}
	if len(stored) < 6 || len(stored) > MaxBytes || binary.LittleEndian.Uint32(stored) != 0xfd2fb528 {
		return bad("no frame in %d bytes", len(stored))
	}
	descriptor := stored[4]
	rest := stored[5:]
	if descriptor&0x08 != 0 || descriptor&0x03 != 0 {
		return bad("descriptor %#x", descriptor)
	}
	single, checksum := descriptor&0x20 != 0, descriptor&0x04 != 0
	window := uint64(0)
	if !single {
		base := uint64(1) << (10 + rest[0]>>3)
		window = base + base/8*uint64(rest[0]&7)
		rest = rest[1:]
	}
	sizeBytes := [4]int{0, 2, 4, 8}[descriptor>>6]
	if sizeBytes == 0 && single {
		sizeBytes = 1
	}
	if sizeBytes == 0 || len(rest) < sizeBytes {
		return bad("no content size")
	}
	var field [8]byte
	copy(field[:], rest[:sizeBytes])
	size := binary.LittleEndian.Uint64(field[:])
	if sizeBytes == 2 {
		size += 256
	}
	rest = rest[sizeBytes:]
	if size != uint64(plain) || window > maxWindow {
		return bad("%d bytes with a window of %d, want %d", size, window, plain)
	}
	for last := false; !last; {
		if len(rest) < 3 {
			return bad("cut off")
		}
		header := uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16
		last = header&1 != 0
		kind, n := header>>1&3, int(header>>3)
		if n > maxBlock || kind == 3 {
			return bad("block of type %d, %d bytes", kind, n)
		}
		if kind == 1 { // one byte, repeated n times
			n = 1
		}
		if len(rest) < 3+n {
			return bad("cut off")
		}
		rest = rest[3+n:]
	}
	if checksum && len(rest) != 4 || !checksum && len(rest) != 0 {
		return bad("%d bytes behind the last block", len(rest))
	}
	return nil
}
