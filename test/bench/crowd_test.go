//go:build bench

package bench

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/test/bench/report"
	"cairn/test/rig"
)

var (
	crowdWriters = flag.Int("writers", 64, "crowd: clients that write")
	crowdReaders = flag.Int("readers", 64, "crowd: clients that read")
	crowdTime    = flag.Duration("for", 10*time.Minute, "crowd: how long")
	crowdGiB     = flag.Float64("large-gib", 12, "crowd: bytes of large uploads in all, spread over the time")
)

// busy is what a server says, and must not, when the database was locked.
var busy = regexp.MustCompile(`(?i)SQLITE_BUSY|database (table )?is locked|SQLITE_LOCKED`)

// TestCrowd lets writers and readers at one server, and checks every answer: its
// status, and that it is a state that the path had, whole, between the begin of the
// request and its end. At the end the server is killed, and all that was acknowledged
// must be there.
func TestCrowd(t *testing.T) {
	s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
	c := &crowd{client: newClient(s), kinds: map[string]*latency{}, begin: time.Now()}
	for i := range *crowdWriters {
		d := newDrawer(i)
		if err := c.mkcol(d.path); err != nil {
			t.Fatal(err)
		}
		c.drawers = append(c.drawers, d)
	}
	memory, cpu := s.WatchMemory(), cpuSeconds(t, s.PID())
	var wal int64
	stopWatch := watch(func() {
		if info, err := os.Stat(filepath.Join(s.Dir, "meta.db-wal")); err == nil {
			wal = max(wal, info.Size())
		}
	})
	var running sync.WaitGroup
	c.begin = time.Now()
	for i, d := range c.drawers {
		running.Go(func() { c.loop(*seed+uint64(i), func(r *rand.Rand) { c.write(r, d) }) })
	}
	for i := range *crowdReaders {
		running.Go(func() { c.loop(*seed+1e6+uint64(i), c.read) })
	}
	running.Wait()
	took := time.Since(c.begin)
	stopWatch()
	peak, cpu := memory(), cpuSeconds(t, s.PID())-cpu
	c.close()
	s.Kill9()
	s.Restart()
	kept := c.checkAll(t)

	log, err := os.ReadFile(s.Log)
	if err != nil {
		t.Fatal(err)
	}
	locked := len(busy.FindAll(log, -1))
	table := report.NewTable("kind", "requests", "a second", "p50, ms", "p99, ms", "max, ms")
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		l := c.kinds[kind]
		table.Add(kind, l.count(), float64(l.count())/took.Seconds(), l.at(0.5), l.at(0.99), l.at(1))
	}
	show(t, "crowd", fmt.Sprintf("%d writers and %d readers for %s, every answer checked", *crowdWriters, *crowdReaders, took.Round(time.Second)), table,
		fmt.Sprintf("Wrong answers: %d. Answers 5xx: %d. Lines of the log about a locked database: %d. Files right after a kill at the end: %d.",
			c.wrong.Load(), c.failed.Load(), locked, kept),
		fmt.Sprintf("Largest WAL: %s. RssAnon peak: %s. Large uploads: %s. CPU of the server: %s s of %s s on %d cores, which it shares with the clients.",
			gib(wal), gib(peak), gib(c.large.Load()), report.Number(cpu), report.Number(took.Seconds()), runtime.NumCPU()))
	if n := c.wrong.Load(); n > 0 || locked > 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		t.Errorf("%d wrong answers, %d lines about a locked database; the first:\n%s", n, locked, strings.Join(c.first, "\n"))
	}
	s.Stop()
	s.Check()
}

// crowd is what writers and readers share.
type crowd struct {
	*client
	drawers []*drawer
	begin   time.Time
	large   atomic.Int64 // bytes of large uploads
	wrong   atomic.Int64
	failed  atomic.Int64 // of the wrong answers, those with 5xx

	mu    sync.Mutex
	kinds map[string]*latency
	first []string // complaints
}

// loop acts until the time is over, or until so much is wrong that more tells nothing.
func (c *crowd) loop(number uint64, act func(*rand.Rand)) {
	r := rand.New(rand.NewPCG(number, 7))
	for time.Since(c.begin) < *crowdTime && c.wrong.Load() < 1000 {
		act(r)
	}
}

// did notes a request that ends now, or what was wrong with its answer.
func (c *crowd) did(kind string, begin time.Time, err error) bool {
	return c.took(kind, begin, time.Since(begin), err)
}

// took notes a request.
func (c *crowd) took(kind string, begin time.Time, took time.Duration, err error) bool {
	if err != nil {
		c.wrong.Add(1)
		if status := (*statusError)(nil); errors.As(err, &status) && status.status >= 500 {
			c.failed.Add(1)
		}
	}
	c.mu.Lock()
	l := c.kinds[kind]
	if l == nil {
		l = &latency{}
		c.kinds[kind] = l
	}
	if err != nil && len(c.first) < 10 {
		c.first = append(c.first, fmt.Sprintf("%s after %s: %v", kind, begin.Sub(c.begin).Round(time.Millisecond), err))
	}
	c.mu.Unlock()
	l.add(took)
	return err == nil
}

// mayBeLarge says whether the large uploads are behind the pace that -large-gib sets.
func (c *crowd) mayBeLarge() bool {
	pace := *crowdGiB * (1 << 30) * float64(time.Since(c.begin)) / float64(*crowdTime)
	return float64(c.large.Load()) <= pace
}

// write is one act of the writer whose drawer it is; it alone changes it.
func (c *crowd) write(r *rand.Rand, d *drawer) {
	slot := d.slots[r.IntN(len(d.slots))]
	dice := r.IntN(100)
	switch now := slot.now(); {
	case dice < 20 && c.mayBeLarge():
		slot = d.large[r.IntN(len(d.large))]
		f := newFile(r, 1<<20+r.IntN(7<<20))
		c.large.Add(int64(f.size))
		if dice < 10 {
			c.change("PUT 1–8 MiB", func() error { return c.putFile(slot, f) }, step{slot, f})
		} else {
			c.tusFile(r, slot, f)
		}
	case dice < 35 && now.size >= 0:
		to := d.slots[r.IntN(len(d.slots))]
		if to == slot {
			return
		}
		c.change("MOVE", func() error {
			_, err := c.call("MOVE", slot.path, nil, created, "Destination", c.at(to.path), "Overwrite", "T")
			return err
		}, step{slot, absent}, step{to, now})
	case dice < 48 && now.size >= 0:
		c.change("DELETE", func() error {
			_, err := c.call("DELETE", slot.path, nil, []int{204})
			return err
		}, step{slot, absent})
	case dice < 55:
		c.listDrawer(d)
	default:
		f := newFile(r, 1+r.IntN(16<<10))
		kind := "PUT new"
		if now.size >= 0 {
			kind = "PUT over"
		}
		c.change(kind, func() error { return c.putFile(slot, f) }, step{slot, f})
	}
}

// step is a path that gets a new state.
type step struct {
	slot *slot
	to   file
}

// change makes a request that changes paths. If it fails, what they are is not known,
// and both states count as possible from then on.
func (c *crowd) change(kind string, request func() error, steps ...step) {
	for _, s := range steps {
		s.slot.starts(s.to)
	}
	begin := time.Now()
	if c.did(kind, begin, request()) {
		for _, s := range steps {
			s.slot.done()
		}
	}
}

func (c *crowd) putFile(s *slot, f file) error {
	want := 201
	if s.last() {
		want = 204
	}
	_, err := c.call("PUT", s.path, f.bytes(), []int{want})
	return err
}

// read is one act of a reader, who may come at any time of a change.
func (c *crowd) read(r *rand.Rand) {
	d := c.drawers[r.IntN(len(c.drawers))]
	slots := d.slots
	dice := r.IntN(100)
	if dice < 10 {
		c.listDrawer(d)
		return
	}
	if dice < 25 {
		slots = d.large
	}
	s := slots[r.IntN(len(slots))]
	kind := "GET small"
	var header []string
	from, to := 0, -1
	if dice < 25 {
		kind = "GET 1–8 MiB"
	}
	if dice >= 15 && dice < 25 {
		kind = "GET 64 KiB range"
		from = r.IntN(900 << 10)
		to = from + 64<<10
		header = []string{"Range", fmt.Sprintf("bytes=%d-%d", from, to-1)}
	}
	since, begin := s.settled(), time.Now()
	a, err := c.call("GET", s.path, nil, []int{200, 206, 404}, header...)
	took := time.Since(begin)
	if err == nil {
		err = s.was(since, a, from, to)
	}
	if err == nil && a.status == 404 {
		kind = "GET, 404"
	}
	c.took(kind, begin, took, err)
}

// listDrawer lists a folder and compares names and sizes with what it may hold.
func (c *crowd) listDrawer(d *drawer) {
	all := slices.Concat(d.slots, d.large)
	since := make([]int, len(all))
	for i, s := range all {
		since[i] = s.settled()
	}
	begin := time.Now()
	a, err := c.call("PROPFIND", d.path, []byte(props), multi, "Depth", "1", "Content-Type", "application/xml")
	took := time.Since(begin)
	if err == nil {
		err = d.was(all, since, a.body)
	}
	c.took("PROPFIND of 24", begin, took, err)
}

