package store_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// pastTree is a store with a random history, of which the test keeps whole copies.
type pastTree struct {
	*rig
	rand  *rand.Rand
	kept  []keptTree
	trail strings.Builder
	n     int
}

type keptTree struct {
	sn   store.Snapshot
	tree map[store.Path]seen
}

func (l *pastTree) say(format string, args ...any) { fmt.Fprintf(&l.trail, format+"\n", args...) }

// some is a random path, most often of something that is there.
func (l *pastTree) some(there bool) store.Path {
	if l.rand.IntN(8) > 0 == there {
		if all := slices.Sorted(maps.Keys(l.now())); len(all) > 0 {
			return all[l.rand.IntN(len(all))]
		}
	}
	var p store.Path
	for range 1 + l.rand.IntN(3) {
		p = p.Join(string(rune('a' + l.rand.IntN(4))))
	}
	return p
}

// step does something; what the store refuses is no matter.
func (l *pastTree) step() {
	ctx := l.t.Context()
	what, p, q := l.rand.IntN(24), l.some(true), l.some(false)
	var err error
	switch {
	case what < 6:
		l.n++
		text := fmt.Sprint("content ", l.n%40)
		_, err = l.s.Put(ctx, l.sc, q, strings.NewReader(text), store.PutOptions{Size: int64(len(text)), Parents: l.rand.IntN(2) == 0})
		l.say("put %s %q: %v", q, text, err)
	case what < 8:
		_, err = l.s.Put(ctx, l.sc, p, strings.NewReader("over"), store.PutOptions{Size: 4})
		l.say("put %s over: %v", p, err)
	case what < 10:
		_, err = l.s.Mkdir(ctx, l.sc, q, store.Conditions{})
		l.say("mkdir %s: %v", q, err)
	case what < 14:
		if l.rand.IntN(2) == 0 {
			q = l.some(true)
		}
		_, err = l.s.Move(ctx, l.sc, p, q, store.MoveOptions{Overwrite: l.rand.IntN(2) == 0})
		l.say("move %s to %s: %v", p, q, err)
	case what < 16:
		_, err = l.s.Copy(ctx, l.sc, p, q, store.MoveOptions{Overwrite: l.rand.IntN(2) == 0})
		l.say("copy %s to %s: %v", p, q, err)
	case what < 19:
		err = l.s.Remove(ctx, l.sc, p, store.Conditions{})
		l.say("remove %s: %v", p, err)
	case what < 20:
		_, err = l.s.Touch(ctx, l.sc, p, time.Unix(int64(l.rand.IntN(5)), 0), store.Conditions{})
		l.say("touch %s: %v", p, err)
	case what < 22:
		ts, err := l.s.Trash(ctx, l.sc, 0, 10)
		l.must(err)
		if len(ts) == 0 {
			return
		}
		x := ts[l.rand.IntN(len(ts))]
		if l.rand.IntN(3) > 0 {
			_, err = l.s.Restore(ctx, l.sc, x.Node, "", store.Conditions{})
			l.say("restore %v %s: %v", x.Node, x.Name, err)
		} else {
			err = l.s.Purge(ctx, l.sc, x.Node)
			l.say("purge %v %s: %v", x.Node, x.Name, err)
		}
	case what < 23:
		if n, vs, err := l.s.Versions(ctx, l.sc, p, 0, 10); err == nil && len(vs) > 0 {
			v := vs[l.rand.IntN(len(vs))]
			if l.rand.IntN(2) == 0 {
				_, err = l.s.RestoreVersion(ctx, l.sc, p, v.ID, store.Conditions{})
			} else if err = l.s.DropVersion(ctx, l.sc, p, v.ID, store.Conditions{}); errors.Is(err, store.ErrSnapshot) {
				err = nil
			}
			l.say("version of %s %v: %v", p, n.ID, err)
		}
	default:
		if l.rand.IntN(3) == 0 {
			l.reaped()
			l.prune(store.PruneOptions{Retention: keepNothing(), TrustClock: true})
			l.say("prune")
		}
	}
}

func (l *pastTree) keep() keptTree {
	l.n++
	k := keptTree{l.snapshot(fmt.Sprint("s", l.n)), l.now()}
	l.say("snapshot %s at %d", k.sn.Name, k.sn.Seq)
	return k
}

