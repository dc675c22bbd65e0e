//go:build bench

package bench

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"cairn/test/bench/report"
	"cairn/test/rig"
)

var (
	copyFiles = flag.Int("copy-files", 100000, "copy: files in the folder, in folders of a thousand")
	copyTurns = flag.Int("turns", 3, "copy: how often it is copied, moved and deleted")
)

// TestCopy asks for small things, one after the other, while a large folder is copied,
// moved and deleted, and tells the longest wait.
func TestCopy(t *testing.T) {
	s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
	c := newClient(s)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.mkcol("tree/"))
	must(c.mkcol("beside/"))
	for d := range (*copyFiles + folderSize - 1) / folderSize {
		must(c.mkcol(fmt.Sprintf("tree/%04d/", d)))
	}
	must(parallel(8, 0, *copyFiles, func(i int) error {
		return c.put(fmt.Sprintf("tree/%04d/%07d", i/folderSize, i), random(uint64(i), 64))
	}))
	note("%d files are there", *copyFiles)

	table := report.NewTable("beside", "it took, ms", "PUT 4 KiB", "p50, ms", "longest, ms", "GET 4 KiB", "p50, ms", "longest, ms", "stat", "p50, ms", "longest, ms")
	n := 0
	beside := func(what string, act func() error) {
		t.Helper()
		var took latency
		small := [3]latency{}
		end := make(chan struct{})
		var running sync.WaitGroup
		loop := func(l *latency, request func() error) {
			running.Go(func() {
				for {
					select {
					case <-end:
						return
					default:
					}
					if err := l.timed(request); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		must(c.put("beside/file", random(7, 4096)))
		loop(&small[0], func() error { n++; return c.put(fmt.Sprintf("beside/%d", n), random(uint64(n), 4096)) })
		loop(&small[1], func() error { return c.get("beside/file", random(7, 4096)) })
		loop(&small[2], func() error { return c.stat("beside/file") })
		time.Sleep(200 * time.Millisecond) // they have begun
		must(took.timed(act))
		close(end)
		running.Wait()
		row := []any{what, took.at(0.5)}
		for i := range small {
			row = append(row, small[i].count(), small[i].at(0.5), small[i].at(1))
		}
		table.Add(row...)
		note("%v", row)
	}
	beside("nothing, for 2 s", func() error { time.Sleep(2 * time.Second); return nil })
	for i := range *copyTurns {
		to, moved := fmt.Sprintf("copy%d/", i), fmt.Sprintf("moved%d/", i)
		beside("COPY", func() error {
			_, err := c.call("COPY", "tree/", nil, []int{201}, "Destination", c.at(to))
			return err
		})
		must(c.get(fmt.Sprintf("%s%04d/%07d", to, (*copyFiles-1)/folderSize, *copyFiles-1), random(uint64(*copyFiles-1), 64)))
		beside("MOVE", func() error {
			_, err := c.call("MOVE", to, nil, []int{201}, "Destination", c.at(moved))
			return err
		})
		beside("DELETE", func() error {
			_, err := c.call("DELETE", moved, nil, []int{204})
			return err
		})
	}
	show(t, "copy", fmt.Sprintf("One client each of small PUT, GET and stat beside the COPY, MOVE and DELETE of a folder of %d files", *copyFiles), table)
	c.close()
	s.Stop()
	s.Check()
}
