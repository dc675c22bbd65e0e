// Package chunk cuts file content into chunks, names them and packs them tighter.
package chunk

import "encoding/hex"

// MaxBytes bounds the plain bytes of one chunk.
const MaxBytes = 4 << 20

// ID names a chunk: BLAKE3-256 of its plain bytes, keyed with the store's key.
type ID [32]byte

// String is the id as 64 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }
