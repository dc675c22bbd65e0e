package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/object"
	"cairn/store/storetest"
	"cairn/store/storetest/sqlite"
)

// simParams are the settings that change between two runs on one disk.
type simParams struct {
	memory, pack int64
	hold         int  // -1: COMMITs wait for one another whenever they can
	noHints      bool // nothing is known of what sealed packs hold
	verifyReads  bool
	tight        bool // of the smallest budget, most slabs are in use elsewhere: chunks are spilled
}

var simSettings = []simParams{
	{memory: 28 << 20, pack: 512 << 10, hold: -1},
	{pack: 4 << 20, verifyReads: true},
	{memory: 28 << 20, pack: 512 << 10, hold: -1, tight: true, verifyReads: true},
	{pack: 4 << 20, hold: -1, noHints: true},
	{memory: 28 << 20, pack: 1 << 20, tight: true},
	{pack: 512 << 10, noHints: true, verifyReads: true},
}

// simTight is how many slabs are left: enough for the longest chunk here to be read back.
const simTight = 8

// simMachine is a machine with one store on it.
type simMachine struct {
	disk  *storetest.Disk
	fs    object.FS // disk, or a wrapper of it
	tmp   string
	clock *clock
	p     *sqlite.Process
	s     *store.Store
	log   *slog.Logger
	hog   func() // gives the slabs back
	kept  int    // slabs of budgets that were not given back whole: somebody forgot one
}

func (m *simMachine) open(par simParams) (err error) {
	m.p = sqlite.NewProcess(m.fs, m.tmp)
	m.s, err = store.Open(context.Background(), store.Options{Dir: "/srv/data", FS: m.fs, Connect: m.p.Connect, Clock: m.clock.now,
		MemoryBudget: par.memory, PackBytes: par.pack, NoHints: par.noHints, VerifyReads: par.verifyReads, HoldCommits: par.hold, Log: m.log})
	if err != nil {
		m.s = nil
		m.p.Close()
	} else if m.hog = nil; par.tight {
		m.hog = m.s.HogForTest(simTight)
	}
	return err
}

func (m *simMachine) close() error {
	if m.s == nil {
		return nil
	}
	if m.hog != nil {
		m.hog()
	}
	err := m.s.Close()
	kept, _ := m.s.SlabsForTest()
	m.kept += kept
	m.s = nil
	m.p.Close()
	return err
}

// swap puts another disk in, as it is after a crash.
func (m *simMachine) swap(d *storetest.Disk) { m.disk, m.fs = d, d }

// simTmp is where the index of the write-ahead log lies: in memory if that can be.
func simTmp(t testing.TB) string {
	if dir, err := os.MkdirTemp("/dev/shm", "cairn-sim"); err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

const simWorkers = 4

// simVerifyEach is the openings of a disk from one deep Verify to the next; the last one
// always has one.
const simVerifyEach = 5

// simTemplate is a disk with a new store for simWorkers users, made once.
var simTemplate = sync.OnceValues(func() (*storetest.Disk, []store.Scope) {
	dir, err := os.MkdirTemp("", "cairn-sim")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	m := &simMachine{tmp: dir, clock: newSimClock()}
	m.swap(storetest.NewDisk(0))
	if err := m.disk.MkdirAll("/srv"); err != nil {
		panic(err)
	}
	if err := m.open(simParams{}); err != nil {
		panic(err)
	}
	var scopes []store.Scope
	for i := range simWorkers {
		u, err := m.s.AddUser(context.Background(), fmt.Sprintf("user%d", i), "hash", 0, true)
		if err != nil {
			panic(err)
		}
		sc, err := m.s.Home(context.Background(), u.ID)
		if err != nil {
			panic(err)
		}
		scopes = append(scopes, sc)
	}
	if err := m.close(); err != nil {
		panic(err)
	}
	return m.disk, scopes
})

func newSimClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// simStats are counted over many lives of disks.
type simStats struct {
	mu                                              sync.Mutex
	power, kill, flush, calm, during, clean         int
	acked, lost, unopenable, unclean, late, opening int
	opens                                           int

	spills, hits, coded, drops, compacted, merged, mended, held int
	points, rebuilt, backups                                    int // checkpoints, databases that were lost
	scrubs                                                      int // that read a pack
	pruned                                                      int // versions and entries of the trash
}

func (s *simStats) add(n *int, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n += by
}

func (s *simStats) crashes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.power + s.kill + s.flush + s.calm + s.during
}

func (s *simStats) spilled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spills > 0
}

