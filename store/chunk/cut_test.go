package chunk

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// cutBy cuts data, giving the cutter step(i) bytes at a time, and returns the length of
// each chunk. With save set, the state goes through its saved form between all steps.
func cutBy(t testing.TB, data []byte, step func() int, save bool) []int {
	t.Helper()
	var c Cutter
	var lengths []int
	open := 0
	for len(data) > 0 {
		p := data[:min(max(step(), 1), len(data))]
		n, cut := c.Next(p)
		if n > len(p) || !cut && n != len(p) {
			t.Fatalf("Next took %d of %d bytes, cut %v", n, len(p), cut)
		}
		data, open = data[n:], open+n
		if cut {
			lengths, open = append(lengths, open), 0
		}
		if c.Len() != open {
			t.Fatalf("Len is %d with %d bytes open", c.Len(), open)
		}
		if save {
			state, err := c.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			c = Cutter{}
			if err := c.UnmarshalBinary(state); err != nil {
				t.Fatal(err)
			}
		}
	}
	if open > 0 {
		lengths = append(lengths, open)
	}
	return lengths
}

func steps(n int) func() int { return func() int { return n } }

// slow is the rule as FORMAT.md puts it, a byte at a time.
func slow(data []byte) []int {
	var lengths []int
	var head [HeadBytes]byte
	if copy(head[:], data) == HeadBytes && methodOf(&head) == raw {
		for ; len(data) > MaxBytes; data = data[MaxBytes:] {
			lengths = append(lengths, MaxBytes)
		}
		return append(lengths, len(data))
	}
	hash, n := uint64(0), 0
	for _, b := range data {
		n++
		if n > 512<<10 {
			hash = hash<<1 + gear[b]
		}
		zero := 22
		if n > 1<<20 {
			zero = 18
		}
		if n > 512<<10 && hash>>(64-zero) == 0 || n == 4<<20 {
			lengths = append(lengths, n)
			hash, n = 0, 0
		}
	}
	if n > 0 {
		lengths = append(lengths, n)
	}
	return lengths
}

func TestCutterAnySplit(t *testing.T) {
	media := append([]byte("\xff\xd8\xff\xe0"), random(2, 9<<20)...)
	for name, data := range map[string][]byte{
		"random": random(1, 9<<20),
		"media":  media,
		"zeros":  make([]byte, 9<<20),
		"short":  random(1, 700),
		"head":   media[:HeadBytes],
		"empty":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			want := slow(data)
			if name == "empty" {
				want = nil
			}
			check := func(how string, got []int) {
				t.Helper()
				if !slices.Equal(got, want) {
					t.Errorf("%s: got %v, want %v", how, got, want)
				}
			}
			check("whole", cutBy(t, data, steps(len(data)), false))
			for _, n := range []int{1, 511, 512, 513, 4096, 256 << 10, 1 << 20, 4 << 20} {
				check(fmt.Sprint(n, " a time"), cutBy(t, data, steps(n), false))
			}
			check("saved every 700", cutBy(t, data, steps(700), true))
			for range 20 {
				seed := rand.Uint64()
				rng := rand.New(rand.NewPCG(seed, 0))
				step := func() int { return 1 << rng.IntN(23) * (1 + rng.IntN(100)) / 100 }
				check(fmt.Sprint("random, saved, seed ", seed), cutBy(t, data, step, true))
			}
		})
	}
	// Saved after each byte, over the begin and the first hashed bytes.
	var c Cutter
	for i, b := range media[:2000] {
		c.Next([]byte{b})
		state, _ := c.MarshalBinary()
		if i >= HeadBytes && len(state) != 5 {
			t.Fatalf("the state after %d bytes takes %d", i+1, len(state))
		}
		c = Cutter{}
		if err := c.UnmarshalBinary(state); err != nil {
			t.Fatal(err)
		}
	}
	if c.method != raw || c.n != 2000 {
		t.Errorf("state after single bytes: %v, %d", c.method, c.n)
	}
}

func TestCutterCopy(t *testing.T) {
	data := random(3, 6<<20)
	var a Cutter
	a.Next(data[:300])
	b := a
	b.Next(make([]byte, 100))
	if got, want := a.Len(), 300; got != want {
		t.Errorf("the copy moved the original to %d, want %d", got, want)
	}
}

// TestCutterSpread checks the sizes on random data, and that few chunks end by force.
func TestCutterSpread(t *testing.T) {
	lengths := cutBy(t, random(4, 256<<20), steps(256<<10), false)
	lengths = lengths[:len(lengths)-1] // the end is no border
	slices.Sort(lengths)
	sum, forced := 0, 0
	for _, n := range lengths {
		sum += n
		if n == MaxBytes {
			forced++
		}
	}
	mean := sum / len(lengths)
	t.Logf("%d chunks: min %d, median %d, mean %d, max %d, %d forced", len(lengths),
		lengths[0], lengths[len(lengths)/2], mean, lengths[len(lengths)-1], forced)
	if lengths[0] <= MinBytes || mean < NormalBytes || mean > 5*NormalBytes/4 || forced > 0 {
		t.Errorf("min %d, mean %d, forced %d", lengths[0], mean, forced)
	}
}

