package pack

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"cairn/store/chunk"
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

// Find in an index of a million chunks, its file in the page cache: chunks that are not
// there, and chunks of sealed packs whose footer pages are mostly in memory.
func BenchmarkFind(b *testing.B) {
	dir := b.TempDir()
	o := Options{FS: object.OS(), Dir: filepath.Join(dir, "packs"), Hints: filepath.Join(dir, "hints")}
	s, err := Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var ids []chunk.ID
	recs := make([]Record, 1000)
	for i := range 10 {
		for j := range recs {
			data := content(8, 0)
			le.PutUint64(data, uint64(i*1000+j))
			recs[j] = s.Chunk(data)
			ids = append(ids, recs[j].ID)
		}
		if _, err := s.Small().Append(b.Context(), recs...); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	if s, err = Open(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	if err := s.Recover(b.Context(), func(meta.PackID) bool { return false }, Visitor{}); err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s.hints.fill(rand.New(rand.NewPCG(1, 2)), 1_000_000, 1000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	size, _ := s.hints.cur.Size()
	b.Logf("%.1f bytes of disk a chunk, %d KiB more in memory", float64(size)/float64(s.hints.used.Load()),
		(int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		rng := rand.New(rand.NewPCG(3, 4))
		for b.Loop() {
			var id chunk.ID
			le.PutUint64(id[:], rng.Uint64())
			if _, ok := s.Find(id, 8); ok {
				b.Fatal("found")
			}
		}
	})
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p, ok := s.Find(ids[rand.IntN(len(ids))], 8)
			if !ok {
				b.Fatal("not found")
			}
			s.Unpin(p.Pack)
		}
	})
}
