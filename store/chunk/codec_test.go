package chunk

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/klauspost/compress/zstd"
)

func encode(t testing.TB, c *Codec, parts ...[]byte) []byte {
	t.Helper()
	var stored []byte
	saved, err := c.Encode(context.Background(), parts, func(b []byte) error {
		stored = bytes.Clone(b)
		return nil
	})
	if err != nil || saved != (stored != nil) {
		t.Fatalf("Encode: saved %v, %d bytes, %v", saved, len(stored), err)
	}
	return stored
}

func TestCodec(t *testing.T) {
	c := NewCodec(heap)
	for _, n := range []int{100, 255, 256, 300, 1000, 4096, 65535, 65536, maxBlock - 1, maxBlock, maxBlock + 1, 1 << 20, MaxBytes - 1, MaxBytes} {
		for kind, data := range samplesOf(t, max(n, 4096)) {
			data = data[:min(n, len(data))]
			a, b := len(data)/5, len(data)/2
			stored := encode(t, c, data[:a], nil, data[a:b], data[b:])
			if stored == nil {
				continue
			}
			if len(stored) > len(data)-len(data)/20 || len(stored) > len(data)-64 {
				t.Errorf("%s: %d bytes became %d", kind, len(data), len(stored))
			}
			if err := c.Decode(context.Background(), stored, len(data), func(plain []byte) error {
				if !bytes.Equal(plain, data) {
					t.Errorf("%s: %d bytes came back otherwise", kind, len(data))
				}
				return nil
			}); err != nil {
				t.Errorf("%s, %d bytes: %v", kind, len(data), err)
			}
		}
	}
}

func TestEncodeNot(t *testing.T) {
	c := NewCodec(func(int) ([]byte, error) { t.Error("memory for nothing"); return nil, errors.New("no") })
	for _, n := range []int{0, 1, 64} {
		if stored := encode(t, c, make([]byte, n)); stored != nil {
			t.Errorf("%d bytes became %d", n, len(stored))
		}
	}
	if _, err := c.Encode(context.Background(), [][]byte{make([]byte, MaxBytes), {1}}, nil); err == nil {
		t.Error("more than MaxBytes were taken")
	}
	c = NewCodec(heap)
	if stored := encode(t, c, random(1, 1<<20)); stored != nil {
		t.Errorf("random bytes became %d", len(stored))
	}
	if stored := encode(t, c, make([]byte, 1<<20)); stored == nil {
		t.Error("nothing comes after what does not pay")
	}
}

