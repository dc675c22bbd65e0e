//go:build bench

package bench

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cairn/test/bench/report"
	"cairn/test/rig"
)

var (
	growthFiles = flag.String("files", "1000,10000,100000,1000000", "growth: numbers of files to look at")
	growthReads = flag.Int("reads", 20000, "growth: GETs, and stats, at each number of files")
)

const (
	growthClients = 8
	growthSize    = 4096
	folderSize    = 1000
	flatFirst     = 10000 // file that begins the flat folder
	flatSize      = 10000
)

// growthFolder is the folder of a file: a thousand in each, but for the flat one.
func growthFolder(i int) string {
	if i >= flatFirst && i < flatFirst+flatSize {
		return "flat/"
	}
	return fmt.Sprintf("d%06d/", i/folderSize)
}

func growthPath(i int) string { return growthFolder(i) + fmt.Sprintf("f%07d.bin", i) }

// TestGrowth fills one store and looks at what things cost at each size: files of 4 KiB
// that all differ, in folders of a thousand, and 10,000 in one flat folder from 20,000
// on. Eight clients; the page cache is warm.
func TestGrowth(t *testing.T) {
	sizes := numbers(t, *growthFiles)
	slices.Sort(sizes)
	g := &growth{t: t, s: rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}}), rand: rand.New(rand.NewPCG(*seed, 1))}
	g.c = newClient(g.s)
	table := report.NewTable("files", "PUT/s, all so far", "PUT/s, last 1,000", "GET/s", "stat/s", "list 1,000, ms", "list 10,000, ms",
		"open, ms", "open after kill, ms", "open without database, s", "pack B/file", "database B/file", "hint B/file", "RssAnon peak, MiB", "idle, MiB")
	lines := make([]report.Line, 6)
	for i, name := range []string{"PUT", "GET", "stat", "list 1,000", "open", "open after kill"} {
		lines[i].Name = name
	}
	for _, n := range sizes {
		p := g.grow(n)
		table.Add(n, p.putAll, p.putLast, p.get, p.stat, p.list, p.flat, p.open, p.afterKill, p.rebuild,
			float64(p.disk["packs"].blocks)/float64(n), float64(p.disk["database"].blocks)/float64(n), float64(p.disk["hints"].blocks)/float64(n), p.peak, p.idle)
		for i, y := range []float64{p.putLast, p.get, p.stat, p.list, p.open, p.afterKill} {
			lines[i].Points = append(lines[i].Points, report.Point{X: float64(n), Y: y})
		}
		note("%d files: %+v", n, p)
	}
	show(t, "growth", "Cost against the number of files (4 KiB each, distinct, 8 clients, page cache warm)", table,
		"Bytes a file are blocks on the disk after a clean stop; what they hold is 4,096 bytes. RssAnon peak: while writing and reading; idle: just opened.")
	plot := report.Plot{Title: "Cost against the number of files", X: "files of 4 KiB in the store", Panels: []report.Panel{
		{Y: "requests a second", Lines: lines[:3]}, {Y: "milliseconds", Lines: lines[3:]},
	}}
	var svg bytes.Buffer
	if err := plot.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	save(t, "growth.svg", svg.Bytes())
	g.s.Stop()
	g.s.Check()
}

// growth is a store that grows.
type growth struct {
	t    *testing.T
	s    *rig.Server
	c    *client
	rand *rand.Rand
	have int
	took time.Duration // of all PUTs so far
}

// costs is what things cost at one size.
type costs struct {
	putAll, putLast, get, stat  float64 // a second
	list, flat, open, afterKill float64 // ms
	rebuild                     float64 // s
	peak, idle                  float64 // MiB
	disk                        map[string]usage
}

func (g *growth) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// grow fills the store up to n files and measures.
func (g *growth) grow(n int) costs {
	g.t.Helper()
	var p costs
	memory := g.s.WatchMemory()
	last := max(g.have, n-folderSize)
	g.put(last)
	p.putLast = float64(n-last) / g.put(n).Seconds()
	p.putAll = float64(n) / g.took.Seconds()

	reads := *growthReads
	begin := time.Now()
	g.must(parallel(growthClients, 0, reads, g.each(func(i int) error { return g.c.get(growthPath(i), random(uint64(i), growthSize)) })))
	p.get = float64(reads) / time.Since(begin).Seconds()
	begin = time.Now()
	g.must(parallel(growthClients, 0, reads, g.each(func(i int) error { return g.c.stat(growthPath(i)) })))
	p.stat = float64(reads) / time.Since(begin).Seconds()
	p.list, p.flat = g.list(n)
	p.peak = float64(memory()) / mib

	var opens []float64
	for range 3 {
		g.stop()
		opens = append(opens, milliseconds(g.open()))
	}
	slices.Sort(opens)
	p.open = opens[1]
	p.idle = float64(g.s.RssAnon()) / mib
	g.stop()
	p.disk = storeUsage(g.t, g.s.Dir)
	g.open()

	// A hundred files that the store has not put in order when it is killed.
	g.must(g.c.mkcol(fmt.Sprintf("tail%d/", n)))
	g.must(parallel(growthClients, 0, 100, func(i int) error {
		return g.c.put(fmt.Sprintf("tail%d/%d", n, i), random(uint64(n)<<32+uint64(i), growthSize))
	}))
	g.c.close()
	g.s.Kill9()
	p.afterKill = milliseconds(g.open())

	g.stop()
	names, err := filepath.Glob(filepath.Join(g.s.Dir, "meta.db*"))
	g.must(err)
	for _, name := range names {
		g.must(os.Remove(name))
	}
	p.rebuild = g.open().Seconds()
	g.must(g.c.get(growthPath(n-1), random(uint64(n-1), growthSize)))
	return p
}

// each chooses files at random, the same ones for the same seed.
func (g *growth) each(job func(i int) error) func(int) error {
	files := make([]int, *growthReads)
	for i := range files {
		files[i] = g.rand.IntN(g.have)
	}
	return func(i int) error { return job(files[i]) }
}

// put adds files up to n, and returns how long that took, without the MKCOLs.
func (g *growth) put(n int) time.Duration {
	g.t.Helper()
	for i, before := g.have, ""; i < n; i++ {
		if f := growthFolder(i); f != before {
			before = f
			if i == 0 || growthFolder(i-1) != f {
				g.must(g.c.mkcol(f))
			}
		}
	}
	begin := time.Now()
	g.must(parallel(growthClients, g.have, n, func(i int) error { return g.c.put(growthPath(i), random(uint64(i), growthSize)) }))
	took := time.Since(begin)
	g.have = n
	g.took += took
	return took
}

// list is the median time of full folders, of a thousand and of ten thousand.
func (g *growth) list(n int) (list, flat float64) {
	g.t.Helper()
	var thousand, ten latency
	for len(thousand.took) < 21 {
		i := g.rand.IntN(n)
		if f := growthFolder(i); f != "flat/" && (i/folderSize+1)*folderSize <= n {
			g.must(thousand.timed(func() error { return g.c.list(f, folderSize) }))
		}
	}
	if n >= flatFirst+flatSize {
		for range 9 {
			g.must(ten.timed(func() error { return g.c.list("flat/", flatSize) }))
		}
	}
	return thousand.at(0.5), ten.at(0.5)
}

func (g *growth) stop() {
	g.t.Helper()
	g.c.close()
	g.s.Stop()
}

func (g *growth) open() time.Duration {
	g.t.Helper()
	begin := time.Now()
	g.s.Restart()
	return time.Since(begin)
}
