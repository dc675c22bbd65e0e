//go:build unix

package store_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/object"
)

// BenchmarkPut stores new files of 4 KiB in a real folder, from 8 and 64 clients, and
// from 64 with each flush slowed to 5 ms. Below HTTP: see test/bench for the doors.
func BenchmarkPut(b *testing.B) {
	for _, c := range []struct {
		clients int
		flush   time.Duration
	}{{1, 0}, {8, 0}, {64, 0}, {64, 5 * time.Millisecond}} {
		name := fmt.Sprintf("clients=%d", c.clients)
		fs := object.NewFaults(object.OS())
		if c.flush > 0 {
			name += "/flush=" + c.flush.String()
		}
		b.Run(name, func(b *testing.B) {
			s, sc := benchStore(b, fs)
			fs.Delay(object.OpSync, c.flush)
			defer fs.Clear()
			was, cpu := s.CommitsForTest(), cpuTime()
			b.ResetTimer()
			fanOut(b, c.clients, func(client, i int) error {
				body := bytes.Repeat([]byte{byte(i), byte(i >> 8), byte(i >> 16), byte(client)}, 1024)
				p := store.Path(fmt.Sprintf("dir%d/%d-%d.txt", client, client, i))
				_, err := s.Put(context.Background(), sc, p, bytes.NewReader(body), store.PutOptions{Size: 4096, Parents: true})
				return err
			})
			b.StopTimer()
			b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/put")
			now := s.CommitsForTest()
			n := float64(now.Changes - was.Changes)
			batches := float64(now.Batches - was.Batches)
			b.ReportMetric(n/b.Elapsed().Seconds(), "put/s")
			b.ReportMetric(n/batches, "put/batch")
			b.ReportMetric(float64((now.Planning-was.Planning).Microseconds())/n, "plan-µs/put")
			b.ReportMetric(float64((now.Flushing-was.Flushing).Microseconds())/batches, "flush-µs/batch")
			b.ReportMetric(float64((now.Commit-was.Commit).Microseconds())/batches, "commit-µs/batch")
			b.ReportMetric(float64(now.Longest.Microseconds())/1000, "longest-ms")
		})
	}
}

// BenchmarkCopyFolder copies a folder of 10,000 files of 0 bytes.
func BenchmarkCopyFolder(b *testing.B) {
	s, sc := benchStore(b, object.OS())
	fanOutN(b, 64, 10000, func(_, i int) error {
		_, err := s.Put(b.Context(), sc, store.Path(fmt.Sprintf("from/file-%05d.txt", i)), bytes.NewReader(nil), store.PutOptions{Parents: true})
		return err
	})
	b.ResetTimer()
	cpu := cpuTime()
	for i := range b.N {
		if _, err := s.Copy(b.Context(), sc, "from", store.Path(fmt.Sprintf("to%d", i)), store.MoveOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-cpu).Milliseconds())/float64(b.N), "cpu-ms/copy")
	b.ReportMetric(float64(s.CommitsForTest().Longest.Microseconds())/1000, "longest-ms")
}

// cpuTime is what this process has used of the processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchStore(b *testing.B, fs object.FS) (*store.Store, store.Scope) {
	b.Helper()
	s, err := store.Open(b.Context(), store.Options{Dir: filepath.Join(b.TempDir(), "data"), FS: fs, UnsafeFS: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	u, err := s.AddUser(b.Context(), "ada", "hash", 0, true)
	if err != nil {
		b.Fatal(err)
	}
	sc, err := s.Home(b.Context(), u.ID)
	if err != nil {
		b.Fatal(err)
	}
	return s, sc
}

func fanOut(b *testing.B, clients int, f func(client, i int) error) {
	b.Helper()
	fanOutN(b, clients, b.N, f)
}

// fanOutN calls f n times, from some goroutines at once.
func fanOutN(b *testing.B, clients, n int, f func(client, i int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := f(c, int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkPutBesideCopy tells how long small files wait while a folder of 20,000 is
// copied: run it with -benchtime 1x.
func BenchmarkPutBesideCopy(b *testing.B) {
	s, sc := benchStore(b, object.OS())
	fanOutN(b, 64, 20000, func(_, i int) error {
		_, err := s.Put(b.Context(), sc, store.Path(fmt.Sprintf("from/%02d/file-%05d.txt", i%20, i)), bytes.NewReader(nil), store.PutOptions{Parents: true})
		return err
	})
	waits := &times{}
	b.ResetTimer()
	for i := range b.N {
		done := make(chan error)
		go func() {
			_, err := s.Copy(b.Context(), sc, "from", store.Path(fmt.Sprintf("to%d", i)), store.MoveOptions{})
			done <- err
		}()
		for j, busy := 0, true; busy; j++ {
			select {
			case err := <-done:
				if busy = false; err != nil {
					b.Fatal(err)
				}
			default:
				begin := time.Now()
				p := store.Path(fmt.Sprintf("beside%d-%d", i, j))
				if _, err := s.Put(b.Context(), sc, p, bytes.NewReader(make([]byte, 4096)), store.PutOptions{Size: 4096}); err != nil {
					b.Fatal(err)
				}
				waits.add(begin)
			}
		}
	}
	b.Logf("small files beside: %s", waits)
	b.ReportMetric(float64(s.CommitsForTest().Longest.Microseconds())/1000, "longest-ms")
}
