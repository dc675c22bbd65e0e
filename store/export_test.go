package store

import "lukechampine.com/blake3"

// DigestForTest is a digest for tests.
func DigestForTest(p []byte) [32]byte { return blake3.Sum256(p) }