func (s *simStats) String() string {
	return fmt.Sprintf("%d crashes: power lost at a call %d, when idle %d, after a failed flush %d; killed at a call %d; recoveries interrupted %d. "+
		"%d clean restarts, %d openings. %d acknowledged operations checked: acknowledged losses %d, unopenable stores %d, checks that complain %d. "+
		"%d slabs spilled, %d chunks stored already, %d compressed, %d packs dropped, %d compacted, %d merged, %d mended, %d batches held, %d checkpoints, %d databases lost, %d backups, %d scrubs, %d of the past pruned",
		s.power+s.kill+s.flush+s.calm+s.during, s.power, s.calm, s.flush, s.kill, s.during, s.clean, s.opens, s.acked, s.lost, s.unopenable, s.unclean,
		s.spills, s.hits, s.coded, s.drops, s.compacted, s.merged, s.mended, s.held, s.points, s.rebuilt, s.backups, s.scrubs, s.pruned)
}

// simLife is the life of one disk: runs that end in crashes, each with what comes after.
type simLife struct {
	t       *testing.T
	seed    uint64
	r       *rand.Rand
	m       *simMachine
	workers []*simWorker
	tags    *simTags
	stats   *simStats
	trail   strings.Builder
	quiet   func() // waits until nothing goes on in the background

	checks int
	saved  *simSaved
}

func newSimLife(t *testing.T, seed uint64, workers int, tmp string, stats *simStats) *simLife {
	template, scopes := simTemplate()
	l := &simLife{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 4)), stats: stats, tags: &simTags{sums: map[string]uint64{}},
		quiet: func() {}, m: &simMachine{tmp: tmp, clock: newSimClock()}}
	l.m.swap(template.Clone(seed))
	l.m.clock.advance(time.Hour)
	for i := range workers {
		l.workers = append(l.workers, &simWorker{name: fmt.Sprintf("user%d", i), sc: scopes[i], state: newSimState()})
	}
	var out io.Writer = io.Discard
	if os.Getenv("SIM_LOG") != "" {
		out = os.Stderr
	}
	l.m.log = slog.New(simLog{slog.NewTextHandler(out, nil), stats})
	return l
}

func (l *simLife) note(format string, args ...any) {
	fmt.Fprintf(&l.trail, format+"\n", args...)
	if os.Getenv("SIM_LOG") != "" {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}

// fail reports what went wrong, with the way to it.
func (l *simLife) fail(n *int, format string, args ...any) {
	l.stats.add(n, 1)
	l.t.Errorf("seed %d: %s\n%s", l.seed, fmt.Sprintf(format, args...), l.trail.String())
}

// run makes crashes until there were some, or one did harm.
func (l *simLife) run(crashes int) {
	for range crashes {
		if !l.start(false) || !l.work() {
			break
		}
	}
	if !l.t.Failed() && l.start(true) {
		l.m.close()
	}
	for _, w := range l.workers {
		l.stats.add(&l.stats.acked, w.acked)
		l.stats.add(&l.stats.pruned, w.pruned)
	}
	if l.m.kept > 0 {
		l.t.Errorf("seed %d: a slab was lost\n%s", l.seed, l.trail.String())
	}
}

// start opens the store, which may crash a few times before it comes up, and checks
// it. false: it does not open, or something is lost.
func (l *simLife) start(last bool) bool {
	par := simSettings[l.r.IntN(len(simSettings))]
	if l.r.IntN(6) == 0 {
		l.loseDatabase()
	}
	for tries := 0; ; tries++ {
		doomed := tries < 4 && l.r.IntN(3) == 0
		if doomed {
			l.m.disk.CrashAt(1+l.r.IntN(40), l.r.Float64()*1.3-0.3)
		}
		l.stats.add(&l.stats.opens, 1)
		err := l.m.open(par)
		l.quiet()
		l.m.disk.CrashAt(0, 0)
		if off := l.m.disk.IsOff(); !off && err != nil {
			l.fail(&l.stats.unopenable, "the store does not open: %v", err)
			return false
		} else if !off {
			break
		}
		l.note("crash during opening: %v", err)
		l.m.close()
		l.stats.add(&l.stats.during, 1)
		l.swap(l.r.IntN(4) == 0)
	}
	return l.check(last)
}

// check reads all that users see, and each few times all that is stored.
func (l *simLife) check(last bool) bool {
	for _, w := range l.workers {
		if err := w.verify(l.m.s, l.tags); err != nil {
			l.fail(&l.stats.lost, "%v", err)
			l.m.close()
			return false
		}
		w.token = ""
		l.m.s.SetQuota(context.Background(), w.sc.User, 0) // a crash may have left one
	}
	l.m.clock.advance(2 * time.Hour) // locks end
	if l.checks++; l.checks%simVerifyEach != 0 && !last {
		return true // all content was read
	}
	found, err := verifyDisk(l.m.disk, "/srv/data", true)
	sound := err == nil
	for _, f := range found {
		l.fail(&l.stats.unclean, "verify: %v", f)
		sound = false
	}
	if err != nil {
		l.fail(&l.stats.unclean, "verify: %v", err)
	}
	if err := l.restored(); err != nil {
		l.fail(&l.stats.lost, "the backup: %v", err)
		sound = false
	}
	if !sound {
		l.m.close()
	}
	return sound
}

// loseDatabase is what somebody does who deletes it, or restores all but it.
func (l *simLife) loseDatabase() {
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
		l.m.disk.Remove("/srv/data/" + name) // not all are there
	}
	l.m.disk.SyncDir("/srv/data")
	l.note("the database is lost")
	l.stats.add(&l.stats.rebuilt, 1)
}

