package store_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

const day = 24 * time.Hour

// pastLife is a store of a few users with random histories, of which the test knows when
// each thing became the past.
type pastLife struct {
	t     *testing.T
	r     *rand.Rand
	m     *simMachine
	users []*pastUser
	trail strings.Builder
}

type pastUser struct {
	sc    store.Scope
	old   map[store.VersionID]time.Time // when it was superseded
	trash map[store.NodeID]time.Time    // when it was removed
}

// Histories are random, and so are policies: what goes had to, what had to go went, and
// nothing else changed.
func TestPrune_random(t *testing.T) {
	first := simFlag("SIM_SEED", uint64(time.Now().UnixNano())%1e9)
	tmp := simTmp(t)
	simTemplate()
	total := store.Pruned{}
	for seed := first; seed < first+simFlag("SIM_LIVES", 14) && !t.Failed(); seed++ {
		l := newPastLife(t, seed, tmp)
		l.live()
		did := l.prune()
		total.Versions += did.Versions
		total.Trashed += did.Trashed
		for range 3 {
			l.live()
			l.prune()
		}
		l.end()
		if t.Failed() {
			t.Errorf("seed %d (SIM_SEED=%d SIM_LIVES=1 go test -run TestPrune_random ./store):\n%s", seed, seed, l.trail.String())
		}
	}
	if simFlag("SIM_LIVES", 14) == 14 && (total.Versions < 20 || total.Trashed < 10) {
		t.Errorf("only %+v: the test does not test that", total)
	}
}

func newPastLife(t *testing.T, seed uint64, tmp string) *pastLife {
	template, scopes := simTemplate()
	l := &pastLife{t: t, r: rand.New(rand.NewPCG(seed, 9)), m: &simMachine{tmp: tmp, clock: newSimClock()}}
	l.m.swap(template.Clone(seed))
	l.m.clock.advance(time.Hour)
	if err := l.m.open(simSettings[int(seed)%len(simSettings)]); err != nil {
		t.Fatal(err)
	}
	for _, sc := range scopes[:3] {
		l.users = append(l.users, &pastUser{sc: sc, old: map[store.VersionID]time.Time{}, trash: map[store.NodeID]time.Time{}})
	}
	return l
}

func (l *pastLife) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatalf("%v\n%s", err, l.trail.String())
	}
}

func (l *pastLife) note(format string, args ...any) { fmt.Fprintf(&l.trail, format+"\n", args...) }

// live makes changes, with time between them.
func (l *pastLife) live() {
	ctx := context.Background()
	for _, u := range l.users {
		l.must(l.m.s.SetQuota(ctx, u.sc.User, 0))
	}
	for range 60 + l.r.IntN(60) {
		u := l.users[l.r.IntN(len(l.users))]
		w := &simWorker{sc: u.sc, state: newSimState()}
		seen, err := simLook(l.m.s, u.sc, &simTags{sums: map[string]uint64{}})
		l.must(err)
		w.state = seen
		var op simOp
		file := w.pick(l.r, isFile)
		switch n := l.r.IntN(20); {
		case n < 6 || file == "":
			op = w.put(ctx, w.free(l.r, ""), simPool[:1+l.r.IntN(5000)], store.PutOptions{})
		case n < 11:
			op = w.put(ctx, file, simPool[:1+l.r.IntN(5000)], store.PutOptions{})
		case n < 13:
			op = w.move(ctx, l.r)
		case n < 14:
			op = w.copy(ctx, l.r)
		case n < 16:
			p := w.free(l.r, "")
			op = simOp{name: "mkdir " + string(p), run: func(s *store.Store) error {
				_, err := s.Mkdir(ctx, w.sc, p, store.Conditions{})
				return err
			}}
		case n < 18:
			op = w.remove(ctx, l.r, l.m.s)
		case n < 19:
			op = w.restore(ctx, l.r)
		default:
			op = w.mark(ctx, l.r, file)
		}
		l.must(op.run(l.m.s))
		l.note("%s (user %d) at %v", op.name, u.sc.User, l.m.clock.now())
		l.learn(u)
		if l.r.IntN(3) == 0 {
			l.m.clock.advance(time.Duration(l.r.Int64N(int64([]time.Duration{time.Minute, 5 * time.Hour, 4 * day}[l.r.IntN(3)]))))
			_, err := l.m.s.Prune(ctx, store.PruneOptions{}) // looks at the clock, as a server does
			l.must(err)
		}
	}
	for i, u := range l.users { // quotas, met or not, have no say in this
		l.must(l.m.s.SetQuota(ctx, u.sc.User, []int64{0, 1, 5_000, 1 << 40}[(i+l.r.IntN(2))%4]))
	}
}

