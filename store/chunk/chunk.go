// Package chunk cuts file content into chunks and names them.
package chunk

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"

	"lukechampine.com/blake3/guts"
)

// MaxBytes bounds the plain bytes of one chunk.
const MaxBytes = 4 << 20

// FixedBytes is the size of every chunk but the last of a content, for as long as
// borders are fixed.
const FixedBytes = 1 << 20

// ID names a chunk: BLAKE3-256 of its plain bytes, keyed with the store's key.
type ID [32]byte

// String is the id as 64 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Cut is the length of the chunk at the head of n buffered bytes, or 0 if more bytes
// are needed to tell. last says that the content ends with these bytes.
func Cut(n int, last bool) int {
	if n >= FixedBytes {
		return FixedBytes
	}
	if last {
		return n
	}
	return 0
}

const group = guts.MaxSIMD * guts.ChunkSize // what one call of CompressBuffer takes

// Sum is the id of plain under key. It allocates nothing, starts no goroutine and may
// be called concurrently.
func Sum(key *[32]byte, plain []byte) ID {
	var words [8]uint32
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	// The BLAKE3 tree over groups of 16 KiB: whole subtrees wait on the stack, one for
	// each bit of the number of groups so far (BLAKE3 paper, 5.1.2). The last group,
	// whole or not, is the right edge of the tree.
	var stack [48][8]uint32
	groups := uint64(0)
	for ; len(plain) > group; plain = plain[group:] {
		n := guts.CompressBuffer((*[group]byte)(plain), group, &words, groups*guts.MaxSIMD, guts.FlagKeyedHash)
		cv := guts.ChainingValue(n)
		height := bits.TrailingZeros64(groups + 1)
		for i := range height {
			cv = guts.ChainingValue(guts.ParentNode(stack[i], cv, &words, guts.FlagKeyedHash))
		}
		stack[height] = cv
		groups++
	}
	n := edge(plain, &words, groups*guts.MaxSIMD)
	for i := range bits.Len64(groups) {
		if groups&(1<<i) != 0 {
			n = guts.ParentNode(stack[i], guts.ChainingValue(n), &words, guts.FlagKeyedHash)
		}
	}
	n.Flags |= guts.FlagRoot
	out := guts.WordsToBytes(guts.CompressNode(n))
	return ID(out[:32])
}

func edge(plain []byte, words *[8]uint32, counter uint64) guts.Node {
	if len(plain) <= guts.ChunkSize {
		return guts.CompressChunk(plain, words, counter, guts.FlagKeyedHash)
	}
	if len(plain) == group {
		return guts.CompressBuffer((*[group]byte)(plain), group, words, counter, guts.FlagKeyedHash)
	}
	var buf [group]byte
	copy(buf[:], plain)
	return guts.CompressBuffer(&buf, len(plain), words, counter, guts.FlagKeyedHash)
}
