package store_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"cairn/store"
)

// stamped is a long content that costs little to make and does not repeat itself: a
// block of noise with seed and position stamped into each 4 KiB.
type stamped struct {
	block     []byte
	seed, pos int64
	left      int64
}

func (s *stamped) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.left, int64(len(s.block))-s.pos%int64(len(s.block))))
	copy(p, s.block[s.pos%int64(len(s.block)):][:n])
	for at := (4096 - s.pos%4096) % 4096; at+16 <= int64(n); at += 4096 {
		binary.LittleEndian.PutUint64(p[at:], uint64(s.seed))
		binary.LittleEndian.PutUint64(p[at+8:], uint64(s.pos+at))
	}
	s.pos += int64(n)
	s.left -= int64(n)
	return n, nil
}

func BenchmarkPutLarge(b *testing.B) {
	const size = 256 << 20
	block := noise(1, 16<<20)
	for _, again := range []bool{false, true} {
		b.Run(fmt.Sprintf("again=%v", again), func(b *testing.B) {
			r := newRig(b)
			b.SetBytes(size)
			b.ReportAllocs()
			seed := int64(0)
			for b.Loop() {
				if !again || seed == 0 {
					seed++
				}
				_, err := r.s.Put(b.Context(), r.sc, "f", &stamped{block: block, seed: seed, left: size}, store.PutOptions{Size: size})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
