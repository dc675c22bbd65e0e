package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// gcPercent is the growth of the heap between two collections, while that stays below the
// limit. What lives is a few MiB, so that the usual 100 means to collect 30 times a
// second under small requests, for a fifth of their time.
const gcPercent = 400

// heapFloor is what the Go heap may always use before it is collected more eagerly.
const heapFloor = 28 << 20

// governMemory keeps the process small: buffers are outside the Go heap, within
// --memory-budget, so what is left is small and mostly dies young, and a heap that
// may double before it is collected would be larger than everything in it. The limit
// follows what is alive, so that thousands of connections do not make it collect
// without end. GOMEMLIMIT, if it is set, decides instead, and GOGC for gcPercent.
func governMemory(ctx context.Context) {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	sample := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	value := func(i int) int64 {
		if sample[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return int64(sample[i].Value.Uint64())
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		metrics.Read(sample)
		live, stacks := value(0), value(1)
		runtime := value(2) // what is neither objects nor free: stacks and the runtime's own
		for i := 3; i < len(sample); i++ {
			runtime -= value(i)
		}
		debug.SetMemoryLimit(max(heapFloor, live+live/4+max(runtime, stacks)+8<<20))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
