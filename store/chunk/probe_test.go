package chunk

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// heap is an alloc for codecs of tests.
func heap(n int) ([]byte, error) { return make([]byte, n), nil }

// samplesOf returns data by kind, n bytes each.
func samplesOf(t testing.TB, n int) map[string][]byte {
	t.Helper()
	binaryFile, err := os.ReadFile("/proc/self/exe") // this test: machine code and tables
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("codec.go")
	if err != nil {
		t.Fatal(err)
	}
	var logs, floats bytes.Buffer
	rng := rand.New(rand.NewPCG(1, 2))
	for i := 0; logs.Len() < n; i++ {
		fmt.Fprintf(&logs, `{"time":%d,"level":"INFO","id":"%x","path":"/dav/u%d","ms":%.3f}`+"\n", 1700000000+i, rng.Uint64(), rng.IntN(100), rng.ExpFloat64())
	}
	for floats.Len() < n {
		binary.Write(&floats, binary.LittleEndian, math.Sin(rng.Float64()))
	}
	noise := random(11, n)
	sparse := bytes.Clone(noise)
	for i := range sparse {
		if i/4096%8 == 3 {
			sparse[i] = 0
		}
	}
	mixed := bytes.Clone(noise)
	for i := 0; i < n; i += 32 << 10 {
		copy(mixed[i:min(n, i+6<<10)], bytes.Repeat(source, 2))
	}
	copies := bytes.Clone(noise)
	copy(copies[n/2:], noise[:n/2])
	records := bytes.Clone(noise)
	for i := 32; i+32 <= n; i += 64 {
		copy(records[i:i+32], records[i-32:i])
	}
	return map[string][]byte{
		"random":    noise,
		"zeros":     make([]byte, n),
		"sparse":    sparse,
		"source":    bytes.Repeat(source, n/len(source)+1)[:n],
		"code":      bytes.Repeat(binaryFile[len(binaryFile)/8:], 3)[:n],
		"logs":      logs.Bytes()[:n],
		"floats":    floats.Bytes()[:n],
		"base64":    []byte(base64.StdEncoding.EncodeToString(noise))[:n],
		"mixed":     mixed,
		"copies":    copies,
		"records":   records,
		"one block": bytes.Repeat(noise[:n/20], 20)[:n/20*20],
	}
}

func TestPays(t *testing.T) {
	c := NewCodec(heap)
	for _, n := range []int{4 << 10, 64 << 10, 1 << 20, MaxBytes - 7} {
		for kind, data := range samplesOf(t, n) {
			saved, err := c.Encode(context.Background(), [][]byte{data}, func([]byte) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			if kind == "mixed" && n < 1<<20 || kind == "copies" && n > 2*encodeWindow {
				continue // too few samples to be sure; farther apart than the window
			}
			if got := c.Pays(data); got != saved {
				t.Errorf("%s, %d bytes: Pays is %v, zstd says %v", kind, n, got, saved)
			}
			third := len(data) / 3
			if got := c.Pays(data[:third], nil, data[third:2*third], data[2*third:]); got != saved {
				t.Errorf("%s, %d bytes in parts: Pays is %v, zstd says %v", kind, n, got, saved)
			}
		}
	}
}

// TestPaysNotOnNoise: of many random and packed chunks next to none is tried.
func TestPaysNotOnNoise(t *testing.T) {
	c := NewCodec(heap)
	rng := rand.New(rand.NewPCG(3, 4))
	noise := random(12, 8<<20)
	yes := 0
	for range 5000 {
		n := 1024 << rng.IntN(11)
		at := rng.IntN(len(noise) - n)
		if c.Pays(noise[at : at+n]) {
			yes++
		}
	}
	if yes > 5 {
		t.Errorf("%d of 5000 random chunks seem to pay", yes)
	}
	all := samplesOf(t, 2<<20)
	for _, kind := range []string{"code", "logs", "floats", "base64"} {
		if stored := encode(t, c, all[kind]); c.Pays(stored) {
			t.Errorf("%s packed to %d bytes seems to pay again", kind, len(stored))
		}
	}
}

func TestPaysSmall(t *testing.T) {
	c := NewCodec(heap)
	for n := range 300 {
		c.Pays(make([]byte, n))
		c.Pays(random(1, n))
		c.Pays(make([]byte, n/2), []byte{1}, nil, make([]byte, n/3))
	}
	if c.Pays() || c.Pays(nil, nil) || c.Pays(make([]byte, 64)) {
		t.Error("nothing seems to pay")
	}
}

func TestPaysAllocatesNothing(t *testing.T) {
	c := NewCodec(heap)
	data := random(1, 1<<20)
	if got := testing.AllocsPerRun(20, func() { c.Pays(data[:300<<10], data[300<<10:]) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkPays(b *testing.B) {
	c := NewCodec(heap)
	for _, n := range []int{4 << 10, 64 << 10, 1 << 20, 4 << 20} {
		b.Run(fmt.Sprint("random", n), func(b *testing.B) {
			data := random(1, n)
			b.SetBytes(int64(n))
			for b.Loop() {
				c.Pays(data)
			}
		})
	}
}
