package chunk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
)

// random returns n bytes that are the same for the same seed.
func random(seed byte, n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// reference is Sum by the library's own hasher.
func reference(key *[32]byte, plain []byte) (id ID) {
	h := blake3.New(32, key[:])
	h.Write(plain)
	h.Sum(id[:0])
	return id
}

func TestSum(t *testing.T) {
	key := [32]byte{1, 2, 3, 31: 9}
	data := random(7, 600<<10)
	lengths := []int{0, 1, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 2049, 3 << 10, 16<<10 - 1, 16 << 10,
		16<<10 + 1, 17 << 10, 32 << 10, 32<<10 + 1, 33<<10 + 5, 48 << 10, 256 << 10, 600 << 10}
	for range 200 {
		lengths = append(lengths, rand.IntN(len(data)))
	}
	for _, n := range lengths {
		want := reference(&key, data[:n])
		if got := Sum(&key, data[:n]); got != want {
			t.Errorf("%d bytes: got %s, want %s", n, got, want)
		}
	}
}

func TestSumOfParts(t *testing.T) {
	key := [32]byte{1, 2, 3, 31: 9}
	data := random(8, 200<<10)
	sizes := []int{0, 1, 2, 64, 1000, 1023, 1024, 1025, 4096, group - 1, group, group + 1, 2*group - 1, 2 * group, 65536}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	var summer Summer
	for round := range 500 {
		n := rng.IntN(len(data) + 1)
		if round%3 == 0 {
			n = sizes[rng.IntN(len(sizes))]
		}
		var parts [][]byte
		var cut []int
		for left := data[:n]; len(left) > 0 || rng.IntN(3) == 0; {
			m := min(sizes[rng.IntN(len(sizes))], len(left))
			parts, cut, left = append(parts, left[:m]), append(cut, m), left[m:]
		}
		if got, want := Sum(&key, parts...), reference(&key, data[:n]); got != want {
			t.Fatalf("seed %d: %d bytes as %v: got %s, want %s", seed, n, cut, got, want)
		}
		summer.Reset(&key)
		for _, p := range parts {
			summer.Add(p)
		}
		if got, want := summer.Sum(), reference(&key, data[:n]); got != want {
			t.Fatalf("seed %d: %d bytes as %v, one after the other: got %s, want %s", seed, n, cut, got, want)
		}
	}
	// One byte a part.
	var parts [][]byte
	for i := range 40000 {
		parts = append(parts, data[i:i+1])
	}
	if got, want := Sum(&key, parts...), reference(&key, data[:40000]); got != want {
		t.Errorf("single bytes: got %s, want %s", got, want)
	}
	if !bytes.Equal(data, random(8, len(data))) {
		t.Error("Sum changed its input")
	}
}

func TestSumAllocatesNothing(t *testing.T) {
	key := [32]byte{1}
	for _, n := range []int{100, 5000, NormalBytes, NormalBytes + 3000} {
		data := make([]byte, n)
		parts := [][]byte{data[:n/3], data[n/3 : n/2], data[n/2:]}
		if got := testing.AllocsPerRun(20, func() { Sum(&key, data) }); got != 0 {
			t.Errorf("%d bytes: %v allocations", n, got)
		}
		if got := testing.AllocsPerRun(20, func() { Sum(&key, parts...) }); got != 0 {
			t.Errorf("%d bytes in parts: %v allocations", n, got)
		}
	}
}

func BenchmarkSum(b *testing.B) {
	key := [32]byte{1}
	for _, c := range []struct{ parts, bytes int }{
		{1, 4 << 10}, {1, 16 << 10}, {1, 256 << 10}, {1, 1 << 20}, {4, 256 << 10}, {5, 209715}, {256, 4 << 10},
	} {
		b.Run(fmt.Sprintf("%dx%d", c.parts, c.bytes), func(b *testing.B) {
			parts := make([][]byte, c.parts)
			for i := range parts {
				parts[i] = make([]byte, c.bytes)
			}
			b.SetBytes(int64(c.parts * c.bytes))
			b.ReportAllocs()
			for b.Loop() {
				Sum(&key, parts...)
			}
		})
	}
}
