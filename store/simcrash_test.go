package store_test

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// simFlag reads a number from the environment, for repeating.
func simFlag(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// simCrashes crashes until there were n crashes, on disks of ten each. Every second
// disk has one client only, so that its seed repeats but for what runs in the
// background.
func simCrashes(t *testing.T, n int) {
	first := simFlag("SIM_SEED", uint64(time.Now().UnixNano())%1e9)
	tmp := simTmp(t)
	stats := &simStats{}
	begin := time.Now()
	seed := first
	var group sync.WaitGroup
	slots := make(chan bool, runtime.GOMAXPROCS(0))
	for ; stats.crashes() < n && !t.Failed(); seed++ {
		workers := 1
		if seed%2 == 1 {
			workers = 2 + int(seed/2)%3
		}
		life := newSimLife(t, seed, workers, tmp, stats)
		slots <- true
		group.Go(func() {
			life.run(10)
			<-slots
		})
	}
	group.Wait()
	took := time.Since(begin)
	t.Logf("seeds %d to %d (SIM_SEED=%d SIM_CRASHES=1 go test -run '^%s$' ./store repeats from the last): %v", first, seed-1, seed-1, t.Name(), stats)
	t.Logf("%v in all, %v a crash", took.Round(time.Millisecond), (took / time.Duration(max(1, stats.crashes()))).Round(10*time.Microsecond))
}

// The machine stops at any call, again while it recovers: what was acknowledged is
// there, and the store opens and goes on.
func TestSimCrashes(t *testing.T) {
	simCrashes(t, int(simFlag("SIM_CRASHES", 1000)))
}