// simLog counts the packs that were mended.
type simLog struct {
	slog.Handler
	stats *simStats
}

func (h simLog) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "replaced by pads") {
		h.stats.add(&h.stats.mended, 1)
	}
	return h.Handler.Handle(ctx, r)
}

// swap takes the disk through the end of the machine.
func (l *simLife) swap(kill bool) {
	if kill {
		l.m.swap(l.m.disk.Kill())
	} else {
		l.m.swap(l.m.disk.Crash(l.r))
	}
}

// work lets the workers work until the machine is off, or for a while. false: they met
// what must not be.
func (l *simLife) work() bool {
	kind := l.r.IntN(100)
	flaky := kind >= 80 && kind < 90
	switch {
	case kind < 25:
		l.m.disk.CrashAtSync(1 + l.r.IntN(20*len(l.workers)))
	case kind < 80:
		l.m.disk.CrashAt(1+l.r.IntN(150*len(l.workers)), l.r.Float64()*1.3-0.3)
	case flaky:
		l.m.disk.FailSync(1+l.r.IntN(20*len(l.workers)), l.r.IntN(2) == 0)
	}
	sick := func() bool { return flaky || l.m.disk.IsOff() }
	var group sync.WaitGroup
	errs := make([]error, len(l.workers))
	large := l.r.IntN(3) == 0 || l.m.hog != nil
	for i, w := range l.workers {
		r := rand.New(rand.NewPCG(l.r.Uint64(), 5))
		group.Go(func() {
			for range 4 + r.IntN(22) {
				if err := w.step(context.Background(), l.m.s, r, sick, large); err != nil {
					errs[i] = err
					break
				}
				var err error
				switch r.IntN(24) {
				case 0, 1, 2, 3:
					err = l.collect(r, sick)
				case 4:
					err = l.backup(w, sick)
				case 5:
					err = l.scrub(r, sick)
				}
				if err != nil {
					errs[i] = err
					break
				}
				l.quiet()
			}
		})
	}
	group.Wait()
	l.stats.add(&l.stats.spills, int(l.m.s.SpillsForTest()))
	l.stats.add(&l.stats.hits, int(l.m.s.HitsForTest()))
	l.stats.add(&l.stats.held, l.m.s.CommitsForTest().Held)
	l.stats.add(&l.stats.coded, l.m.s.CodedForTest(context.Background()))
	for _, err := range errs {
		if err != nil && !errors.Is(err, errSimEnd) {
			l.fail(&l.stats.late, "%v", err)
			l.m.close()
			return false
		}
	}
	switch {
	case kind < 60:
		l.note("power lost (%v)", errs)
		l.stats.add(&l.stats.power, 1)
	case kind < 80:
		l.note("killed (%v)", errs)
		l.stats.add(&l.stats.kill, 1)
	case flaky:
		l.note("power lost after a failed flush (%v)", errs)
		l.stats.add(&l.stats.flush, 1)
	case kind < 95:
		l.note("power lost when idle")
		l.stats.add(&l.stats.calm, 1)
	default:
		l.note("clean restart")
		l.stats.add(&l.stats.clean, 1)
		if err := l.m.close(); err != nil {
			l.fail(&l.stats.late, "close: %v", err)
			return false
		}
		l.m.swap(l.m.disk.Kill())
		return true
	}
	l.m.disk.Off()
	l.m.close()
	l.swap(kind >= 60 && kind < 80)
	return true
}
