package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/object"
	"cairn/store/storetest"
)

// simWorkload is a disk as a crash left it, and what one client is going to do there.
type simWorkload struct {
	seed uint64
	disk *storetest.Disk
	w    simWorker
}

// newSimWorkload has something to recover from: the disk went through two crashes.
func newSimWorkload(t *testing.T, seed uint64, tmp string) *simWorkload {
	l := newSimLife(t, seed, 1, tmp, &simStats{})
	for range 2 {
		if l.start(false) {
			l.work()
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	l.m.swap(l.m.disk.Crash(l.r))
	x := &simWorkload{seed: seed, disk: l.m.disk, w: *l.workers[0]}
	if x.hasQuota(t, tmp) {
		return newSimWorkload(t, seed+1<<32, tmp)
	}
	return x
}

// hasQuota reports whether the crash has left a quota, of which the client knows nothing:
// it would take refusals for faults.
func (x *simWorkload) hasQuota(t *testing.T, tmp string) bool {
	in := storetest.NewInjector(x.disk.Clone(x.seed))
	m := &simMachine{tmp: tmp, clock: newSimClock(), disk: in.Disk, fs: object.NewFaults(in)}
	if err := m.open(simSettings[0]); err != nil {
		t.Fatal(err)
	}
	defer m.close()
	_, quota, _, err := m.s.Usage(context.Background(), x.w.sc)
	if err != nil {
		t.Fatal(err)
	}
	return quota != 0
}

// run makes the n-th call fail, and checks what is there after a restart (or a crash,
// for every second n). It returns the call that failed, "" if there are fewer.
func (x *simWorkload) run(t *testing.T, tmp string, n int, looks bool, f storetest.Fault) (what string, apt bool) {
	in := storetest.NewInjector(x.disk.Clone(x.seed))
	m := &simMachine{tmp: tmp, clock: newSimClock(), disk: in.Disk, fs: object.NewFaults(in)}
	m.clock.advance(time.Hour * 100)
	w := x.w
	w.token = ""
	tags := &simTags{sums: map[string]uint64{}}
	sick := func() bool { now, _ := in.Failed(); return what != "" || now != "" }
	bad := func(format string, err error) {
		if what == "" {
			what, _ = in.Failed()
		}
		t.Errorf("workload %d, call %d (%s) failing with %s: "+format, x.seed, n, what, f, err)
	}
	in.Fail(n, looks, f)
	par := simSettings[x.seed%uint64(len(simSettings))]
	err := m.open(par)
	if err != nil {
		if !sick() {
			bad("the store does not open: %v", err)
			return "", false
		}
		what, apt = in.Failed()
		in.Fail(0, false, 0)
	}
	for err != nil {
		if err = m.open(par); err != nil {
			bad("the store does not open later: %v", err)
			return "", false
		}
	}
	// A client that goes on after errors.
	if err := w.verify(m.s, tags); err != nil && !sick() {
		bad("%v", err)
	} else if err != nil {
		if err := x.unreadable(m, &w, tags); err != nil {
			bad("when the fault is over: %v", err)
			m.close()
			return in.Failed()
		}
	}
	r := rand.New(rand.NewPCG(x.seed, 6))
	var trail []error
	defer func() {
		if t.Failed() {
			t.Logf("on the way: %v", trail)
		}
	}()
	for i := range 12 {
		var err error
		if i%4 == 3 {
			err = keepSim(m.s, i == 7, sick)
		} else {
			err = w.step(context.Background(), m.s, r, sick, x.seed%3 == 0)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, errSimEnd) {
			bad("%v", err)
			break
		}
		trail = append(trail, err, m.s.Ready())
		if m.s.Ready() != nil {
			break // it wants to be restarted: what was under way may have come through
		}
		m.s.SetQuota(context.Background(), w.sc.User, 0)
		m.clock.advance(2 * time.Hour)
		if w.token = ""; w.maybe == nil {
			continue
		}
		if err := w.verify(m.s, tags); err != nil { // an error and no change, or the change
			bad("while it is open: %v", err)
			break
		}
	}
	if what == "" {
		what, apt = in.Failed()
	}
	in.Fail(0, false, 0)
	if n%2 == 0 {
		m.disk.Off()
	}
	if m.close(); m.kept > 0 {
		bad("%v", errors.New("a slab was lost"))
	}
	if t.Failed() {
		return what, apt
	}
	if n%2 == 0 {
		m.swap(m.disk.Crash(r))
	} else {
		m.swap(m.disk.Kill())
	}
	if err := m.open(simSettings[n%len(simSettings)]); err != nil {
		bad("the store does not open after a restart: %v", err)
		return what, apt
	}
	defer m.close()
	w.token = ""
	if err := w.verify(m.s, tags); err != nil {
		bad("after a restart: %v", err)
	}
	if n/2%simVerifyEach != 0 { // after a crash and after a restart
		return what, apt
	}
	found, err := verifyDisk(m.disk, "/srv/data", true)
	for _, f := range found {
		bad("verify: %v", errors.New(f.String()))
	}
	if err != nil {
		bad("verify: %v", err)
	}
	return what, apt
}

// keepSim is what an operator does now and then: a collection, or a backup.
func keepSim(s *store.Store, backup bool, sick func() bool) error {
	what, err := "gc", error(nil)
	if backup {
		what = "backup"
		_, err = s.Backup(context.Background(), store.BackupOptions{Dir: "/srv/backups"})
	} else {
		_, err = s.GC(context.Background(), store.GCOptions{Full: true})
	}
	if err != nil && sick() {
		return fmt.Errorf("%w: %s: %w", errSimEnd, what, err)
	}
	return err
}

// unreadable goes on with a store whose opening, or first look, met a call that failed. What
// could not be read then may be out of reach until a restart, but no longer, whatever is
// written meanwhile.
func (x *simWorkload) unreadable(m *simMachine, w *simWorker, tags *simTags) error {
	if w.verify(m.s, tags) == nil { // only the look was hit
		return nil
	}
	before := w.maybe
	_, err := m.s.Mkdir(context.Background(), w.sc, "meanwhile", store.Conditions{})
	m.close()
	m.swap(m.disk.Kill())
	if err2 := m.open(simSettings[0]); err2 != nil {
		return err2
	}
	w.state = w.state.clone()
	if w.maybe = before; before != nil {
		w.maybe = before.clone()
	}
	for _, st := range []*simState{w.state, w.maybe} {
		if st != nil && err == nil {
			st.nodes["meanwhile"] = simNode{folder: true}
		}
	}
	return w.verify(m.s, tags)
}

// simInjected counts what was injected, over many workloads.
type simInjected struct {
	mu    sync.Mutex
	calls int
	kinds map[storetest.Fault]int
}

// simInject fails calls of workloads, in each way that they can: every stride-th of those
// that change something, every looks-th of those that only look.
func simInject(t *testing.T, workloads, stride, looks int) {
	tmp := simTmp(t)
	simTemplate()
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	begin := time.Now()
	done := simInjected{kinds: map[storetest.Fault]int{}}
	t.Run("workload", func(t *testing.T) {
		for seed := range uint64(workloads) {
			seed += simFlag("SIM_SEED", 0)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				x := newSimWorkload(t, seed, tmp)
				x.inject(t, tmp, false, stride, &done)
				x.inject(t, tmp, true, looks, &done)
			})
		}
	})
	injected := 0
	for _, n := range done.kinds {
		injected += n
	}
	t.Logf("%d workloads, every %d. call that changes something, every %d. that looks: %d calls, %d faults injected (%d errors, %d short writes, %d disks full) in %v",
		workloads, stride, looks, done.calls, injected, done.kinds[storetest.Broken], done.kinds[storetest.Short], done.kinds[storetest.Full], time.Since(begin).Round(time.Second))
}