func (l *pastTree) drop(k keptTree) {
	l.must(l.s.DropSnapshot(l.t.Context(), l.sc, k.sn.ID))
	l.say("drop snapshot %s", k.sn.Name)
}

// whole checks that all snapshots show what was there.
func (l *pastTree) whole(when string) {
	l.t.Helper()
	for _, k := range l.kept {
		l.wantTree(fmt.Sprint(when, ": snapshot ", k.sn.Name), l.then(k.sn.ID), k.tree)
	}
}

// wantNow checks what is there, ids apart.
func (l *pastTree) wantNow(what string, want map[store.Path]seen) {
	l.t.Helper()
	for _, d := range differ(l.now(), want, false) {
		l.t.Errorf("%s: %s", what, d)
	}
}

// Random histories: a snapshot shows what was there whatever happens; a revert brings it back,
// and so does an undo of all that came after.
func TestUndo_random(t *testing.T) {
	first := simFlag("SIM_SEED", uint64(time.Now().UnixNano())%1e9)
	lives, undone, whole := simFlag("SIM_LIVES", 12), 0, 0
	for seed := first; seed < first+lives && !t.Failed(); seed++ {
		l := &pastTree{rig: newRig(t), rand: rand.New(rand.NewPCG(seed, 3))}
		for round := range 6 {
			for range 25 {
				l.step()
			}
			before := l.keep()
			if l.rand.IntN(2) == 0 {
				l.kept = append(l.kept, before)
			} else {
				l.drop(before)
			}
			for range 1 + l.rand.IntN(20) {
				l.step()
			}
			switch {
			case l.rand.IntN(2) == 0:
				did, err := l.s.Undo(t.Context(), l.sc, before.sn.Seq, 0, store.Conditions{})
				if errors.Is(err, store.ErrHistory) {
					break
				}
				l.must(err)
				undone++
				l.say("undo from %d: %+v", before.sn.Seq, did)
				if did.LeftOut == 0 {
					whole++
					l.wantNow("undone", before.tree)
				}
			case len(l.kept) > 0:
				k := l.kept[l.rand.IntN(len(l.kept))]
				p := store.Path("")
				if all := slices.Sorted(maps.Keys(k.tree)); l.rand.IntN(3) == 0 && len(all) > 0 {
					p = all[l.rand.IntN(len(all))]
				}
				did, err := l.s.Revert(t.Context(), l.sc, k.sn.ID, p, store.Conditions{})
				l.say("revert %q to %s: %+v %v", p, k.sn.Name, did, err)
				if p == "" {
					l.must(err)
					l.wantNow("reverted", k.tree)
				} else if err == nil {
					l.wantBelow(p, k.tree, did.LeftOut > 0)
				} else if !errors.Is(err, store.ErrNoParent) && !errors.Is(err, store.ErrNotFolder) {
					t.Error(err)
				}
			}
			l.whole(fmt.Sprint("round ", round))
			if len(l.kept) > 3 {
				l.drop(l.kept[0])
				l.kept = l.kept[1:]
			}
			if t.Failed() {
				break
			}
		}
		l.reaped()
		l.prune(store.PruneOptions{Retention: keepNothing(), TrustClock: true})
		l.gc(store.GCOptions{Full: true})
		l.whole("at the end")
		l.clean()
		l.must(l.s.Close())
		if !t.Failed() {
			_, err := l.rebuild()
			l.must(err)
			l.open()
			l.whole("rebuilt")
			l.must(l.s.Close())
		}
		if t.Failed() {
			t.Errorf("SIM_SEED=%d SIM_LIVES=1 go test -run TestUndo_random ./store:\n%s", seed, l.trail.String())
		}
	}
	if lives == 12 && !t.Failed() && whole < 5 {
		t.Errorf("%d undone, %d of them whole: the test does not test that", undone, whole)
	}
}

// wantBelow checks a part of the tree; more may be there, what stays because it was elsewhere.
func (l *pastTree) wantBelow(p store.Path, want map[store.Path]seen, more bool) {
	l.t.Helper()
	got, then := map[store.Path]seen{}, map[store.Path]seen{}
	for q, s := range l.now() {
		if p.Contains(q) {
			got[q] = s
		}
	}
	for q, s := range want {
		if p.Contains(q) {
			then[q] = s
		}
	}
	for _, d := range differ(got, then, false) {
		if !more || !strings.Contains(d, "is there") {
			l.t.Errorf("reverted below %s: %s", p, d)
		}
	}
}
