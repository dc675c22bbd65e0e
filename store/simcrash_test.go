package store_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cairn/store/storetest"
)

// simFlag reads a number from the environment, for repeating.
func simFlag(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// simCrashes crashes until there were n crashes, on disks of about twenty each. Every
// second disk has one client only, in a bubble in which nothing goes on in the background between
// two operations, so that its seed repeats. SIM_LIVES=1 makes one disk only.
func simCrashes(t *testing.T, n int) {
	first := simFlag("SIM_SEED", uint64(time.Now().UnixNano())%1e9)
	last := first + simFlag("SIM_LIVES", 1<<40)
	tmp := simTmp(t)
	simTemplate() // outside of bubbles
	stats := &simStats{}
	begin := time.Now()
	seed := first
	var group sync.WaitGroup
	slots := make(chan bool, runtime.GOMAXPROCS(0)+1) // they wait now and then
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	// Some 3 slabs are spilled in 1,000 crashes: it goes on until it has seen one.
	enough := func() bool { return stats.crashes() >= n && (n < 1000 || stats.spilled() || stats.crashes() >= 4*n) }
	for ; seed < last && !enough() && !t.Failed(); seed++ {
		if seed%2 == 0 {
			synctest.Test(t, func(t *testing.T) {
				life := newSimLife(t, seed, 1, tmp, stats)
				life.quiet = synctest.Wait
				life.run(10)
			})
			continue
		}
		life := newSimLife(t, seed, 2+int(seed/2)%3, tmp, stats)
		slots <- true
		group.Go(func() {
			life.run(10)
			<-slots
		})
	}
	group.Wait()
	if last == first+1<<40 && n >= 1000 && !t.Failed() {
		for what, n := range map[string]int{"slab was spilled": stats.spills, "chunk was stored already": stats.hits, "chunk was compressed": stats.coded, "pack was dropped": stats.drops, "pack was compacted": stats.compacted, "pack was merged": stats.merged, "batch was held": stats.held, "checkpoint was written": stats.points, "database was lost": stats.rebuilt, "backup was made": stats.backups, "pack was scrubbed": stats.scrubs, "past was pruned": stats.pruned} {
			if n == 0 {
				t.Errorf("no %s: the test does not test that", what)
			}
		}
	}
	took := time.Since(begin)
	t.Logf("seeds %d to %d: %v", first, seed-1, stats)
	t.Logf("SIM_SEED=… SIM_LIVES=1 go test -run '^%s$' ./store repeats one; %v in all, %v a crash", t.Name(),
		took.Round(time.Millisecond), (took / time.Duration(max(1, stats.crashes()))).Round(10*time.Microsecond))
}

// The machine stops at any call, again while it recovers: what was acknowledged is
// there, and the store opens and goes on.
func TestSimCrashes(t *testing.T) {
	simCrashes(t, int(simFlag("SIM_CRASHES", 1000)))
}

// The very first opening may be cut short at any call: the next one succeeds, and a
// store that has once told of an account never forgets it.
func TestSimFirstOpening(t *testing.T) {
	tmp := simTmp(t)
	for n, over := 1, false; !over; n++ {
		for seed := range uint64(2) {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			m := &simMachine{tmp: tmp, clock: newSimClock()}
			m.swap(storetest.NewDisk(seed))
			if err := m.disk.MkdirAll("/srv"); err != nil {
				t.Fatal(err)
			}
			m.disk.CrashAt(n, r.Float64()*1.3-0.3)
			told := false
			if err := m.open(simParams{}); err == nil {
				_, err := m.s.AddUser(t.Context(), "ada", "hash", 0, true)
				told = err == nil
			}
			over = !m.disk.IsOff()
			m.disk.Off()
			m.close()
			if n%4 == 0 {
				m.swap(m.disk.Kill())
			} else {
				m.swap(m.disk.Crash(r))
			}
			if err := m.open(simParams{}); err != nil {
				t.Errorf("crash at call %d, seed %d: the store does not open: %v", n, seed, err)
				continue
			}
			users, err := m.s.Users(t.Context())
			if err != nil || told && len(users) != 1 {
				t.Errorf("crash at call %d, seed %d: %d accounts (%v)", n, seed, len(users), err)
			}
			if err := m.close(); err != nil {
				t.Error(err)
			}
		}
	}
}