// learn notes what has become the past.
func (l *pastLife) learn(u *pastUser) {
	now := l.m.clock.now()
	vs, err := l.m.s.OldVersionsForTest(context.Background(), u.sc.Space)
	l.must(err)
	for _, v := range vs {
		if _, known := u.old[v.ID]; !known {
			u.old[v.ID] = now
		}
	}
	ts, err := l.m.s.Trash(context.Background(), u.sc, 0, 1<<20)
	l.must(err)
	there := map[store.NodeID]time.Time{}
	for _, x := range ts {
		if at, known := u.trash[x.Node]; known {
			there[x.Node] = at
		} else {
			there[x.Node] = now
		}
	}
	u.trash = there
}

func (l *pastLife) policy() store.Retention {
	ages := []time.Duration{-1, 0, time.Hour, day, 5 * day, 30 * day}
	return store.Retention{
		Age:      ages[l.r.IntN(len(ages))],
		TrashAge: ages[l.r.IntN(len(ages))],
		Count:    []int{-1, -1, 0, 1, 2, 5}[l.r.IntN(6)],
		Bytes:    []int64{-1, -1, 0, 1, 3_000, 20_000}[l.r.IntN(6)],
		Minimum:  []time.Duration{0, time.Minute, day, day, 10 * day}[l.r.IntN(5)],
	}
}

// pastSeen is the past of a space as it is.
type pastSeen struct {
	versions map[store.VersionID]pastVersion
	trash    map[store.NodeID]int64 // number of the change
	bytes    int64
}

type pastVersion struct {
	node   store.NodeID
	below  store.NodeID // entry of the trash
	number int64
}

func (l *pastLife) look(u *pastUser) pastSeen {
	ctx := context.Background()
	s := pastSeen{map[store.VersionID]pastVersion{}, map[store.NodeID]int64{}, 0}
	vs, err := l.m.s.OldVersionsForTest(ctx, u.sc.Space)
	l.must(err)
	for _, v := range vs {
		below, err := l.m.s.AncestorForTest(ctx, v.Node)
		l.must(err)
		s.versions[v.ID] = pastVersion{v.Node, below, v.Until}
		s.bytes += v.Size
	}
	ts, err := l.m.s.Trash(ctx, u.sc, 0, 1<<20)
	l.must(err)
	for _, x := range ts {
		s.trash[x.Node] = x.Seq
		s.bytes += x.Now.Size + x.Now.Bytes
	}
	return s
}

func (l *pastLife) prune() store.Pruned {
	ctx := context.Background()
	keep := l.policy()
	l.note("prune %+v at %v", keep, l.m.clock.now())
	before := make([]pastSeen, len(l.users))
	trees := make([]*simState, len(l.users))
	var err error
	for i, u := range l.users {
		before[i] = l.look(u)
		trees[i], err = simLook(l.m.s, u.sc, &simTags{sums: map[string]uint64{}})
		l.must(err)
	}
	dry, err := l.m.s.Prune(ctx, store.PruneOptions{Retention: &keep, DryRun: true})
	l.must(err)
	for i, u := range l.users {
		if now := l.look(u); !maps.Equal(now.versions, before[i].versions) || !maps.Equal(now.trash, before[i].trash) {
			l.t.Fatal("a dry run has dropped something")
		}
	}
	did, err := l.m.s.Prune(ctx, store.PruneOptions{Retention: &keep})
	l.must(err)
	if dry.Versions != did.Versions || dry.Trashed != did.Trashed || dry.Bytes != did.Bytes {
		l.t.Errorf("a dry run told of %+v, it was %+v", dry, did)
	}
	gone := 0
	for i, u := range l.users {
		after := l.look(u)
		gone += len(before[i].versions) - len(after.versions) + len(before[i].trash) - len(after.trash)
		l.check(u, keep, before[i], after)
		tree, err := simLook(l.m.s, u.sc, &simTags{sums: map[string]uint64{}})
		l.must(err)
		for p, n := range trees[i].nodes {
			now, there := tree.nodes[p]
			if !there || !bytes.Equal(n.content, now.content) || n.folder != now.folder || !maps.Equal(n.props, now.props) || !n.mtime.Equal(now.mtime) {
				l.t.Errorf("%s of user %d is another: there %v, %d bytes, not %d", p, u.sc.User, there, len(now.content), len(n.content))
			}
		}
		if len(tree.nodes) != len(trees[i].nodes) {
			l.t.Errorf("user %d has %d nodes, not %d", u.sc.User, len(tree.nodes), len(trees[i].nodes))
		}
		if n, err := l.m.s.BytesOfHistoryForTest(ctx, u.sc.Space); err != nil || n != after.bytes {
			l.t.Errorf("the history of user %d is told to be %d bytes, it is %d (%v)", u.sc.User, n, after.bytes, err)
		}
		l.learn(u)
	}
	if gone != did.Versions+did.Trashed {
		l.t.Errorf("%d are gone, told were %+v", gone, did)
	}
	again, err := l.m.s.Prune(ctx, store.PruneOptions{Retention: &keep})
	l.must(err)
	if again.Versions+again.Trashed+again.Rows != 0 || again.Bytes != 0 {
		l.t.Errorf("pruned again: %+v", again)
	}
	orphans, err := l.m.s.OrphansForTest(ctx)
	l.must(err)
	for _, o := range orphans {
		l.t.Errorf("orphan: %s", o)
	}
	return did
}

