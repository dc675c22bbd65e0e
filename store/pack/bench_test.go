package pack

import (
	"fmt"
	"path/filepath"
	"testing"

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