// checkAll reads every path after the end, and counts the files that are there.
func (c *crowd) checkAll(t *testing.T) int {
	t.Helper()
	var kept atomic.Int64
	for _, d := range c.drawers {
		all := slices.Concat(d.slots, d.large)
		err := parallel(8, 0, len(all), func(i int) error {
			s := all[i]
			a, err := c.call("GET", s.path, nil, []int{200, 404})
			if err != nil {
				return err
			}
			if a.status == 200 {
				kept.Add(1)
			}
			return s.was(s.settled(), a, 0, -1)
		})
		if err != nil {
			t.Errorf("after the kill: %v", err)
		}
	}
	return int(kept.Load())
}

// file is a state of a path: so many bytes made from a number; size -1: no file.
type file struct {
	number uint64
	size   int
}

var absent = file{size: -1}

func newFile(r *rand.Rand, size int) file { return file{r.Uint64(), size} }

func (f file) bytes() []byte { return random(f.number, f.size) }

func (f file) String() string {
	if f == absent {
		return "none"
	}
	return fmt.Sprintf("%d bytes (%x)", f.size, f.number)
}

// slot is one path and all states that it had. One writer changes it.
type slot struct {
	path string

	mu      sync.Mutex
	states  []file
	settles int // index of the last state that was acknowledged
}

// drawer is the folder of one writer.
type drawer struct {
	path         string
	slots, large []*slot
}

func newDrawer(i int) *drawer {
	d := &drawer{path: fmt.Sprintf("writer%02d/", i)}
	add := func(name string) *slot { return &slot{path: d.path + name, states: []file{absent}} }
	for k := range 20 {
		d.slots = append(d.slots, add(fmt.Sprintf("small%02d", k)))
	}
	for k := range 4 {
		d.large = append(d.large, add(fmt.Sprintf("large%02d", k)))
	}
	return d
}

// now is the state, for the writer.
func (s *slot) now() file {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[len(s.states)-1]
}

// last says whether the path had a file before the change that is on its way.
func (s *slot) last() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[s.settles].size >= 0
}

func (s *slot) starts(f file) {
	s.mu.Lock()
	s.states = append(s.states, f)
	s.mu.Unlock()
}

func (s *slot) done() {
	s.mu.Lock()
	s.settles = len(s.states) - 1
	s.mu.Unlock()
}

// settled is where the states begin that a request may see which begins now.
func (s *slot) settled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settles
}

// possible are the states from since until now, newest first.
func (s *slot) possible(since int) []file {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := slices.Clone(s.states[since:])
	slices.Reverse(p)
	return p
}

// was checks that an answer to GET shows one of the states since then; to is the end
// of the range that was asked for, or -1.
func (s *slot) was(since int, a answer, from, to int) error {
	p := s.possible(since)
	for _, f := range p {
		if f == absent {
			if a.status == 404 {
				return nil
			}
			continue
		}
		if a.status == 404 {
			continue
		}
		want := f.size
		if to >= 0 {
			want = to - from
		}
		if (to >= 0) == (a.status == 206) && len(a.body) == want && bytes.Equal(a.body, random(f.number, from+want)[from:]) {
			return nil
		}
	}
	return fmt.Errorf("GET %s: %d with %d bytes, which is none of %v", s.path, a.status, len(a.body), p)
}

// sizeOf finds names and sizes in a listing.
var sizeOf = regexp.MustCompile(`(?s)<[\w:]*href>[^<]*/(\w+)</[\w:]*href>.*?getcontentlength>(\d+)<`)

// was checks that a listing shows, of each path, one of its states.
func (d *drawer) was(all []*slot, since []int, body []byte) error {
	found := map[string]string{}
	for _, m := range sizeOf.FindAllSubmatch(body, -1) {
		found[string(m[1])] = string(m[2])
	}
	var wrong error
	for i, s := range all {
		name := strings.TrimPrefix(s.path, d.path)
		got := cmp.Or(found[name], "-1")
		delete(found, name)
		p := s.possible(since[i])
		if !slices.ContainsFunc(p, func(f file) bool { return fmt.Sprint(f.size) == got }) {
			wrong = fmt.Errorf("PROPFIND %s: %s has %s bytes, which is none of %v", d.path, name, got, p)
		}
	}
	if len(found) > 0 {
		wrong = fmt.Errorf("PROPFIND %s: %v were never there", d.path, slices.Collect(maps.Keys(found)))
	}
	return wrong
}
