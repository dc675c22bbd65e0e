//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var nan = math.NaN()

const mib = 1 << 20

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// cpuSeconds is the processor time that a process has used.
func cpuSeconds(t testing.TB, pid int) float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	w := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.ParseFloat(w[11], 64)
	system, _ := strconv.ParseFloat(w[12], 64)
	return (user + system) / 100 // USER_HZ, the same on all Linux people run this on
}

var writeBytes = regexp.MustCompile(`(?m)^write_bytes: (\d+)$`)

// written is how many bytes a process has sent towards the disk.
func written(t testing.TB, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := writeBytes.FindSubmatch(b)
	if m == nil {
		t.Fatalf("no write_bytes in /proc/%d/io", pid)
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n
}

// usage is the size of files: as they say, and in blocks of the disk.
type usage struct{ apparent, blocks int64 }

func (u usage) plus(v usage) usage { return usage{u.apparent + v.apparent, u.blocks + v.blocks} }

// diskUsage adds up all files and folders below dir as du does.
func diskUsage(t testing.TB, dir string) usage {
	t.Helper()
	var sum usage
	for _, u := range diskUsageBy(t, dir, func(string) string { return "" }) {
		sum = sum.plus(u)
	}
	return sum
}

// storeUsage is diskUsage of a data folder, by what it is for: packs, database, hints
// and rest.
func storeUsage(t testing.TB, dir string) map[string]usage {
	t.Helper()
	return diskUsageBy(t, dir, func(path string) string {
		first, _, _ := strings.Cut(path, "/")
		switch {
		case first == "packs":
			return "packs"
		case strings.HasPrefix(first, "meta.db"):
			return "database"
		case strings.HasPrefix(first, "hints"):
			return "hints"
		}
		return "rest"
	})
}

func diskUsageBy(t testing.TB, dir string, kind func(path string) string) map[string]usage {
	t.Helper()
	sums := map[string]usage{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		u := usage{blocks: info.Sys().(*syscall.Stat_t).Blocks * 512}
		if info.Mode().IsRegular() {
			u.apparent = info.Size()
		}
		sums[kind(rel)] = sums[kind(rel)].plus(u)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// watch calls look ten times a second until stop.
func watch(look func()) (stop func()) {
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			look()
			select {
			case <-quit:
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		close(quit)
		done.Wait()
	}
}