// check compares what went and what stayed with the policy.
func (l *pastLife) check(u *pastUser, keep store.Retention, before, after pastSeen) {
	now := l.m.clock.now()
	due := func(at time.Time, limit time.Duration) bool {
		return limit >= 0 && now.Sub(at) >= max(limit, keep.Minimum)
	}
	young := func(at time.Time) bool { return keep.Minimum > 0 && now.Sub(at) < keep.Minimum-time.Second }
	counts := map[store.NodeID][]store.VersionID{} // what each node keeps
	for id, v := range after.versions {
		if _, was := before.versions[id]; !was {
			l.t.Errorf("version %v came out of nowhere", id)
		}
		if due(u.old[id], keep.Age) {
			l.t.Errorf("version %v stays, superseded at %v", id, u.old[id])
		}
		counts[v.node] = append(counts[v.node], id)
	}
	for id := range after.trash {
		if due(u.trash[id], keep.TrashAge) {
			l.t.Errorf("node %v stays in the trash, removed at %v", id, u.trash[id])
		}
	}
	for node, ids := range counts {
		slices.SortFunc(ids, func(a, b store.VersionID) int { return int(after.versions[a].number - after.versions[b].number) })
		for i := range len(ids) - max(keep.Count, 0) {
			if keep.Count >= 0 && !young(u.old[ids[i]].Add(2*time.Second)) {
				l.t.Errorf("node %v has %d versions, the oldest of %v", node, len(ids), u.old[ids[i]])
				break
			}
		}
	}
	var lastGone, firstLeft int64 // of those that only the bytes can have driven out
	for id, v := range before.versions {
		if _, stays := after.versions[id]; stays {
			continue
		}
		if _, treeStays := after.trash[v.below]; v.below != 0 && !treeStays {
			continue // it went with its file
		}
		if young(u.old[id]) {
			l.t.Errorf("version %v went, superseded at %v: younger than the minimum", id, u.old[id])
		}
		if !due(u.old[id], keep.Age) && keep.Count < 0 {
			lastGone = max(lastGone, v.number)
		}
	}
	for id, number := range before.trash {
		if _, stays := after.trash[id]; stays {
			continue
		}
		if young(u.trash[id]) {
			l.t.Errorf("node %v went, removed at %v: younger than the minimum", id, u.trash[id])
		}
		if !due(u.trash[id], keep.TrashAge) {
			lastGone = max(lastGone, number)
		}
	}
	if keep.Bytes < 0 && lastGone > 0 {
		l.t.Errorf("the change %d has lost its past for no reason", lastGone)
	}
	firstLeft = 1 << 62
	for _, v := range after.versions {
		firstLeft = min(firstLeft, v.number)
	}
	for _, number := range after.trash {
		firstLeft = min(firstLeft, number)
	}
	if lastGone > firstLeft {
		l.t.Errorf("the past of change %d went for its bytes, that of %d is older and stays", lastGone, firstLeft)
	}
	if keep.Bytes < 0 || after.bytes <= keep.Bytes {
		return
	}
	for id := range after.versions {
		if !young(u.old[id].Add(2 * time.Second)) {
			l.t.Errorf("%d bytes of history stay, and a version that was superseded at %v", after.bytes, u.old[id])
		}
	}
	for id := range after.trash {
		if !young(u.trash[id].Add(2 * time.Second)) {
			l.t.Errorf("%d bytes of history stay, and what was removed at %v", after.bytes, u.trash[id])
		}
	}
}

// end looks at the whole store, and makes the database again.
func (l *pastLife) end() {
	ctx := context.Background()
	if l.t.Failed() {
		return
	}
	before, err := l.m.s.DumpForTest(ctx)
	l.must(err)
	l.must(l.m.close())
	found, err := verifyDisk(l.m.disk, "/srv/data", true)
	l.must(err)
	for _, f := range found {
		l.t.Errorf("verify: %v", f)
	}
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
		l.m.disk.Remove("/srv/data/" + name)
	}
	l.must(l.m.open(simSettings[0]))
	after, err := l.m.s.DumpForTest(ctx)
	l.must(err)
	if !slices.Equal(before, after) {
		l.t.Errorf("made again from the packs the database has %d rows, not %d, or others", len(after), len(before))
	}
	l.must(l.m.close())
}
