package object_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cairn/store/object"
)

// What a flush of a small append costs: where the file grows, where its blocks are
// allocated but were never written, and where zeros were written (and flushed) before.
// Run it with TMPDIR on a real disk; the median is what counts.
func BenchmarkSmallFlush(b *testing.B) {
	for _, way := range []string{"grow", "fallocate", "zeros"} {
		for _, size := range []int{4 << 10, 16 << 10} {
			b.Run(fmt.Sprintf("%s/%dKiB", way, size>>10), func(b *testing.B) {
				path := filepath.Join(b.TempDir(), "f")
				f, err := object.OS().Open(path, os.O_RDWR|os.O_CREATE)
				if err != nil {
					b.Fatal(err)
				}
				defer f.Close()
				const ahead = 16 << 20
				switch way {
				case "fallocate":
					raw, err := os.OpenFile(path, os.O_RDWR, 0)
					if err != nil {
						b.Fatal(err)
					}
					err = unix.Fallocate(int(raw.Fd()), 0, 0, ahead)
					raw.Close()
					if err != nil {
						b.Fatal(err)
					}
				case "zeros":
					if _, err := f.WriteAt(make([]byte, ahead), 0); err != nil {
						b.Fatal(err)
					}
				}
				if err := f.Sync(); err != nil {
					b.Fatal(err)
				}
				data := make([]byte, size)
				for i := range data {
					data[i] = byte(i) | 1
				}
				var times []time.Duration
				for off := int64(0); b.Loop(); off += int64(size) {
					if off+int64(size) > ahead {
						off = 0 // by then there are samples enough
					}
					begin := time.Now()
					if _, err := f.WriteAt(data, off); err != nil {
						b.Fatal(err)
					}
					if err := f.Sync(); err != nil {
						b.Fatal(err)
					}
					times = append(times, time.Since(begin))
				}
				slices.Sort(times)
				b.ReportMetric(float64(times[len(times)/2].Microseconds()), "µs/median")
				b.ReportMetric(float64(times[len(times)*9/10].Microseconds()), "µs/p90")
			})
		}
	}
}
