package mount

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"cairn/store"
)

// manyFiles is a Store with one folder of so many files.
type manyFiles struct {
	Store
	n     int
	lists atomic.Int64
}

func (m *manyFiles) List(_ context.Context, sc store.Scope, _ store.Path, after string, limit int) (out []store.Node, err error) {
	m.lists.Add(1)
	from := 0
	if after != "" {
		fmt.Sscanf(after, "%d", &from)
		from++
	}
	for i := from; i < m.n && len(out) < limit; i++ {
		out = append(out, store.Node{ID: store.NodeID(1000 + i), Space: sc.Space, Name: fmt.Sprintf("%06d", i), Kind: store.File, Size: int64(i)})
	}
	return out, nil
}

// TestListing lists a large folder with one page in memory, and goes back and forth in it.
func TestListing(t *testing.T) {
	for _, n := range []int{0, 1, pageEntries - 1, pageEntries, pageEntries + 1, 100_000} {
		m := &manyFiles{n: n}
		tr := &tree{st: m, since: time.Now()}
		l := newListing(&inode{ident: ident{kind: folder, space: 1, node: 7}})
		at := func(place int) {
			t.Helper()
			e, err := l.at(t.Context(), tr, place)
			if err != nil {
				t.Fatal(err)
			}
			if (e != nil) != (place < n) || e != nil && e.name != fmt.Sprintf("%06d", place) {
				t.Fatalf("of %d, the entry at %d is %+v", n, place, e)
			}
			if len(l.page) > pageEntries {
				t.Fatalf("%d entries are in memory", len(l.page))
			}
		}
		for place := range n + 1 {
			at(place)
		}
		if asked, most := m.lists.Load(), int64(n/pageEntries+1); asked > most {
			t.Errorf("%d entries took %d pages, want %d", n, asked, most)
		}
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		for range 100 {
			at(r.IntN(n + 2))
		}
		l.rewind()
		at(n) // without the pages before it
		at(0)
	}
}

func TestTable(t *testing.T) {
	tb := newTable(ident{}, time.Now())
	e := entry{ident: ident{kind: file, node: 5, version: store.VersionID{1}}, size: 3}
	n := tb.note(&e)
	if again := tb.note(&e); again != n {
		t.Error("one version has two inodes")
	}
	e.version[0] = 2
	if other := tb.note(&e); other == n || other.number() != n.number() {
		t.Error("an overwritten file is the same inode, or has another number")
	}
	tb.forget(n.id, 1)
	if _, _, ok := tb.get(n.id); !ok {
		t.Error("it is forgotten too early")
	}
	tb.forget(n.id, 1)
	tb.forget(rootID, 100)
	if _, _, ok := tb.get(n.id); ok || tb.len() != 2 {
		t.Errorf("%d inodes are left", tb.len())
	}
}

// Numbers of inodes do not meet.
func TestNumber(t *testing.T) {
	seen := map[uint64]ident{}
	for _, k := range []kind{top, account, folder, history, versions, version, trash, removal, snapshots, pastFolder, pastFile} {
		for node := range store.NodeID(3) {
			i := ident{kind: k, space: 1, node: 100 + node}
			if k == top {
				i = ident{}
			}
			if old, taken := seen[i.number()]; taken && old != i {
				t.Errorf("%+v and %+v have one number", old, i)
			}
			seen[i.number()] = i
			i.snapshot = 7
			if old, taken := seen[i.number()]; taken && old != i && k > removal {
				t.Errorf("%+v and %+v have one number", old, i)
			}
		}
	}
}
