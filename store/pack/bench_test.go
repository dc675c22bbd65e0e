package pack

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"cairn/store/meta"
	"cairn/store/object"
)

// Append one chunk, its id and checksums not counted, and flush every n-th.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ size, every int }{{1 << 20, 32}, {4 << 10, 1}, {4 << 10, 1000}} {
		b.Run(fmt.Sprintf("%dKiB/flush%d", c.size>>10, c.every), func(b *testing.B) {
			s, err := Open(b.Context(), Options{FS: object.OS(), Dir: filepath.Join(b.TempDir(), "packs")})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			rec := s.Chunk(content(c.size, 1))
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p, err := s.Small().Append(b.Context(), rec)
				if err == nil && i%c.every == 0 {
					err = s.Flush(b.Context(), p.Pack)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Read records of 4 KiB, in random order, of packs that are sealed since before.
func BenchmarkRead(b *testing.B) {
	for _, packs := range []int{1, 20} {
		b.Run(fmt.Sprintf("4KiB/%dpacks", packs), func(b *testing.B) {
			const each = 1000
			dir := filepath.Join(b.TempDir(), "packs")
			o := Options{FS: object.OS(), Dir: dir, MaxBytes: HeaderBytes + each*(4096+RecordBytes)}
			s, err := Open(b.Context(), o)
			if err != nil {
				b.Fatal(err)
			}
			recs := make([]Record, each)
			for i := range recs {
				recs[i] = s.Chunk(content(4096, byte(i)))
			}
			for range packs {
				if _, err := s.Small().Append(b.Context(), recs...); err != nil {
					b.Fatal(err)
				}
			}
			s.Close()
			if s, err = Open(b.Context(), o); err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for _, workers := range []int{1, 8} {
				b.Run(fmt.Sprintf("%dreaders", workers), func(b *testing.B) {
					b.SetBytes(4096)
					b.ReportAllocs()
					b.SetParallelism((workers + 1) / 2)
					b.RunParallel(func(pb *testing.PB) {
						buf := make([]byte, 4096)
						for pb.Next() {
							if _, err := s.Read(b.Context(), meta.PackID(1+rand.IntN(packs)), rand.Uint32N(each), buf); err != nil {
								b.Fatal(err)
							}
						}
					})
				})
			}
		})
	}
}

// Open a set and read one record of 4 KiB out of a pack with 10,000.
func BenchmarkFirstRead(b *testing.B) {
	o := Options{FS: object.OS(), Dir: filepath.Join(b.TempDir(), "packs"), MaxBytes: HeaderBytes + 10_000*(4096+RecordBytes)}
	s, err := Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	recs := make([]Record, 10_000)
	for i := range recs {
		recs[i] = s.Chunk(content(4096, byte(i)))
	}
	if _, err := s.Small().Append(b.Context(), recs...); err != nil {
		b.Fatal(err)
	}
	s.Close()
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(b.Context(), o)
		if err == nil {
			_, err = s.Read(b.Context(), 1, rand.Uint32N(10_000), nil)
		}
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