// inject fails every step-th call of one sort until there are no more, or one did harm.
func (x *simWorkload) inject(t *testing.T, tmp string, looks bool, step int, done *simInjected) {
	for n := 1 + int(x.seed)%step; ; n += step {
		hit, last := false, ""
		for f := range storetest.Faults {
			if !canFail(last, f) {
				continue
			}
			what, apt := x.run(t, tmp, n, looks, f)
			if t.Failed() {
				return
			}
			if what != "" && apt {
				hit = true
				done.mu.Lock()
				done.kinds[f]++
				done.mu.Unlock()
			}
			last = cmp.Or(what, "nothing")
		}
		if !hit { // there are fewer calls
			return
		}
		done.mu.Lock()
		done.calls++
		done.mu.Unlock()
	}
}

// canFail reports whether a call of the kind that last failed can fail as f.
func canFail(last string, f storetest.Fault) bool {
	kind, _, _ := strings.Cut(last, " ")
	switch f {
	case storetest.Short:
		return kind == "write"
	case storetest.Full:
		return slices.Contains([]string{"write", "create", "mkdir", "rename", "sync"}, kind)
	}
	return true
}

// Any call may fail, once: what was acknowledged is there, no content is wrong, and the
// store opens. All calls of all workloads: make soak.
func TestSimEveryCallFails(t *testing.T) {
	stride := int(simFlag("SIM_STRIDE", 5))
	simInject(t, 6, stride, 6*stride)
}
