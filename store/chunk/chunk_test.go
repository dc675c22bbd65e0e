package chunk

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
)

func TestSum(t *testing.T) {
	key := [32]byte{1, 2, 3, 31: 9}
	data := make([]byte, 600<<10)
	rand.NewChaCha8([32]byte{7}).Read(data)
	lengths := []int{0, 1, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 2049, 3 << 10, 16<<10 - 1, 16 << 10,
		16<<10 + 1, 17 << 10, 32 << 10, 32<<10 + 1, 33<<10 + 5, 48 << 10, 256 << 10, 600 << 10}
	for range 200 {
		lengths = append(lengths, rand.IntN(len(data)))
	}
	for _, n := range lengths {
		h := blake3.New(32, key[:])
		h.Write(data[:n])
		got := Sum(&key, data[:n])
		if want := h.Sum(nil); !bytes.Equal(got[:], want) {
			t.Errorf("%d bytes: got %s, want %x", n, got, want)
		}
	}
}

func TestSumAllocatesNothing(t *testing.T) {
	key := [32]byte{1}
	for _, n := range []int{100, 5000, FixedBytes, FixedBytes + 3000} {
		data := make([]byte, n)
		if got := testing.AllocsPerRun(20, func() { Sum(&key, data) }); got != 0 {
			t.Errorf("%d bytes: %v allocations", n, got)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		n    int
		last bool
		want int
	}{
		{0, false, 0},
		{0, true, 0},
		{5, false, 0},
		{5, true, 5},
		{FixedBytes, false, FixedBytes},
		{FixedBytes + 1, true, FixedBytes},
	} {
		if got := Cut(c.n, c.last); got != c.want {
			t.Errorf("Cut(%d, %v) = %d, want %d", c.n, c.last, got, c.want)
		}
	}
}

func BenchmarkSum(b *testing.B) {
	key := [32]byte{1}
	for _, n := range []int{4 << 10, FixedBytes} {
		b.Run(map[bool]string{true: "4KiB", false: "1MiB"}[n == 4<<10], func(b *testing.B) {
			data := make([]byte, n)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				Sum(&key, data)
			}
		})
	}
}
