package store

import "lukechampine.com/blake3"

// DigestForTest is a digest for tests.
func DigestForTest(p []byte) [32]byte { return blake3.Sum256(p) }

// SpillsForTest is how often a slab was taken from an idle upload.
func (s *Store) SpillsForTest() int64 {
	_, _, n := s.mem.Stats()
	return n
}
