package pack

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

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

// What a flush of each small append costs, with and without space allocated ahead.
func BenchmarkSmallAppend(b *testing.B) {
	for _, ahead := range []int64{0, 1 << 20} {
		b.Run(fmt.Sprintf("ahead%dKiB", ahead>>10), func(b *testing.B) {
			s, err := Open(b.Context(), Options{FS: object.OS(), Dir: filepath.Join(b.TempDir(), "packs"), Ahead: ahead})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			recs := []Record{s.Chunk(content(4<<10, 1)), commitRecord(1)}
			var times []time.Duration
			for b.Loop() {
				begin := time.Now()
				p, err := s.Small().Append(b.Context(), recs...)
				if err == nil {
					err = s.Flush(b.Context(), p.Pack)
				}
				if err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(begin))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1000, "µs/median")
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