// TestCutterShift puts a byte in front: the borders must find themselves again.
func TestCutterShift(t *testing.T) {
	key := [32]byte{1}
	data := append([]byte{'x'}, random(5, 64<<20)...)
	ids := func(data []byte) map[ID]bool {
		found := map[ID]bool{}
		for _, n := range cutBy(t, data, steps(256<<10), false) {
			found[Sum(&key, data[:n])] = true
			data = data[n:]
		}
		return found
	}
	before, after, kept := ids(data[1:]), ids(data), 0
	for id := range after {
		if before[id] {
			kept++
		}
	}
	t.Logf("%d of %d chunks survive a byte in front", kept, len(before))
	if kept < len(before)-4 {
		t.Errorf("only %d of %d chunks survive", kept, len(before))
	}
}

// TestGearRuns: a run of one byte value never has a border but at MaxBytes.
func TestGearRuns(t *testing.T) {
	for b := range 256 {
		h := uint64(0)
		for range 100 {
			h = h<<1 + gear[b]
			if h < limitBehind {
				t.Errorf("a run of %#x has borders", b)
			}
		}
	}
}

func TestCutterAllocatesNothing(t *testing.T) {
	data := random(6, 1<<20)
	var c Cutter
	if got := testing.AllocsPerRun(20, func() {
		for p := data; len(p) > 0; {
			n, _ := c.Next(p)
			p = p[n:]
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for name, state := range map[string][]byte{
		"nothing":               {},
		"an unknown method":     {3, 0, 0, 0, 0},
		"a head too long":       make([]byte, 1+HeadBytes),
		"a short raw":           {2, 0, 0, 0},
		"a long raw":            {2, 0, 0, 0, 0, 0},
		"a short FastCDC":       {1, 0, 0, 0, 0},
		"a chunk too long":      {2, 0, 0, 0x40, 0},
		"a hash of no bytes":    {1, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0},
		"a chunk of FF FF FF…":  bytes.Repeat([]byte{0xff}, 13),
		"a length of FF FF FF…": append([]byte{1}, bytes.Repeat([]byte{0xff}, 12)...),
	} {
		c := Cutter{method: raw, n: 77}
		if err := c.UnmarshalBinary(state); !errors.Is(err, ErrState) {
			t.Errorf("%s: got %v, want ErrState", name, err)
		}
		if c.method != raw || c.n != 77 {
			t.Errorf("%s: the cutter changed", name)
		}
	}
}

func FuzzCutter(f *testing.F) {
	f.Add(uint64(1), 3<<20, []byte("\xff\xd8\xff"), []byte{1, 2, 0, 255})
	f.Add(uint64(2), 2<<20, []byte(""), []byte{200})
	f.Fuzz(func(t *testing.T, seed uint64, n int, head, splits []byte) {
		data := make([]byte, len(head)+min(max(n, 0), 6<<20))
		rng := rand.New(rand.NewPCG(seed, 0))
		for i := copy(data, head); i < len(data); i++ {
			data[i] = byte(rng.Uint64())
		}
		i := 0
		step := func() int {
			if len(splits) == 0 {
				return 1 << 20
			}
			i++
			s := int(splits[i%len(splits)])
			return 1 + s*s*16
		}
		want := slow(data)
		if len(data) == 0 {
			want = nil
		}
		if got := cutBy(t, data, step, true); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 1, 2, 3})
	f.Add([]byte{1, 0, 0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{2, 0xff, 0xff, 0x3f, 0})
	more := random(9, MaxBytes)
	f.Fuzz(func(t *testing.T, state []byte) {
		var c Cutter
		if c.UnmarshalBinary(state) != nil {
			return
		}
		again, err := c.MarshalBinary()
		if err != nil || !bytes.Equal(again, state) {
			t.Fatalf("%x became %x, %v", state, again, err)
		}
		open := c.Len()
		if n, cut := c.Next(more); n < 0 || n > len(more) || !cut || open+n > MaxBytes {
			t.Fatalf("%x: Next took %d, cut %v with %d open", state, n, cut, open)
		}
	})
}

func BenchmarkCutter(b *testing.B) {
	data := random(1, 64<<20)
	jpeg := append([]byte("\xff\xd8\xff"), data...)
	for name, data := range map[string][]byte{"borders": data, "raw": jpeg} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				var c Cutter
				for p := data; len(p) > 0; {
					n, _ := c.Next(p[:min(len(p), 256<<10)])
					p = p[n:]
				}
			}
		})
	}
}

// BenchmarkScan is the inner loop alone, on a slab without a border.
func BenchmarkScan(b *testing.B) {
	data := random(1, 256<<10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		scan(0, data, 0)
	}
}