func TestDecodeRefuses(t *testing.T) {
	c := NewCodec(heap)
	data := bytes.Repeat([]byte("a frame to be broken, "), 5000)
	good := encode(t, c, data)
	with := func(src []byte, opts ...zstd.EOption) []byte {
		z, err := zstd.NewWriter(nil, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return z.EncodeAll(src, nil)
	}
	stream := func() []byte { // no content size
		var b bytes.Buffer
		z, _ := zstd.NewWriter(&b)
		z.Write(make([]byte, 200<<10))
		z.Write(random(1, 200<<10))
		z.Close()
		return b.Bytes()
	}
	window := bytes.Clone(with(make([]byte, 1<<20), zstd.WithSingleSegment(false)))
	window[5] = 13 << 3 // 8 MiB
	bomb := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x40, 0}
	for range 40 { // 40 blocks of 128 KiB, said to be 32
		bomb = append(bomb, 0x02, 0x00, 0x10, 'x')
	}
	bomb = append(bomb, 0x03, 0, 0, 'x')
	for name, f := range map[string]struct {
		stored []byte
		plain  int
	}{
		"empty":              {nil, 10},
		"no bytes":           {good, 0},
		"a negative size":    {good, -1},
		"too large":          {with(make([]byte, MaxBytes+1)), MaxBytes + 1},
		"a byte less":        {good, len(data) - 1},
		"a byte more":        {good, len(data) + 1},
		"cut off":            {good[:len(good)-1], len(data)},
		"header only":        {good[:7], len(data)},
		"a byte behind":      {append(bytes.Clone(good), 0), len(data)},
		"two frames":         {append(bytes.Clone(good), good...), len(data)},
		"skippable behind":   {append(bytes.Clone(good), 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0), len(data)},
		"skippable first":    {append([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, good...), len(data)},
		"no content size":    {stream(), 400 << 10},
		"a large window":     {window, 1 << 20},
		"a dictionary":       {with(data, zstd.WithEncoderDictRaw(7, random(1, 1000))), len(data)},
		"more than it says":  {bomb, MaxBytes},
		"less than it says":  {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x40, 0, 0x03, 0, 0, 'x'}, MaxBytes},
		"a reserved block":   {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x07 | 5<<3, 0, 0, 1, 2, 3, 4, 5}, 5},
		"a huge block":       {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x40, 0, 0x03, 0, 0xff, 'x'}, MaxBytes},
		"random behind head": {append(bytes.Clone(good[:9]), random(1, 500)...), len(data)},
	} {
		err := c.Decode(context.Background(), f.stored, f.plain, func(b []byte) error {
			t.Errorf("%s: used %d bytes", name, len(b))
			return nil
		})
		if !errors.Is(err, ErrFrame) {
			t.Errorf("%s: got %v, want ErrFrame", name, err)
		}
	}
	// And what others may write is read: raw and RLE blocks, a checksum, another window.
	for name, f := range map[string][]byte{
		"checksum":   with(data, zstd.WithEncoderCRC(true)),
		"best":       with(data, zstd.WithEncoderLevel(zstd.SpeedBestCompression)),
		"4 MiB":      with(data, zstd.WithWindowSize(4<<20), zstd.WithSingleSegment(false)),
		"one window": with(data, zstd.WithSingleSegment(true)),
	} {
		if err := c.Decode(context.Background(), f, len(data), func(b []byte) error {
			if !bytes.Equal(b, data) {
				t.Errorf("%s: came back otherwise", name)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := with(data, zstd.WithEncoderCRC(true))
	broken[len(broken)-1] ^= 1
	if err := c.Decode(context.Background(), broken, len(data), nil); !errors.Is(err, ErrFrame) {
		t.Errorf("a wrong checksum: %v", err)
	}
}

func offHeap(t *testing.T, n int) []byte {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(b) })
	return b
}

// TestCodecMemory: buffers are drawn once and late, and little lies on the heap.
func TestCodecMemory(t *testing.T) {
	var drawn, calls atomic.Int64
	c := NewCodec(func(n int) ([]byte, error) {
		drawn.Add(int64(n))
		calls.Add(1)
		return offHeap(t, n), nil
	})
	if calls.Load() != 0 {
		t.Error("memory before it is needed")
	}
	data := samplesOf(t, 2<<20)["logs"]
	stored := encode(t, c, data)
	c = nil // or its heap is taken off
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c = NewCodec(func(n int) ([]byte, error) {
		drawn.Add(int64(n))
		calls.Add(1)
		return offHeap(t, n), nil
	})
	drawn.Store(0)
	calls.Store(0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 2 {
				if _, err := c.Encode(context.Background(), [][]byte{data}, func([]byte) error { return nil }); err != nil {
					t.Error(err)
				}
				if err := c.Decode(context.Background(), stored, len(data), func([]byte) error { return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(c)
	kept := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d buffers, %d bytes; %d bytes kept on the heap", calls.Load(), drawn.Load(), kept)
	if calls.Load() > encoders+decoders || drawn.Load() > encoders*encodeBytes+decoders*decodeBytes {
		t.Errorf("drew %d buffers, %d bytes", calls.Load(), drawn.Load())
	}
	if kept > 6<<20 {
		t.Errorf("%d bytes kept on the heap", kept)
	}
	var s1, s2 runtime.MemStats
	runtime.ReadMemStats(&s1)
	for range 20 {
		encode(t, c, data[:100])
		c.Encode(context.Background(), [][]byte{data}, func([]byte) error { return nil })
		c.Decode(context.Background(), stored, len(data), func([]byte) error { return nil })
	}
	runtime.ReadMemStats(&s2)
	if got := (s2.TotalAlloc - s1.TotalAlloc) / 20; got > 4<<10 {
		t.Errorf("%d bytes allocated each time", got)
	}
}

func TestCodecWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCodec(heap)
		data := make([]byte, 1<<20)
		stored := encode(t, c, data)
		type call func(ctx context.Context, use func([]byte) error) error
		for name, do := range map[string]call{
			"encode": func(ctx context.Context, use func([]byte) error) error {
				_, err := c.Encode(ctx, [][]byte{data}, use)
				return err
			},
			"decode": func(ctx context.Context, use func([]byte) error) error {
				return c.Decode(ctx, stored, len(data), use)
			},
		} {
			hold := make(chan struct{})
			var in atomic.Int64
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					if err := do(t.Context(), func([]byte) error {
						in.Add(1)
						<-hold
						return nil
					}); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			if got := in.Load(); got != 2 {
				t.Errorf("%s: %d at a time, want 2", name, got)
			}
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan error)
			go func() { failed <- do(ctx, nil) }()
			synctest.Wait()
			cancel()
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v, want canceled", name, err)
			}
			close(hold)
			wg.Wait()
			if got := in.Load(); got != 5 {
				t.Errorf("%s: %d of 5 ran", name, got)
			}
			own := errors.New("own")
			for range 5 { // an error gives the place back
				if err := do(t.Context(), func([]byte) error { return own }); !errors.Is(err, own) {
					t.Errorf("%s: got %v", name, err)
				}
			}
			if err := do(ctx, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("%s with places free: got %v, want canceled", name, err)
			}
		}
	})
}

func TestCodecNoMemory(t *testing.T) {
	none := errors.New("none left")
	fail := true
	c := NewCodec(func(n int) ([]byte, error) {
		if fail {
			return nil, none
		}
		return make([]byte, n), nil
	})
	data := make([]byte, 1000)
	for range 5 {
		if _, err := c.Encode(context.Background(), [][]byte{data}, nil); !errors.Is(err, none) {
			t.Errorf("encode: %v", err)
		}
	}
	fail = false
	stored := encode(t, c, data)
	fail = true
	for range 5 {
		if err := c.Decode(context.Background(), stored, len(data), nil); !errors.Is(err, none) || errors.Is(err, ErrFrame) {
			t.Errorf("decode: %v", err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	c := NewCodec(heap)
	for _, data := range [][]byte{make([]byte, 100), bytes.Repeat([]byte("abc"), 1000), append(make([]byte, 200<<10), random(1, 1000)...)} {
		stored := encode(f, c, data)
		f.Add(stored, len(data))
	}
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x40, 0, 0x03, 0, 0, 'x'}, MaxBytes)
	f.Fuzz(func(t *testing.T, stored []byte, plain int) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := c.Decode(context.Background(), stored, plain, func(b []byte) error {
			if len(b) != plain {
				t.Errorf("%d bytes, want %d", len(b), plain)
			}
			return nil
		})
		runtime.ReadMemStats(&after)
		if err != nil && !errors.Is(err, ErrFrame) {
			t.Error(err)
		}
		// The first calls make the decoders: the buffer, tables, and up to 1 MiB of space.
		if got := after.TotalAlloc - before.TotalAlloc; got > decodeBytes+2<<20 {
			t.Errorf("%d bytes allocated", got)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	c := NewCodec(heap)
	all := samplesOf(b, 1<<20)
	for _, kind := range []string{"source", "code", "logs", "random"} {
		data := all[kind]
		var parts [][]byte
		for p := data; len(p) > 0; p = p[min(len(p), 256<<10):] {
			parts = append(parts, p[:min(len(p), 256<<10)])
		}
		b.Run("encode/"+kind, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			size := len(data)
			for b.Loop() {
				c.Encode(context.Background(), parts, func(stored []byte) error { size = len(stored); return nil })
			}
			b.ReportMetric(float64(size)/float64(len(data)), "ratio")
		})
		if kind == "random" {
			continue
		}
		stored := encode(b, c, data)
		b.Run("decode/"+kind, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				c.Decode(context.Background(), stored, len(data), func([]byte) error { return nil })
			}
		})
	}
}

// Free gives back each buffer once, but not those in use; the codec goes on with new ones.
func TestCodecFree(t *testing.T) {
	out := map[*byte]bool{}
	c := NewCodec(func(n int) ([]byte, error) {
		b := make([]byte, n)
		out[&b[0]] = true
		return b, nil
	})
	free := func(b []byte) error {
		if !out[&b[0]] {
			t.Error("a buffer is given back that was not given out, or twice")
		}
		delete(out, &b[0])
		return nil
	}
	plain := bytes.Repeat([]byte("all work and no play "), 5000)
	for range 2 {
		var frame []byte
		if ok, err := c.Encode(t.Context(), [][]byte{plain}, func(b []byte) error { frame = bytes.Clone(b); return nil }); !ok || err != nil {
			t.Fatal(ok, err)
		}
		err := c.DecodeFrom(t.Context(), len(frame), func(b []byte) error { copy(b, frame); return nil }, len(plain), func(b []byte) error {
			if err := c.Free(free); err != nil || len(out) != 2 {
				t.Errorf("%d buffers are out while a decoder works with 2 (%v)", len(out), err)
			}
			if !bytes.Equal(b, plain) {
				t.Error("not what was packed")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Free(free); err != nil || len(out) != 0 {
			t.Errorf("%d buffers are out (%v)", len(out), err)
		}
	}
}
